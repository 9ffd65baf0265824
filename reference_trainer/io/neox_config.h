// config.json of GPT-NeoX models (Pythia) and of their folded form.
#pragma once

#include "reference_trainer/io/config_reader.h"
#include "reference_trainer/io/model_config.h"

namespace trainer {

// Everything but the architecture's name and the ends of a text. Throws CF-02 ... CF-10.
void read_neox_shape(const ConfigReader& config, Dialect dialect, ModelShape& shape);

// The keys of transformers v4, without those that all architectures have.
nlohmann::ordered_json neox_config_json(const ModelShape& shape);

// Whether config.json can say what `shape` is.
bool is_neox_shape(const ModelShape& shape, Dialect dialect);

}  // namespace trainer
