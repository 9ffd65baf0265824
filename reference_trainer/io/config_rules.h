// What config.json files of all architectures have in common.
#pragma once

#include "reference_trainer/io/config_reader.h"
#include "reference_trainer/io/model_shape.h"

namespace trainer {

// Throws CF-09 unless `key` is absent or has the one value that the model implements.
void require_if_present(const ConfigReader& config, const char* key,
                        const nlohmann::json& supported);

// Throws CF-09 where a key asks for something that no architecture here computes.
void check_supported(const ConfigReader& config);

// How transformers v4 calls what v5 has as rope_parameters.rope_theta and .partial_rotary_factor.
struct RopeKeys {
  const char* theta;       // 10000 where absent
  const char* fraction;    // of a head's channels that turn
  double absent_fraction;  // where it is absent
};

struct RopeConfig {
  float theta;
  double fraction;
  std::string fraction_place;  // file and JSON pointer, for errors
  std::optional<Llama3RopeScaling> scaling;
};

// Reads the keys of v4 and v5: rope types "default" and "llama3". Throws CF-02, CF-04, CF-05, CF-07
// (a value out of its range), CF-09 (other types).
RopeConfig read_rope(const ConfigReader& config, const RopeKeys& keys);

// rope_scaling as v4 spells it, or null.
nlohmann::ordered_json rope_scaling_json(const ModelShape& shape);

// A float32 above 0. Throws CF-02, CF-04, CF-10.
float read_epsilon(const ConfigReader& config, const char* key);

// For shape.heads heads without a head_dim of their own: hidden_size / heads. Throws CF-06; `hint`
// tells what else can be done.
std::int64_t whole_head_dim(const ConfigReader& config, const ModelShape& shape, const char* hint);

}  // namespace trainer
