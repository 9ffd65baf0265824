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

// Lengths first: "ab", "c" is not "a", "bc".
std::string hash_of_texts(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += std::to_string(text.size()) + ":" + text;
  return hash_bytes(std::as_bytes(std::span(all)));
}

std::string hash_of_samples(const std::vector<SftSample>& samples) {
  std::vector<TokenId> all;
  std::vector<std::string> references;
  for (const SftSample& s : samples) {
    all.push_back(static_cast<TokenId>(s.tokens.size()));
    all.push_back(static_cast<TokenId>(s.prompt_length));
    all.insert(all.end(), s.tokens.begin(), s.tokens.end());
    all.insert(all.end(), s.target.begin(), s.target.end());
    references.push_back(s.reference);
  }
  return hash_of_values(all) + hash_of_texts(references);
}

// Generations are compared as text, so a token is what it says.
std::string hash_of_tokenizer(const Tokenizer& tokenizer) {
  std::vector<std::string> texts;
  for (TokenId id = 0; id < tokenizer.size(); ++id)
    texts.push_back(tokenizer.decode_continuation({}, std::span(&id, 1)));
  return hash_of_texts(texts);
}

// Of a shape everything that computes something.
nlohmann::json json_of(const ModelShape& s) {
  nlohmann::json json{{"architecture", s.architecture},
                      {"vocab_size", s.vocab_size},
                      {"hidden_size", s.hidden_size},
                      {"intermediate_size", s.intermediate_size},
                      {"layers", s.layers},
                      {"heads", s.heads},
                      {"kv_heads", s.kv_heads},
                      {"head_dim", s.head_dim},
                      {"rotary_dim", s.rotary_dim()},
                      {"max_positions", s.max_positions},
                      {"norm", static_cast<int>(s.norm)},
                      {"mlp", static_cast<int>(s.mlp)},
                      {"residual", static_cast<int>(s.residual)},
                      {"norm_eps", s.norm_eps},
                      {"rope_theta", s.rope_theta},
                      {"eos_token_ids", s.eos_token_ids}};
  if (s.bos_token_id) json["bos_token_id"] = *s.bos_token_id;
  if (const auto& r = s.rope_scaling)
    json["rope_scaling"] = {r->factor, r->low_freq_factor, r->high_freq_factor,
                            r->original_max_positions};
  return json;
}

}  // namespace

std::string hash_of(const StartModel& start) {
  std::string all = to_json(start.plan).dump() + json_of(start.plan.shape).dump() +
                    hash_of_tokenizer(start.tokenizer);
  for (const std::vector<float>& tensor : start.parameters) all += hash_of_values(tensor);
  const StudyData& data = start.data;
  for (const auto* samples : {&data.train, &data.calibration, &data.validation, &data.test})
    all += hash_of_samples(*samples);
  return hash_bytes(std::as_bytes(std::span(all)));
}

}  // namespace trainer
