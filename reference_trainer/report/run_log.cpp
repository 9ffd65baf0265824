#include "reference_trainer/report/run_log.h"

namespace trainer {

RunLog::RunLog(const std::filesystem::path& output_dir) : file_(output_dir / "log.jsonl") {
  if (file_.ends_inside_line()) file_.append("\n");
}

void RunLog::write(const nlohmann::ordered_json& record) {
  file_.append(record.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
               "\n");
}

}  // namespace trainer
