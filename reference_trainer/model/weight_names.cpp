#include "reference_trainer/model/weight_names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace trainer {
namespace {

struct Renamed {
  std::string_view ours, theirs;
  FusedPart part = FusedPart::kWhole;
};

constexpr std::array kOutsideLayers = {Renamed{"model.embed_tokens", "gpt_neox.embed_in"},
                                       Renamed{"model.norm", "gpt_neox.final_layer_norm"},
                                       Renamed{"lm_head", "embed_out"}};
constexpr std::array kInLayers = {
    Renamed{"self_attn.q_proj", "attention.query_key_value", FusedPart::kQuery},
    Renamed{"self_attn.k_proj", "attention.query_key_value", FusedPart::kKey},
    Renamed{"self_attn.v_proj", "attention.query_key_value", FusedPart::kValue},
    Renamed{"self_attn.o_proj", "attention.dense"},
    Renamed{"mlp.up_proj", "mlp.dense_h_to_4h"},
    Renamed{"mlp.down_proj", "mlp.dense_4h_to_h"}};
constexpr std::array kInSplitLayers = {Renamed{"self_attn.q_proj", "attention.q_proj"},
                                       Renamed{"self_attn.k_proj", "attention.k_proj"},
                                       Renamed{"self_attn.v_proj", "attention.v_proj"},
                                       Renamed{"self_attn.o_proj", "attention.o_proj"},
                                       Renamed{"mlp.up_proj", "mlp.dense_h_to_4h"},
                                       Renamed{"mlp.down_proj", "mlp.dense_4h_to_h"}};

constexpr std::string_view kOurLayers = "model.layers.", kTheirLayers = "gpt_neox.layers.";

// `name` with a module of the table renamed, ".weight" or ".bias" kept.
template <class Table>
FilePlace renamed(const Table& table, std::string_view name) {
  const std::size_t end = name.rfind('.');
  const std::string_view module = name.substr(0, end), kind = name.substr(end);
  for (const Renamed& r : table) {
    if (r.ours == module) return {std::string(r.theirs).append(kind), r.part};
  }
  return {std::string(name), FusedPart::kWhole};
}

template <class Table>
FilePlace neox_place(const Table& in_layers, std::string_view name) {
  if (!name.starts_with(kOurLayers)) return renamed(kOutsideLayers, name);
  const std::size_t begin = name.find('.', kOurLayers.size()) + 1;  // behind the layer's number
  FilePlace place = renamed(in_layers, name.substr(begin));
  const std::string_view number = name.substr(kOurLayers.size(), begin - kOurLayers.size());
  place.tensor = std::string(kTheirLayers).append(number) + place.tensor;
  return place;
}

// The row of the file's tensor that is row r of the part.
std::int64_t stored_row(const ModelShape& shape, FusedPart which, std::int64_t r) {
  if (which == FusedPart::kWhole) return r;
  const std::int64_t head = r / shape.head_dim, channel = r % shape.head_dim;
  const std::int64_t third = static_cast<int>(which) - static_cast<int>(FusedPart::kQuery);
  return (head * 3 + third) * shape.head_dim + channel;
}

}  // namespace

bool has_neox_names(const ModelShape& shape) {
  return shape.architecture == kNeoXArchitecture || shape.architecture == kSplitNeoXArchitecture;
}

FilePlace file_place(const ModelShape& shape, const std::string& name) {
  if (shape.architecture == kNeoXArchitecture) return neox_place(kInLayers, name);
  if (shape.architecture == kSplitNeoXArchitecture) return neox_place(kInSplitLayers, name);
  return {name, FusedPart::kWhole};
}

void take_part(const ModelShape& shape, FusedPart which, std::span<const float> stored,
               std::int64_t cols, std::span<float> part) {
  for (std::int64_t r = 0; r * cols < std::ssize(part); ++r)
    std::copy_n(stored.data() + stored_row(shape, which, r) * cols, cols, part.data() + r * cols);
}

void put_part(const ModelShape& shape, FusedPart which, std::span<const float> part,
              std::int64_t cols, std::span<float> stored) {
  for (std::int64_t r = 0; r * cols < std::ssize(part); ++r)
    std::copy_n(part.data() + r * cols, cols, stored.data() + stored_row(shape, which, r) * cols);
}

}  // namespace trainer
