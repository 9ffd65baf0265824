#include "reference_trainer/study/study_report.h"

#include "reference_trainer/study/claims.h"
#include "reference_trainer/study/study_figures.h"

namespace trainer {
namespace {

Claim claim_of(const CheckedClaim& c) {
  Claim claim;
  claim.text = std::string(c.text) + ", " + c.model + " " + c.setting;
  claim.verdict = c.verdict;
  claim.difference = c.loss;
  claim.measure = {"difference of test loss", "nats per token", 4, Better::kLarger};
  claim.reason = std::to_string(c.held) + " of " + std::to_string(c.loss.n) + " seeds";
  return claim;
}

}  // namespace

Report study_report(const StudyFindings& findings) {
  Report report;
  report.run = findings.run;
  for (const CheckedClaim& c : check_claims(paper_claims(), findings.results))
    report.claims.push_back(claim_of(c));
  report.tables = study_tables(findings.results);
  add_curves(findings.directory, findings.results, report);
  add_sweeps(findings.results, report);
  for (const StartViews& views : findings.views) add_views(views, report);
  add_rotations(findings.results, report);
  return report;
}

}  // namespace trainer
