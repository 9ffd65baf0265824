// The style sheet of the report's page. Figures have their own, figure_style().
#pragma once

#include <string_view>

namespace trainer {

// Colours of texts have a contrast of at least 4.5 : 1 with what they stand on (WCAG 2.1, 1.4.3).
inline constexpr std::string_view kPageStyle = R"css(
:root{color-scheme:light dark;--page:#ffffff;--ink:#1d2329;--soft:#59636e;--rule:#dde2e7;--panel:#f4f6f8;
--link:#0a5c9e;--good:#00694a;--bad:#a83c00;--open:#59636e}
@media screen and (prefers-color-scheme:dark){:root{--page:#14181c;--ink:#e4e8ec;--soft:#9aa5b1;--rule:#313940;
--panel:#1b2127;--link:#6cb8ee;--good:#3fc79a;--bad:#f08a4b;--open:#9aa5b1}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:76rem;padding:1.5rem 1.25rem 4rem;background:var(--page);color:var(--ink);
font:1rem/1.5 system-ui,"Segoe UI",Roboto,Helvetica,Arial,sans-serif}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .25rem}
h2{font-size:1.25rem;margin:2.5rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--rule)}
h3{font-size:1.02rem;margin:1.5rem 0 .4rem}
p{margin:.4rem 0;max-width:46rem}
a{color:var(--link)}
code{font:.86em ui-monospace,"SF Mono",Menlo,Consolas,monospace;overflow-wrap:anywhere}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:1rem 0 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.75rem 0}
dt{color:var(--soft)}dd{margin:0;min-width:0}
.scroll{overflow-x:auto;max-width:100%}
.scroll:focus-visible{outline:2px solid var(--link)}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.3rem .55rem;text-align:right;vertical-align:top;border-bottom:1px solid var(--rule);white-space:nowrap}
thead th{vertical-align:bottom;border-bottom:2px solid var(--soft)}
th[scope=row],th[scope=rowgroup],.text{text-align:left}
th[scope=row]{position:sticky;left:0;background:var(--page);font-weight:400;z-index:1}
th[scope=rowgroup]{background:var(--panel);font-weight:600}
th small,td small{display:block;color:var(--soft);font-size:.82em;font-weight:400}
td.wrap{white-space:normal;min-width:14rem}
.best{font-weight:700}
.note,figcaption{font-size:.84rem;color:var(--soft)}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.source{white-space:normal;min-width:9rem;overflow-wrap:anywhere;font-family:ui-monospace,"SF Mono",Menlo,Consolas,monospace;font-size:.78rem}
.verdict{font-weight:600}
.holds{color:var(--good)}.fails{color:var(--bad)}.open{color:var(--open)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,30rem),1fr));gap:1.5rem 2.5rem;margin-top:1rem}
figure{margin:0;min-width:0}
figure svg{display:block;width:100%;height:auto;min-width:25rem;max-width:40rem}
figcaption p{margin:.3rem 0}
figcaption ul{margin:.3rem 0;padding-left:1.1rem}
@media (max-width:40rem){body{padding:1rem .8rem 3rem}dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}}
@media print{body{max-width:none;padding:0;font-size:10pt}nav{display:none}a{color:inherit;text-decoration:none}
h2,h3{break-after:avoid}figure,tr{break-inside:avoid}thead{display:table-header-group}.scroll{overflow:visible}
th[scope=row]{position:static}figure svg{min-width:0}.figures{grid-template-columns:1fr 1fr}}
)css";

}  // namespace trainer
