// The plain split of GPT-NeoX: q, k and v as tensors of their own, all else as it was. It is what
// the paper's code calls conversion; such a model has LayerNorms and cannot take an R1 before
// folding.
#pragma once

#include "reference_trainer/base/error.h"
#include "reference_trainer/model/network.h"

namespace trainer {

// `network` will be saved with q, k and v apart. `config` is its config.json, for errors. Throws
// CF-09 unless it is a GPTNeoXForCausalLM: nothing else is fused.
template <Backend B>
void split_qkv(const std::string& config, Network<B>& network) {
  std::string& architecture = network.plan.shape.architecture;
  if (architecture != kNeoXArchitecture) {
    throw_bad_input({"CF-09", config + ":/architectures", architecture, kNeoXArchitecture,
                     "q, k and v of other models are apart already: use --form folded"});
  }
  architecture = kSplitNeoXArchitecture;
}

}  // namespace trainer
