// `export`: a model into the formats that other programs read.
#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/commands.h"
#include "reference_trainer/commands/session.h"
#include "reference_trainer/formats/export_compressed_tensors.h"
#include "reference_trainer/formats/export_gguf.h"
#include "reference_trainer/formats/export_hf.h"
#include "reference_trainer/io/staged_directory.h"

namespace trainer {
namespace {

void contradict(const char* flag, const char* format) {
  throw_usage({"CL-04", "--" + std::string(flag),
               "a flag that --format " + std::string(format) + " does not have", "its default",
               "export --help says which format it is for"});
}

// A flag of another format would silently do nothing.
void check_flags(const ExportOptions& o) {
  const ExportOptions none;
  const bool hf = o.format == ExportFormat::kHf, gguf = o.format == ExportFormat::kGguf;
  const bool codes = !hf && (!gguf || o.gguf_type == GgufType::kQ4_1);
  const char* format = hf ? "hf" : gguf ? "gguf" : "compressed-tensors";
  if (!hf && o.save_dtype != none.save_dtype) contradict("save_dtype", format);
  if (!gguf && o.gguf_type != none.gguf_type) contradict("gguf_type", format);
  if ((hf || gguf) && o.activations != none.activations) contradict("export_activations", format);
  if (codes && o.weights != none.weights) contradict("export_weights", format);
}

Notes export_network(Cpu& cpu, const ExportJob& job, Network<Cpu>& network) {
  if (job.options.format == ExportFormat::kHf) return export_hf(cpu, job, network);
  if (job.options.format == ExportFormat::kGguf) return export_gguf(cpu, job, network);
  return export_compressed_tensors(cpu, job, network);
}

}  // namespace

template <>
void export_command(Cpu& cpu, const CommandLine& line) {
  check_flags(line.export_to);
  check_output_directory(line.output_dir, line.model.model_name_or_path);
  Session<Cpu> session = load_session(cpu, line);
  const ExportJob job{session.directory, line.output_dir, line.export_to};
  const Notes notes = export_network(cpu, job, session.network);
  for (const std::string& note : notes) say(line, "note: " + note);
  const std::string format(name_of(line.export_to.format));
  print_result(line.format == ResultFormat::kJson
                   ? nlohmann::json{{"format", format}, {"notes", notes}}.dump()
                   : "exported as " + format + ": " + line.output_dir.string());
}

}  // namespace trainer
