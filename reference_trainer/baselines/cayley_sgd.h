// Gradient descent over orthogonal matrices by the Cayley transform: Li, Fuxin and Todorovic,
// "Efficient Riemannian Optimization on the Stiefel Manifold via the Cayley Transform" (2020),
// Algorithm 1, for square matrices.
#pragma once

#include <span>

#include "reference_trainer/roste/dense_rotation.h"

namespace trainer {

// How X' = (I - a/2 W)^-1 (I + a/2 W) X is computed.
enum class CayleyMap {
  kSolve,       // by LU: orthogonal to rounding, 2.7 d^3 multiplications
  kFixedPoint,  // X' := X + a/2 W (X + X'), a few times: 1 d^3 each; orthogonal after retraction
};

struct CayleySettings {
  CayleyMap map = CayleyMap::kSolve;
  int iterations = 5;   // of kFixedPoint; 5 in SpinQuant's code
  double momentum = 0;  // in [0, 1); 0 in SpinQuant's code
};

struct CayleyStep {
  double step_size = 0;           // a = min(learning rate, 1 / (|W|_1 + 1e-8))
  double directional_change = 0;  // <G, W X>: change of the objective per unit of step, <= 0
                                  // without momentum
  double defect = 0;              // max |X'^T X' - I| before any retraction
};

// Minimises over the orthogonal matrices of one size. Memory: two matrices between the steps.
class CayleySgd {
 public:
  // `start` must be orthogonal.
  CayleySgd(const CayleySettings& settings, DenseRotation start);

  // One step from the Euclidean gradient G = dL/dX at the point, [d, d] row-major. Where the new
  // point is orthogonal to no better than 1e-12, QR puts it back. Throws std::invalid_argument when
  // the gradient has another size.
  CayleyStep step(double learning_rate, std::span<const double> gradient);

  const DenseRotation& point() const { return point_; }

 private:
  CayleySettings settings_;
  DenseRotation point_;
  std::vector<double> momentum_;  // [d, d], a tangent at the point
};

}  // namespace trainer
