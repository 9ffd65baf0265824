#include "reference_trainer/study/study_report.h"

#include "reference_trainer/study/claims.h"
#include "reference_trainer/study/study_figures.h"

namespace trainer {
namespace {

// Nothing is said of a model whose full-precision fine-tuning has not converged in some seed.
Claim claim_of(const CheckedClaim& c, const std::vector<CellResult>& unconverged) {
  Claim claim;
  claim.text = std::string(c.text) + ", " + c.model + " " + c.setting;
  claim.verdict = c.verdict;
  claim.difference = c.loss;
  claim.measure = {"difference of test loss", "nats per token", 4, Better::kLarger};
  claim.reason = std::to_string(c.held) + " of " + std::to_string(c.loss.n) + " seeds";
  if (c.loss.n == 1) claim.reason += "; one seed says nothing of noise";
  for (const CellResult& r : unconverged) {
    if (r.cell.model != c.model) continue;
    claim.verdict = Verdict::kNotTested;
    claim.reason = "SFT has not converged with seed " + std::to_string(r.cell.seed);
  }
  return claim;
}

}  // namespace

Report study_report(const StudyFindings& findings) {
  Report report;
  report.run = findings.run;
  const bool guarded = findings.guard == ConvergenceGuard::kBuiltinTask;
  const std::vector<CellResult> stuck =
      guarded ? unconverged(findings.results) : std::vector<CellResult>();
  for (const CheckedClaim& c : check_claims(paper_claims(), findings.results))
    report.claims.push_back(claim_of(c, stuck));
  report.tables = study_tables(findings.results);
  add_curves(findings.directory, findings.results, report);
  add_sweeps(findings.results, report);
  for (const StartViews& views : findings.views) add_views(views, report);
  add_rotations(findings.results, report);
  return report;
}

}  // namespace trainer
