#include "reference_trainer/study/start_model.h"

#include <span>

#include "reference_trainer/io/manifest.h"
#include "reference_trainer/model/settings_json.h"

namespace trainer {
namespace {

template <class T>
std::string hash_of_values(const std::vector<T>& values) {
  return hash_bytes(std::as_bytes(std::span(values)));
}

std::string hash_of_samples(const std::vector<SftSample>& samples) {
  std::vector<TokenId> all;
  for (const SftSample& s : samples) {
    all.push_back(static_cast<TokenId>(s.tokens.size()));
    all.push_back(static_cast<TokenId>(s.prompt_length));
    all.insert(all.end(), s.tokens.begin(), s.tokens.end());
    all.insert(all.end(), s.target.begin(), s.target.end());
  }
  return hash_of_values(all);
}

}  // namespace

std::string hash_of(const ForwardPlan& plan, const HostParameters& parameters,
                    const StudyData& data) {
  std::string all = to_json(plan).dump();
  for (const std::vector<float>& tensor : parameters) all += hash_of_values(tensor);
  for (const auto* samples : {&data.train, &data.calibration, &data.validation, &data.test})
    all += hash_of_samples(*samples);
  return hash_bytes(std::as_bytes(std::span(all)));
}

}  // namespace trainer
