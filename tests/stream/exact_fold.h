// Folding and turning once more, by another hand: naive products in long double.
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "reference_trainer/model/model_files.h"
#include "reference_trainer/roste/rotation_places.h"
#include "roste/cpu/rotate.h"

namespace trainer::test {

using Exact = std::vector<long double>;

// A matrix [rows, cols], or a vector as one row.
struct ExactTensor {
  std::int64_t rows = 0, cols = 0;
  Exact values;
  long double& at(std::int64_t r, std::int64_t c) {
    return values[static_cast<std::size_t>(r * cols + c)];
  }
};
using ExactModel = std::map<std::string, ExactTensor>;

// Columns are the inputs, rows the images of the unit vectors: x -> x R. Every entry of a Hadamard
// rotation is 0 or +-1/sqrt(block), here to the precision of long double.
inline ExactTensor matrix_of_rotation(const roste::Rotation& rotation) {
  const std::int64_t d = rotation.size();
  std::vector<double> h(static_cast<std::size_t>(d * d));
  for (std::int64_t i = 0; i < d; ++i) h[static_cast<std::size_t>(i * d + i)] = 1;
  roste::cpu::rotate_rows(rotation, roste::cpu::MatrixView<double>(h.data(), d, d));
  const long double size = 1 / std::sqrt(static_cast<long double>(rotation.block_size()));
  ExactTensor m{d, d, Exact(h.size())};
  for (std::size_t i = 0; i < h.size(); ++i)
    m.values[i] = std::abs(h[i]) < 1e-9 ? 0 : std::copysign(size, static_cast<long double>(h[i]));
  return m;
}

// Runs of r.rows values of every row times r.
inline void multiply_rows(ExactTensor& r, ExactTensor& w) {
  const Exact old = w.values;
  for (std::int64_t row = 0; row < w.rows; ++row) {
    for (std::int64_t c = 0; c < w.cols; ++c) {
      const std::int64_t first = row * w.cols + c / r.cols * r.cols;
      long double sum = 0;
      for (std::int64_t k = 0; k < r.rows; ++k)
        sum += old[static_cast<std::size_t>(first + k)] * r.at(k, c % r.cols);
      w.at(row, c) = sum;
    }
  }
}

inline ExactTensor transposed(ExactTensor w) {
  ExactTensor t{w.cols, w.rows, Exact(w.values.size())};
  for (std::int64_t r = 0; r < w.rows; ++r)
    for (std::int64_t c = 0; c < w.cols; ++c) t.at(c, r) = w.at(r, c);
  return t;
}

inline void multiply_columns(ExactTensor& r, ExactTensor& w) {
  ExactTensor t = transposed(w);
  multiply_rows(r, t);
  w = transposed(t);
}

inline void remove_row_means(ExactTensor& x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    long double sum = 0;
    for (std::int64_t c = 0; c < x.cols; ++c) sum += x.at(r, c);
    for (std::int64_t c = 0; c < x.cols; ++c) x.at(r, c) -= sum / static_cast<long double>(x.cols);
  }
}

// bias += w shift, w := w Diag(gain).
inline void absorb(ExactTensor& gain, ExactTensor* shift, ExactTensor& w, ExactTensor* bias) {
  for (std::int64_t r = 0; r < w.rows; ++r) {
    for (std::int64_t c = 0; c < w.cols; ++c) {
      if (shift != nullptr) bias->at(0, r) += w.at(r, c) * shift->at(0, c);
      w.at(r, c) *= gain.at(0, c);
    }
  }
}

// A vector of `model`, made of zeros where it is missing.
inline ExactTensor& vector_of(ExactModel& model, const std::string& name, std::int64_t size) {
  ExactTensor& v = model[name];
  if (v.values.empty()) v = {1, size, Exact(static_cast<std::size_t>(size))};
  return v;
}

