#include "reference_trainer/data/builtin_task.h"

#include <unordered_set>
#include <utility>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/builtin_task_post.h"
#include "reference_trainer/data/builtin_task_random.h"
#include "reference_trainer/data/builtin_task_split.h"

namespace trainer {
namespace {

using builtin::Split;

void check_size(const char* name, std::int64_t size) {
  if (size >= 0) return;
  throw_usage({"CL-03", std::string("built-in task: ") + name, std::to_string(size),
               "a number of documents >= 0", ""});
}

std::vector<Post> draw_split(Split split, std::uint64_t seed, std::int64_t count) {
  std::vector<Post> posts;
  std::unordered_set<std::string> seen;
  for (std::uint64_t item = 0; std::ssize(posts) < count; ++item) {
    builtin::Draws draws(seed, static_cast<std::uint64_t>(split), item);
    Post post = builtin::draw_post(draws);
    if (builtin::home_of(post.prompt) == split && seen.insert(post.prompt).second) {
      posts.push_back(std::move(post));
    }
  }
  return posts;
}

}  // namespace

BuiltinTask make_builtin_task(std::uint64_t seed, const BuiltinTaskSizes& sizes) {
  check_size("train", sizes.train);
  check_size("calibration", sizes.calibration);
  check_size("validation", sizes.validation);
  check_size("test", sizes.test);
  return {draw_split(Split::kTrain, seed, sizes.train),
          draw_split(Split::kCalibration, seed, sizes.calibration),
          draw_split(Split::kValidation, seed, sizes.validation),
          draw_split(Split::kTest, seed, sizes.test)};
}

std::vector<std::string> pretraining_documents(std::uint64_t seed, std::int64_t count) {
  check_size("pretraining", count);
  std::vector<std::string> documents;
  for (std::uint64_t item = 0; std::ssize(documents) < count; ++item) {
    builtin::Draws draws(seed, static_cast<std::uint64_t>(Split::kPretraining), item);
    const Post post = builtin::draw_pretraining_post(draws);
    if (builtin::home_of(post.prompt) == Split::kTrain)
      documents.push_back(builtin::document_of(post));
  }
  return documents;
}

}  // namespace trainer
