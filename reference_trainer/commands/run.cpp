// `run`: Base, SFT, RTN, rotated RTN, STE and RoSTE, and the table that compares them.
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/pipeline.h"
#include "reference_trainer/report/number_text.h"
#include "reference_trainer/report/table.h"

namespace trainer {

nlohmann::ordered_json to_json(const MethodResult& r, const TrainSettings& training) {
  nlohmann::ordered_json json{{"method", r.method}, {"setting", bits_name(r.quant)}};
  json.update(to_json(r.evaluation));
  json["rotations"] = r.choice.layers.at(0).text();
  json["seconds"] = r.seconds;
  json["settings"] = {{"quantization", to_json(r.quant)}, {"rotation", to_json(r.choice)}};
  const bool trained = r.method != "Base";
  if (trained) json["settings"]["training"] = to_json(training);
  return json;
}

std::string results_table(const std::vector<MethodResult>& results) {
  Table table{{"method", "setting", "R1-R4", "loss", "perplexity", "ROUGE-1", "ROUGE-2", "ROUGE-L",
               "ROUGE-Lsum", "average", "seconds"},
              {}};
  for (const MethodResult& r : results) {
    const Evaluation& e = r.evaluation;
    table.rows.push_back({r.method, bits_name(r.quant), r.choice.layers.at(0).text(),
                          fixed_text(e.loss, 4), fixed_text(e.perplexity(), 3),
                          fixed_text(100 * e.rouge.rouge1, 2), fixed_text(100 * e.rouge.rouge2, 2),
                          fixed_text(100 * e.rouge.rouge_l, 2),
                          fixed_text(100 * e.rouge.rouge_lsum, 2),
                          fixed_text(100 * e.rouge.average(), 2), fixed_text(r.seconds, 1)});
  }
  return text_table(table);
}

template <Backend B>
void run_command(B& backend, const CommandLine& line) {
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  Session<B> session = load_session(backend, line);
  DataSplits data = load_splits(line, session.tokenizer, session.shape());
  fold_for_quantization(backend, session);
  say_rotation_notes(
      line, session.shape(),
      RotationChoice::shared(RotationMask(15), session.shape(), line.rotation.rotation_seed));
  std::filesystem::create_directories(line.output_dir);

  Pipeline<B> pipeline(backend, line, session, std::move(data));
  pipeline.base();
  pipeline.sft();
  for (std::size_t i = 0; i < line.settings.size(); ++i) {
    const QuantConfig& quant = line.settings[i];
    pipeline.rtn(quant, RotationMask(0));
    pipeline.rtn(quant, RotationMask(15));
    pipeline.ste(quant);
    pipeline.roste(quant, i == 0 ? "roste" : "roste-" + bits_name(quant));
  }
  const std::string table = results_table(pipeline.results());
  write_file_atomically(line.output_dir / "results.txt", table);
  print_result(line.format == ResultFormat::kJson ? read_file(line.output_dir / "results.json")
                                                  : table);
}

template void run_command(Cpu&, const CommandLine&);

}  // namespace trainer
