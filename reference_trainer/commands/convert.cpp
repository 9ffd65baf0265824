// `convert`: a model in another form that computes the same, which is proved on what was written.
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/probe.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/io/staged_directory.h"
#include "reference_trainer/roste/split_qkv.h"

namespace trainer {
namespace {

template <Backend B>
void change_form(B& backend, ConvertForm form, Session<B>& session) {
  if (form == ConvertForm::kFolded) return fold_norms(backend, session.network);
  split_qkv((session.directory / "config.json").string(), session.network);
}

// Logits of the model in `directory` without its quantizers, read as any command reads it.
template <Backend B>
std::vector<float> stored_logits(B& backend, const CommandLine& line,
                                 const std::filesystem::path& directory) {
  CommandLine reader = line;
  reader.model.model_name_or_path = directory;
  Session<B> session = load_session(backend, reader);
  forget_plan(backend, session);
  return probe_logits(backend, session.network);
}

// Saves the model, unless the files that would appear give other logits than `before`; returns the
// difference.
template <Backend B>
double save_checked(B& backend, const CommandLine& line, const std::vector<float>& before,
                    Session<B>& session) {
  double difference = 0;
  const auto check = [&](const std::filesystem::path& staged) {
    difference = largest_relative_difference(before, stored_logits(backend, line, staged));
    check_unchanged(difference, line.model.model_name_or_path);
  };
  save_network(backend, session.network,
               {session.shape(), to_json(session.network.plan), session.directory, check},
               line.output_dir);
  return difference;
}

}  // namespace

template <Backend B>
void convert_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  Session<B> session = load_session(backend, line);
  // Kept, but out of the way of the comparison.
  const QuantConfig quant = session.network.plan.quant;
  const RotationChoice choice = session.network.plan.choice;
  forget_plan(backend, session);
  const std::vector<float> before = probe_logits(backend, session.network);
  change_form(backend, line.convert_form, session);
  apply_plan(backend, quant, choice, session.network);
  const double difference = save_checked(backend, line, before, session);
  const std::string& architecture = session.shape().architecture;
  const nlohmann::json result{{"form", name_of(line.convert_form)},
                              {"architecture", architecture},
                              {"max_relative_logit_difference", difference}};
  print_result(line.format == ResultFormat::kJson
                   ? result.dump()
                   : std::string(name_of(line.convert_form)) + " as " + architecture +
                         "; largest change of a logit: " + difference_text(difference) +
                         " of the largest logit");
}

template void convert_command(Cpu&, const CommandLine&);

}  // namespace trainer
