// A tiny folded start of a study, and settings under which a cell takes milliseconds.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "reference_trainer/data/builtin_task.h"
#include "reference_trainer/roste/fold_norms.h"
#include "reference_trainer/study/start_model.h"
#include "reference_trainer/study/study_settings.h"
#include "tests/eval/generation_models.h"

namespace trainer::test {

// A directory of the running test, removed with the object.
class StudyDirectory {
 public:
  explicit StudyDirectory(const std::string& suffix = "")
      : path_(std::filesystem::path(testing::TempDir()) /
              (std::string("roste-study-") +
               testing::UnitTest::GetInstance()->current_test_info()->test_suite_name() + "-" +
               testing::UnitTest::GetInstance()->current_test_info()->name() + suffix)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~StudyDirectory() { std::filesystem::remove_all(path_); }
  StudyDirectory(const StudyDirectory&) = delete;
  StudyDirectory& operator=(const StudyDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

  // Writes <directory>/<name>, and the directories above it.
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
  }

 private:
  std::filesystem::path path_;
};

// The tiny network with the built-in task's words, folded; its tokenizer lies in `directory`.
inline StartModel tiny_start(Cpu& cpu, const std::filesystem::path& directory, ModelShape shape) {
  shape.vocab_size = static_cast<std::int64_t>(builtin_vocabulary().size());
  Network<Cpu> network = talkative_network(cpu, shape);
  fold_norms(cpu, network);
  std::filesystem::create_directories(directory);
  std::ofstream(directory / "tokenizer.json") << builtin_tokenizer_json();
  StudyData data{tiny_samples(shape, 6, 31), tiny_samples(shape, 3, 131),
                 tiny_samples(shape, 3, 231), tiny_samples(shape, 3, 331)};
  StartModel start{network.plan,
                   get_parameters(cpu, network.parameters),
                   Tokenizer::load(directory, shape.vocab_size),
                   directory,
                   std::move(data),
                   {}};
  start.hash = hash_of(start);
  return start;
}

// Three steps of two samples, and as little as possible of everything else.
inline StudySettings tiny_settings() {
  StudySettings s;
  s.training.learning_rate = 3e-3;
  s.training.micro_batch = 2;
  s.training.max_steps = 3;
  s.training.seed = 5;
  s.spinquant.steps = 2;
  s.spinquant.batch = 2;
  s.llm_qat.sequences = 4;
  s.llm_qat.max_length = 8;
  s.adapters.lora.rank = 2;
  s.max_new_tokens = 3;
  s.batch_size = 2;
  s.objective_points = 3;
  return s;
}

}  // namespace trainer::test
