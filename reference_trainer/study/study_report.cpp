#include "reference_trainer/study/study_report.h"

#include <algorithm>
#include <iterator>

#include "reference_trainer/study/method_settings.h"
#include "reference_trainer/study/study_figures.h"

namespace trainer {
namespace {

std::string seeds_text(std::size_t n) { return std::to_string(n) + (n == 1 ? " seed" : " seeds"); }

Claim claim_of(const CheckedClaim& c) {
  Claim claim;
  claim.text = std::string(c.text) + ", " + c.model + " " + c.setting;
  claim.verdict = c.verdict;
  if (c.loss.n > 0) claim.difference = c.loss;
  claim.measure = {"difference of test loss", "nats per token", 4, Better::kLarger};
  claim.reason = claim_reason(c);
  claim.sources = c.sources;
  return claim;
}

}  // namespace

std::string claim_reason(const CheckedClaim& c) {
  if (c.loss.n == 0)
    return "SFT has not converged in any of " + seeds_text(c.left_out) + ": not interpreted";
  std::string text =
      "held in " + std::to_string(c.held) + " of " + seeds_text(static_cast<std::size_t>(c.loss.n));
  if (c.loss.n == 1) text += "; one seed says nothing of noise";
  if (c.left_out > 0)
    text += "; " + seeds_text(c.left_out) + " left out, where SFT has not converged";
  return text;
}

Report study_report(const StudyFindings& findings) {
  Report report;
  report.run = findings.run;
  const bool guarded = findings.guard == ConvergenceGuard::kBuiltinTask;
  const std::vector<CellResult> stuck =
      guarded ? unconverged(findings.results) : std::vector<CellResult>();
  for (const CheckedClaim& c : check_claims(paper_claims(), findings.results, stuck))
    report.claims.push_back(claim_of(c));
  report.tables = study_tables(findings.results);
  report.methods = method_settings(findings.results);
  std::vector<CellResult> finished;
  std::ranges::copy_if(findings.results, std::back_inserter(finished),
                       [](const CellResult& r) { return r.failure.empty(); });
  add_curves(findings.directory, finished, report);
  add_sweeps(finished, report);
  for (const StartViews& views : findings.views) add_views(views, report);
  add_rotations(finished, report);
  return report;
}

}  // namespace trainer
