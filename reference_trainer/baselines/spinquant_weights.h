// The weights as functions of dense R1 and R2, on the device in float32, and the chain rule back:
// W' = out^T W in, b' = b out. What learning evaluates at every step; what is merged for good goes
// through roste/merge_dense_rotations.h in double.
#pragma once

#include <utility>

#include "reference_trainer/ops/elementwise.h"
#include "reference_trainer/ops/matmul.h"
#include "reference_trainer/roste/merge_dense_rotations.h"

namespace trainer {

// The two rotations of a layer as the sides of its weights, or their gradients.
template <Backend B>
struct RotationSides {
  Tensor<B> r1;      // [d, d]
  Tensor<B> values;  // [kv_width, kv_width], blockdiag(R2): the outputs of v
  Tensor<B> heads;   // [query_width, query_width], blockdiag(R2): the inputs of o

  // Null: the identity.
  Tensor<B>* in(Linear l) {
    const int rotation = input_rotation_of(l);
    return rotation == 1 ? &r1 : rotation == 2 ? &heads : nullptr;
  }
  Tensor<B>* out(Linear l) {
    const int rotation = output_rotation_of(l);
    return rotation == 1 ? &r1 : rotation == 2 ? &values : nullptr;
  }
};

// Euclidean gradients with respect to the rotations, row-major like them.
struct RotationGradients {
  std::vector<double> r1;               // [d, d]
  std::vector<std::vector<double>> r2;  // [layers] of [head_dim, head_dim]
};

// to := blockdiag(r, ..., r), [count * d, count * d].
template <Backend B>
void load_block_diagonal(B& backend, const DenseRotation& r, std::int64_t count, Tensor<B>& to) {
  const std::int64_t d = r.size(), width = count * d;
  std::vector<float> host(static_cast<std::size_t>(width * width));
  for (std::int64_t row = 0; row < width; ++row) {
    const double* const from = r.values().data() + row % d * d;
    float* const block = host.data() + row * width + row / d * d;
    for (std::int64_t c = 0; c < d; ++c) block[c] = static_cast<float>(from[c]);
  }
  to.reshape(backend, width, width);
  copy_to_device<float>(backend, host, to);
}

// sum += every diagonal block of `from`, in order: R2 is the same for all heads.
template <Backend B>
void add_diagonal_blocks(B& backend, const Tensor<B>& from, std::int64_t size,
                         std::vector<double>& sum) {
  const std::int64_t width = from.cols();
  std::vector<float> host(static_cast<std::size_t>(from.size()));
  copy_to_host<float>(backend, from, host);
  for (std::int64_t row = 0; row < width; ++row) {
    const float* const block = host.data() + row * width + row / size * size;
    for (std::int64_t c = 0; c < size; ++c)
      sum[static_cast<std::size_t>(row % size * size + c)] += static_cast<double>(block[c]);
  }
}

// c := a^T b.
template <Backend B>
void matmul_tn(B& backend, const Tensor<B>& a, const Tensor<B>& b, Tensor<B>& c) {
  c.reshape(backend, a.cols(), b.cols());
  fill_zero(backend, c);
  matmul_tn_add(backend, a, b, c);
}

// to := from, tensor by tensor; both of one shape. Lists of tensors are not const, but nothing of
// `from` is written.
template <Backend B>
void copy_parameters(B& backend, const Parameters<B>& from, Parameters<B>& to) {
  const auto source = tensor_list(const_cast<Parameters<B>&>(from)), target = tensor_list(to);
  for (std::size_t t = 0; t < source.size(); ++t)
    copy(backend, *source[t].tensor, *target[t].tensor);
}

// Writes the weights of rotated networks and pulls their gradients back. Layers that the model
// lacks are skipped.
template <Backend B>
class WeightRotator {
 public:
  // `folded` is read at every call: norms folded, unrotated.
  WeightRotator(B& backend, const ModelShape& shape, const Parameters<B>& folded)
      : backend_(backend), shape_(shape), folded_(folded) {}

