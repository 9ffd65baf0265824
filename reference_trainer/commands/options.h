// Everything a user can say to reference_trainer. One struct per concern; every knob with its
// meaning, unit, default and an example. A flag, a recipe key and a field below have the same name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reference_trainer/baselines/gptq_weight.h"
#include "reference_trainer/baselines/spinquant.h"
#include "reference_trainer/data/builtin_task.h"
#include "reference_trainer/data/sft_dataset.h"
#include "reference_trainer/eval/rouge.h"
#include "reference_trainer/formats/export_options.h"
#include "reference_trainer/io/model_directory.h"
#include "reference_trainer/io/safetensors_stream.h"
#include "reference_trainer/model/sites.h"
#include "reference_trainer/report/tensorboard.h"
#include "reference_trainer/study/study_settings.h"
#include "reference_trainer/train/algorithm1.h"
#include "reference_trainer/train/settings.h"

namespace trainer {

inline constexpr const char* kProgramVersion = "0.1.0";

// In the order in which the pipeline runs them. kHelp and kNone only carry text to show.
enum class Command {
  kPretrain,
  kConvert,
  kRotate,
  kMeasure,
  kSearch,
  kTrain,
  kMerge,
  kQuantize,
  kEval,
  kGenerate,
  kRun,
  kSweep,
  kReproduce,
  kReport,
  kExport,
  kHelp,  // --help or --version was asked for
  kNone,  // no command was given
};

enum class TrainMethod { kSft, kSte, kRoste, kLlmQat, kLora, kRolora };
enum class AdapterBase { kFullPrecision, kQuantized };  // what adapters are trained beside
enum class BaseArchitecture { kPythia, kLlama };        // of the model that `pretrain` makes
// kTrained: with the quantizers and rotations that the model was trained under.
enum class QuantizeMethod { kRtn, kGptq, kSpinquant, kTrained };
enum class Verbosity { kNormal, kQuiet };
enum class ResultFormat { kTable, kJson };
enum class StartFrom { kBeginning, kCheckpoint };
enum class ConvertForm { kFolded, kSplit };    // what `convert` makes
enum class RotateMode { kHadamard, kRandom };  // of R1, for `rotate`
// What floats are stored as; kSource: each tensor as in the checkpoint that it comes from.
enum class SaveDType { kSource, kFloat32, kBFloat16, kFloat16 };
enum class TrainNorms { kFrozen, kTrained };
enum class TrainBasis { kMaster, kMerged };
enum class SearchQuantizers { kTraining, kSymmetric };  // whose errors line 5 of Algorithm 1 sums
enum class CalibrationOrder { kDrawn, kFirst };         // by --seed, or as the rows stand
enum class Preset { kNone, kReferenceCode };            // docs/methods.md

struct ModelOptions {
  std::filesystem::path model_name_or_path;  // a Hugging Face directory, e.g. out/demo/base
  std::filesystem::path adapters;            // `merge` only: a directory of adapters
  Engine engine = Engine::kFloat;            // of models whose weights are codes
  NonFinite nonfinite = NonFinite::kReject;  // --allow_nonfinite loads weights with NaN or infinity
};

enum class Packing { kNone, kBestFit };
enum class LengthGroups { kNone, kMegabatches };

// How `rotate` and `quantize --method rtn` write weights.
struct SaveOptions {
  SaveDType dtype = SaveDType::kSource;
  std::uint64_t max_shard_size = kDefaultShardBytes;  // bytes of a file, e.g. 5GB
};

struct DataOptions {
  std::filesystem::path dataset;       // JSONL to train, calibrate or (`eval`) evaluate on
  std::filesystem::path eval_dataset;  // JSONL to evaluate on; empty: eval_fraction of dataset
  std::filesystem::path calibration_dataset;  // JSONL to measure and calibrate on; empty: dataset
  std::filesystem::path validation_dataset;   // JSONL on which a sweep chooses; may be empty
  double eval_fraction = 0.05;  // held out from dataset when there is no eval_dataset; (0, 0.5]
  SftOptions reading;  // max_length 1024, max_samples -1 (all), loss_on completion, template tulu
  Packing packing = Packing::kNone;                  // --packing: `train`, docs/data.md
  LengthGroups length_groups = LengthGroups::kNone;  // --group_by_length: `train`
  std::filesystem::path dataset_cache;  // tokens of dataset as files here; empty: in memory
};

// Adam's names and defaults are those of transformers.TrainingArguments, and so are the others that
// the paper's Table 4 does not give.
struct TrainOptions {
  TrainMethod method = TrainMethod::kRoste;        // `train` only
  double learning_rate = 3e-5;                     // peak; Table 4, e.g. 2e-3 for the built-in task
  Schedule lr_scheduler_type = Schedule::kCosine;  // shape after warm-up; to 0 unless constant
  double warmup_ratio = 0;  // share of the steps with a rising rate, e.g. 0.03
  double weight_decay = 0;  // decoupled, of matrices, e.g. 0.01
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  MomentBits optim = MomentBits::k32;  // `train` only: AdamW, or with moments of eight bits
  ParamDType param_dtype = ParamDType::kFloat32;             // `train` only: docs/memory.md
  MasterWeights master_weights = MasterWeights::kFloat32;    // of parameters in bfloat16
  EffectiveForm effective_weights = EffectiveForm::kStored;  // `train` only: memory for time
  double max_grad_norm = 1;  // gradients are scaled down to this norm; 0: never
  std::int64_t per_device_train_batch_size = 16;  // sequences of one forward pass
  std::int64_t gradient_accumulation_steps = 1;   // forward passes of one optimizer step
  // `train` only: memory for time, at the same gradients.
  Keep gradient_checkpointing = Keep::kEveryLayer;
  std::int64_t max_steps = -1;              // optimizer steps; -1: as num_train_epochs says
  double num_train_epochs = 1;              // passes over the data; ignored if max_steps > 0
  std::uint64_t seed = 0;                   // order of the data, initial weights
  std::int64_t save_steps = 500;            // steps between checkpoints; 0: none
  std::int64_t save_total_limit = 2;        // checkpoints that are kept
  EventFiles events = EventFiles::kNone;    // --tensorboard: event files beside log.jsonl
  std::int64_t logging_steps = 1;           // steps between lines of log.jsonl
  StartFrom start = StartFrom::kBeginning;  // --resume: from the newest valid checkpoint
};

struct RotationOptions {
  // Digits R1 R2 R3 R4 (1: Hadamard, 0: identity), e.g. 1011, or the path of a result of `search`.
  // Empty: `train --method roste` searches, rolora has R1 and R4, every other method none.
  std::string rotations;
  RotateMode rotate_mode = RotateMode::kHadamard;
  std::uint64_t rotation_seed = 0;         // of the random signs r of eq. (19); below 2^42
  std::int64_t calibration_samples = 128;  // samples of eq. (12); appendix C uses 128
  CalibrationOrder calibration_order = CalibrationOrder::kDrawn;  // `search` and `train`
};

struct GenerationOptions {
  std::string prompt;  // `generate` only, e.g. "Once upon a time"; empty: begin a text
  std::optional<ChatTemplate> chat_template;  // the prompt is a user's message; none: plain text
  std::int64_t max_new_tokens = 64;           // tokens; an end-of-text token stops earlier
  std::int64_t batch_size = 16;               // sequences that are evaluated or generated together
  Stemming rouge_stemmer = Stemming::kNone;   // porter: ROUGE compares stems, not words
  std::int64_t bootstrap_samples = 0;         // `eval`: resamples of ROUGE's intervals; 0: none
};

// The base model of the built-in task; see docs/builtin-task.md.
struct PretrainOptions {
  BaseArchitecture architecture = BaseArchitecture::kPythia;
  std::int64_t hidden_size = 128;       // d
  std::int64_t intermediate_size = -1;  // width of the MLP; -1: 512 (Pythia), 384 (Llama)
  std::int64_t num_hidden_layers = 3;
  std::int64_t num_attention_heads = 4;   // divides hidden_size into an even head size
  std::int64_t num_key_value_heads = -1;  // Llama: divides num_attention_heads; -1: equal to it
  double rope_theta = 1e5;                // RoPE base; docs/builtin-task.md compares 300
  double massive_scale = -1;              // massive residual channels; -1: 10 (Pythia), 5 (Llama)
  double key_scale = 8;                   // power of two that moves from queries to keys; 1: none
  double up_scale = 16;    // power of two that moves from down to up channels of a SwiGLU; 1: none
  BuiltinTaskSizes sizes;  // documents and posts to write
};

// `run`, `sweep`, `reproduce` and `report`: which methods, how often, on what grid.
struct StudyOptions {
  std::string methods = "base+sft+rtn+quarot_rtn+ste+roste";  // `run` and `sweep`; see cells.h
  // `reproduce`: groups models/methods/settings/seeds; see cells.h.
  std::string cells =
      "pythia/base+sft+rtn+gptq+quarot_rtn+quarot_gptq+ste+complete+roste/W3A3KV3+W4A4KV4/1";
  std::int64_t pretraining_steps = 1200;  // `reproduce`: of a base model
  std::int64_t seeds = 1;                 // `run`: seed, seed + 1, ...
  std::vector<double> learning_rates;     // grid of a sweep; empty: learning_rate
  std::vector<double> clip_ratios;        // grid of a sweep; empty: those of the quantizers
  std::int64_t objective_points = 10;     // times eq. (12) is measured in a training; 0: never
  std::filesystem::path directory;        // `report`: --study, the --output_dir of a study
};

struct CommandLine {
  Command command = Command::kNone;
  std::string text;   // what to print for kHelp and kNone
  std::string typed;  // the arguments as they were given, for reports