// The folded model (App. D) under the rotations of `choice` that are merged into weights: R1, and
// with `form` kMerged R2 and R4. `model` has the tensors of `shape` under the names of tensor_list.
inline void fold_exactly(const ModelShape& shape, const RotationChoice& choice, WeightForm form,
                         ExactModel& model) {
  const bool centres = shape.norm == NormKind::kLayerNorm;
  const auto find = [&](const std::string& name) -> ExactTensor* {
    const auto found = model.find(name);
    return found == model.end() ? nullptr : &found->second;
  };
  const auto absorb_into = [&](const std::string& norm, const std::string& linear) {
    ExactTensor& w = model.at(linear + ".weight");
    ExactTensor* const shift = find(norm + ".bias");
    ExactTensor* const bias =
        shift == nullptr ? nullptr : &vector_of(model, linear + ".bias", w.rows);
    absorb(model.at(norm + ".weight"), shift, w, bias);
  };
  if (shape.tied_embeddings) model["lm_head.weight"] = model.at("model.embed_tokens.weight");
  if (centres) remove_row_means(model.at("model.embed_tokens.weight"));
  absorb_into("model.norm", "lm_head");
  const RotationMatrices h = make_rotation_matrices(shape, choice.seed, choice.online_signs);
  std::vector<std::string> norms = {"model.norm"};
  for (std::size_t i = 0; i < static_cast<std::size_t>(shape.layers); ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    norms.insert(norms.end(), {layer + "input_layernorm", layer + "post_attention_layernorm"});
    const auto turn = [&](int rotation, bool columns, ExactTensor& w) {
      const bool used = rotation != 0 && choice.layers[i].r(rotation) &&
                        (rotation == 1 || form == WeightForm::kMerged);
      if (!used) return;
      ExactTensor r = matrix_of_rotation(matrix_of(h, i, rotation));
      columns ? multiply_rows(r, w) : multiply_columns(r, w);
    };
    if (i == 0) turn(1, true, model.at("model.embed_tokens.weight"));
    if (i == 0) turn(1, true, model.at("lm_head.weight"));
    for (const Linear l : linears_of(shape)) {
      const std::string name = layer + linear_name(l);
      const bool writes = l == Linear::kO || l == Linear::kDown;
      const bool in_mlp = l == Linear::kGate || l == Linear::kUp;
      if (!writes) {
        absorb_into(in_mlp ? norms.back() : *(norms.end() - 2), name);
      } else if (centres) {
        ExactTensor t = transposed(model.at(name + ".weight"));
        remove_row_means(t);
        model.at(name + ".weight") = transposed(t);
        if (find(name + ".bias") != nullptr) remove_row_means(model.at(name + ".bias"));
        if (l == Linear::kDown) vector_of(model, name + ".bias", shape.hidden_size);
      }
      turn(input_rotation_of(l), true, model.at(name + ".weight"));
      turn(output_rotation_of(l), false, model.at(name + ".weight"));
      if (ExactTensor* const bias = find(name + ".bias")) turn(output_rotation_of(l), true, *bias);
    }
  }
  for (const std::string& norm : norms) {
    for (long double& v : model.at(norm + ".weight").values) v = 1;
    model.erase(norm + ".bias");
  }
}

// To nearest, ties to even, in the format with these bits of significand and this exponent of the
// smallest subnormal: another way than the program's, digit by digit.
inline float round_exactly(long double x, int significand, int smallest) {
  if (x == 0) return 0;
  const int step = std::max(std::ilogb(x) - significand + 1, smallest);
  return static_cast<float>(std::ldexp(std::nearbyint(std::ldexp(x, -step)), step));
}

inline float round_exactly(long double x, DType dtype) {
  if (dtype == DType::kBF16) return round_exactly(x, 8, -133);
  if (dtype == DType::kF16) return round_exactly(x, 11, -24);
  return round_exactly(x, 24, -149);
}

}  // namespace trainer::test