  // Puts the rotations into the tensors of `rotated` that they turn; the others must be, or have
  // been, copies of the folded ones.
  void rotate(const DenseRotations& r, Parameters<B>& rotated) {
    load_block_diagonal(backend_, r.r1, 1, sides_.r1);
    matmul_nn(backend_, folded_.embedding, sides_.r1, rotated.embedding);
    matmul_nn(backend_, folded_.head, sides_.r1, rotated.head);
    for (std::size_t i = 0; i < folded_.layers.size(); ++i) {
      load_r2(r.r2[i]);
      rotate_layer(folded_.layers[i], rotated.layers[i]);
    }
  }

  // From dL/dW' of every rotated parameter to dL/dR. `r` as at the call of rotate.
  RotationGradients pull_back(const DenseRotations& r, const Parameters<B>& drotated) {
    load_block_diagonal(backend_, r.r1, 1, sides_.r1);
    zero_like(sides_.r1, dsides_.r1);
    matmul_tn_add(backend_, folded_.embedding, drotated.embedding, dsides_.r1);
    matmul_tn_add(backend_, folded_.head, drotated.head, dsides_.r1);
    RotationGradients gradients;
    for (std::size_t i = 0; i < folded_.layers.size(); ++i) {
      load_r2(r.r2[i]);
      zero_like(sides_.values, dsides_.values);
      zero_like(sides_.heads, dsides_.heads);
      for (const Linear l : kLinears) pull_back_linear(l, folded_.layers[i], drotated.layers[i]);
      gradients.r2.push_back(head_gradient(r.r2[i].size()));
    }
    gradients.r1.resize(r.r1.values().size());
    add_diagonal_blocks(backend_, dsides_.r1, r.r1.size(), gradients.r1);
    return gradients;
  }

 private:
  void load_r2(const DenseRotation& r2) {
    load_block_diagonal(backend_, r2, shape_.kv_heads, sides_.values);
    load_block_diagonal(backend_, r2, shape_.heads, sides_.heads);
  }

  void zero_like(const Tensor<B>& shape, Tensor<B>& t) {
    t.reshape(backend_, shape.rows(), shape.cols());
    fill_zero(backend_, t);
  }

  std::vector<double> head_gradient(std::int64_t head_dim) {
    std::vector<double> sum(static_cast<std::size_t>(head_dim * head_dim));
    add_diagonal_blocks(backend_, dsides_.values, head_dim, sum);
    add_diagonal_blocks(backend_, dsides_.heads, head_dim, sum);
    return sum;
  }

  void rotate_layer(const LayerParameters<B>& from, LayerParameters<B>& to) {
    for (const Linear l : kLinears) {
      if (from.weight[l].empty()) continue;
      const Tensor<B>* const out = sides_.out(l);
      if (out == nullptr) {
        matmul_nn(backend_, from.weight[l], *sides_.in(l), to.weight[l]);
      } else {
        matmul_tn(backend_, *out, under_input(l, from.weight[l]), to.weight[l]);
      }
      if (out != nullptr && !from.bias[l].empty())  // a bias is an output, lying down
        matmul_nn(backend_, from.bias[l], *out, to.bias[l]);
    }
  }

  // W in; valid until the next call.
  const Tensor<B>& under_input(Linear l, const Tensor<B>& w) {
    const Tensor<B>* const in = sides_.in(l);
    if (in == nullptr) return w;
    matmul_nn(backend_, w, *in, under_input_);
    return under_input_;
  }

  // With A = W in and W' = out^T A: dout += A dW'^T, dA = out dW', din += W^T dA; and
  // dout += b^T db'.
  void pull_back_linear(Linear l, const LayerParameters<B>& from, const LayerParameters<B>& d) {
    const Tensor<B>& w = from.weight[l];
    if (w.empty()) return;
    const Tensor<B>* dunder_input = &d.weight[l];
    if (Tensor<B>* const dout = dsides_.out(l)) {
      matmul_nt(backend_, under_input(l, w), d.weight[l], product_);
      add(backend_, product_, *dout);
      if (!from.bias[l].empty()) matmul_tn_add(backend_, from.bias[l], d.bias[l], *dout);
      if (dsides_.in(l) == nullptr) return;
      matmul_nn(backend_, *sides_.out(l), d.weight[l], product_);
      dunder_input = &product_;
    }
    matmul_tn_add(backend_, w, *dunder_input, *dsides_.in(l));
  }

  B& backend_;
  ModelShape shape_;
  const Parameters<B>& folded_;
  RotationSides<B> sides_, dsides_;
  Tensor<B> under_input_, product_;
};

}  // namespace trainer
