#include <string>

#include "reference_trainer/backend/backend.h"
#include "reference_trainer/base/error.h"

namespace trainer {

void* aligned_memory(std::size_t bytes) {
  void* memory = ::operator new[](bytes, std::align_val_t{64}, std::nothrow);
  if (memory != nullptr) return memory;
  throw Error(ExitCode::kIo, {"DF-05", "reference_trainer",
                              "no memory for a tensor of " + std::to_string(bytes) + " bytes",
                              "enough memory", "try a smaller batch size or max_length"});
}

}  // namespace trainer
