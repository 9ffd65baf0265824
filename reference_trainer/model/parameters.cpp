#include "reference_trainer/model/parameters.h"

namespace trainer {

LinearShape linear_shape(const ModelShape& s, Linear linear) {
  switch (linear) {
    case Linear::kQ:
      return {s.query_width(), s.hidden_size, s.qkv_bias};
    case Linear::kK:
    case Linear::kV:
      return {s.kv_width(), s.hidden_size, s.qkv_bias};
    case Linear::kO:
      return {s.hidden_size, s.query_width(), s.output_bias};
    case Linear::kGate:
    case Linear::kUp:
      return {s.intermediate_size, s.hidden_size, s.mlp_bias};
    case Linear::kDown:
      break;
  }
  return {s.hidden_size, s.intermediate_size, s.mlp_bias};
}

std::span<const Linear> linears_of(const ModelShape& shape) {
  static constexpr std::array kWithoutGate = {Linear::kQ, Linear::kK,  Linear::kV,
                                              Linear::kO, Linear::kUp, Linear::kDown};
  if (shape.mlp == MlpKind::kGelu) return kWithoutGate;
  return kLinears;
}

const char* linear_name(Linear linear) {
  static constexpr PerLinear<const char*> kNames{{"self_attn.q_proj", "self_attn.k_proj",
                                                  "self_attn.v_proj", "self_attn.o_proj",
                                                  "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"}};
  return kNames[linear];
}

Parameters<NoMemory> parameter_layout(const ModelShape& shape) {
  NoMemory backend;
  return allocate_parameters(backend, shape);
}

}  // namespace trainer