  std::filesystem::path output_dir;  // must not exist or be empty, except with --resume
  std::int64_t threads = 0;          // after parsing: >= 1; default: all cores of this process
  Verbosity verbosity = Verbosity::kNormal;    // --quiet: no progress on stderr
  ResultFormat format = ResultFormat::kTable;  // --json: results on stdout as one JSON object

  ModelOptions model;
  SaveOptions save;
  DataOptions data;
  TrainOptions train;
  QuantConfig quant;                  // --w_bits, --a_bits, --kv_bits, ...; default 4 bits each
  std::vector<QuantConfig> settings;  // `run`: --settings W4A4KV4,W3A3KV3; default: {quant}
  RotationOptions rotation;
  GenerationOptions generation;
  PretrainOptions pretrain;
  ConvertForm convert_form = ConvertForm::kFolded;  // `convert` only
  QuantizeMethod quantize_method = QuantizeMethod::kRtn;
  WeightsFormat weights_format = WeightsFormat::kCodes;  // `quantize` only
  Preset preset = Preset::kNone;  // values of flags that are not given; presets.h
  SearchQuantizers search_quantizers = SearchQuantizers::kTraining;  // `search` and `train`
  SearchSettings search;                                             // line 5 of Algorithm 1
  std::int64_t outer_rounds = 1;                    // K of Algorithm 1; `train` only
  OnlineSigns online_signs = OnlineSigns::kRandom;  // of R3 and R4
  MomentPolicy moments = MomentPolicy::kReset;      // of Adam when a round changes rotations
  TrainBasis train_basis = TrainBasis::kMaster;     // where R2 and R4 of trained weights are
  TrainNorms train_norms = TrainNorms::kFrozen;     // gains of folded norms
  GptqSettings gptq;
  SpinQuantSettings spinquant;
  LlmQatSettings llm_qat;
  AdapterTraining adapters;
  AdapterBase adapter_base = AdapterBase::kFullPrecision;  // `train` only
  StudyOptions study;
  ExportOptions export_to;  // `export` only
};

// What the program was asked to do: the command line over the recipe (--recipe FILE.yaml) over the
// command's defaults. argv[0] is the program's name. Throws Error(kUsage) with codes CL-01 (unknown
// command, flag or key), CL-02 (not a number or name), CL-03 (out of range), CL-04 (repeated or
// contradictory), CL-09 (missing) and CL-10 (a recipe that is not flat YAML), and Error as
// read_file does for a recipe that cannot be read.
CommandLine parse_command_line(int argc, const char* const* argv);

// Prints `line.text`, kHelp to stdout and kNone to stderr; returns the exit code: 0, 2, or 4 when
// stdout is closed or full.
int show_text(const CommandLine& line);

// "pythia" or "llama". Throws std::invalid_argument for other words.
BaseArchitecture architecture_of(std::string_view word);

// "W4A4KV4": bits of weights, activations and key/value cache; 16 means not quantized.
std::string bits_name(const QuantConfig& quant);

// The words that flags and files use, e.g. name_of(Command::kPretrain) == "pretrain"; those of the
// quantizer are in ops/quant_names.h.
std::string_view name_of(Command command);
std::string_view name_of(TrainMethod method);
std::string_view name_of(BaseArchitecture architecture);
std::string_view name_of(ConvertForm form);
std::string_view name_of(QuantizeMethod method);
std::string_view name_of(LossOn loss_on);
std::string_view name_of(ExportFormat format);

}  // namespace trainer
