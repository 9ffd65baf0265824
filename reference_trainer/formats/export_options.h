// What `export` can be asked for.
#pragma once

namespace trainer {

// A directory for transformers; codes for compressed-tensors; a file for llama.cpp and its kin.
enum class ExportFormat { kHf, kCompressedTensors, kGguf };

// Of floats in a directory for transformers.
enum class ExportType { kFloat32, kBFloat16, kFloat16 };

// Of matrices in a GGUF file; vectors are F32. kQ4_1 holds a quantized model's own codes.
enum class GgufType { kF32, kF16, kQ8_0, kQ4_1 };

// Which floats are written of a model that was trained under quantizers.
enum class ExportedWeights { kMaster, kQuantized };

// Whether compressed-tensors is told of the quantizer of activations.
enum class ExportedActivations { kCarried, kLeftOut };

struct ExportOptions {
  ExportFormat format = ExportFormat::kHf;
  ExportType save_dtype = ExportType::kFloat32;                     // hf
  ExportedWeights weights = ExportedWeights::kMaster;               // hf, and gguf but q4_1
  ExportedActivations activations = ExportedActivations::kCarried;  // compressed-tensors
  GgufType gguf_type = GgufType::kF16;
};

}  // namespace trainer
