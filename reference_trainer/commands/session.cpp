#include "reference_trainer/commands/session.h"

#include <algorithm>
#include <cerrno>

#include "reference_trainer/base/error.h"
#include "reference_trainer/data/batches.h"
#include "reference_trainer/data/overlap.h"

namespace trainer {

void say(const CommandLine& line, const std::string& text) {
  if (line.verbosity == Verbosity::kNormal) std::fprintf(stderr, "%s\n", text.c_str());
}

void warn(const std::string& text) { std::fprintf(stderr, "warning: %s\n", text.c_str()); }

void print_result(const std::string& text) {
  errno = 0;
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
  std::fflush(stdout);
  if (std::ferror(stdout) != 0) {
    const int error = errno;
    throw_io({"CL-07", "stdout", "", "a place to write the result to", ""}, error);
  }
}

void add_end_of_turn(const CommandLine& line, const Tokenizer& tokenizer, ModelShape& shape) {
  const auto id = tokenizer.find(end_of_turn(line.data.reading.chat_template));
  std::vector<std::int32_t>& eos = shape.eos_token_ids;
  if (id && std::find(eos.begin(), eos.end(), *id) == eos.end()) eos.push_back(*id);
}

SftOptions reading_options(const CommandLine& line, const ModelShape& shape) {
  SftOptions options = line.data.reading;
  if (shape.max_positions > 0)
    options.max_length = std::min(options.max_length, shape.max_positions);
  return options;
}

void say_counts(const CommandLine& line, const std::filesystem::path& file,
                const SftCounts& counts) {
  for (const std::string& row : counts.bad_rows) say(line, "skipped: " + row);
  say(line, file.filename().string() + ": " + counts.summary());
}

void say_overlap(const CommandLine& line, const SampleView& train,
                 const std::vector<SftSample>& others) {
  const std::int64_t common = count_overlap(train, others);
  if (common == 0) return;
  say(line, "warning: DS-10: " + std::to_string(common) + " of " + std::to_string(others.size()) +
                " samples to evaluate on are also trained on");
}

SftDataset load_dataset(const CommandLine& line, const std::filesystem::path& file,
                        const Tokenizer& tokenizer, const ModelShape& shape) {
  SftDataset dataset =
      read_sft_dataset(file, tokenizer, {shape.eos_token_ids}, reading_options(line, shape));
  say_counts(line, file, dataset.counts);
  return dataset;
}

void make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw_io({"IO-02", directory.string(), "", "a directory that can be created", ""},
             error.value());
}

std::vector<SftSample> draw_samples(const SampleView& samples, std::int64_t n, std::uint64_t seed) {
  std::vector<SftSample> drawn;
  SftSample buffer;
  const std::int64_t count = samples.size();
  for (const std::int64_t i : batch_indices(count, std::min(n, count), seed, 0))
    drawn.push_back(samples.at(i, buffer));
  return drawn;
}

std::int64_t held_out_samples(const CommandLine& line, std::int64_t samples) {
  if (samples < 2) {
    throw_bad_input({"DS-12", line.data.dataset.string(),
                     std::to_string(samples) + " usable sample",
                     "at least 2, one of them to evaluate on", "give --eval_dataset"});
  }
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(line.data.eval_fraction * static_cast<double>(samples)));
}

DataSplits load_splits(const CommandLine& line, const Tokenizer& tokenizer,
                       const ModelShape& shape) {
  std::vector<SftSample> all = load_dataset(line, line.data.dataset, tokenizer, shape).samples;
  if (!line.data.eval_dataset.empty()) {
    DataSplits given{std::move(all),
                     load_dataset(line, line.data.eval_dataset, tokenizer, shape).samples};
    say_overlap(line, given.train, given.eval);
    return given;
  }
  const std::int64_t held_out = held_out_samples(line, static_cast<std::int64_t>(all.size()));
  std::vector<SftSample> shuffled =
      draw_samples(all, static_cast<std::int64_t>(all.size()), line.train.seed);
  DataSplits splits;
  const auto middle = std::make_move_iterator(shuffled.begin() + held_out);
  splits.eval.assign(std::make_move_iterator(shuffled.begin()), middle);
  splits.train.assign(middle, std::make_move_iterator(shuffled.end()));
  say(line, std::to_string(splits.train.size()) + " samples to train on, " +
                std::to_string(splits.eval.size()) + " held out for evaluation");
  say_overlap(line, splits.train, splits.eval);
  return splits;
}

std::vector<SftSample> calibration_samples(const CommandLine& line, const SampleView& samples) {
  const std::int64_t n = line.rotation.calibration_samples;
  if (line.rotation.calibration_order == CalibrationOrder::kDrawn)
    return draw_samples(samples, n, line.train.seed);
  std::vector<SftSample> first;
  SftSample buffer;
  for (std::int64_t i = 0; i < std::min(n, samples.size()); ++i)
    first.push_back(samples.at(i, buffer));
  return first;
}

std::vector<SftSample> load_calibration(const CommandLine& line, const Tokenizer& tokenizer,
                                        const ModelShape& shape) {
  const DataOptions& data = line.data;
  const auto& file = data.calibration_dataset.empty() ? data.dataset : data.calibration_dataset;
  return calibration_samples(line, load_dataset(line, file, tokenizer, shape).samples);
}

RotationChoice shared_rotations(const CommandLine& line, RotationMask mask,
                                const ModelShape& shape) {
  RotationChoice choice = RotationChoice::shared(mask, shape, line.rotation.rotation_seed);
  choice.online_signs = line.online_signs;
  return choice;
}

std::optional<RotationChoice> chosen_rotations(const CommandLine& line, const ModelShape& shape) {
  const std::string& text = line.rotation.rotations;
  if (text.empty()) return std::nullopt;
  const bool digits = text.size() == 4 && text.find_first_not_of("01") == std::string::npos;
  if (digits) return shared_rotations(line, RotationMask::parse(text), shape);
  const nlohmann::json file = parse_json(read_file(text), {text, "RJ-01"});
  if (!file.is_object() || !file.contains("rotation")) {
    throw_bad_input(
        {"RJ-01", text + ":/rotation", "nothing", "the choice that `search` writes", ""});
  }
  return rotation_choice_from_json(shape, file.at("rotation"), text + ":/rotation");
}

void require_unrotated(const ForwardPlan& plan, const std::filesystem::path& directory) {
  if (holds_effective_weights(plan)) {
    throw_bad_input({"RO-11", (directory / "roste.json").string() + ":/weights",
                     "effective (already quantized) weights", "master weights",
                     "start from the model before `quantize`"});
  }
  const bool turned = std::any_of(plan.choice.layers.begin(), plan.choice.layers.end(),
                                  [](RotationMask m) { return m.r(2) || m.r(4); });
  if (plan.weight_form == WeightForm::kMerged && turned) {
    throw_bad_input({"RO-11", (directory / "roste.json").string() + ":/weights",
                     "a model with R2 or R4 merged", "an unrotated model",
                     "train with --train_basis master, or start from the model before"});
  }
  if (plan.choice.r1()) {
    throw_bad_input({"RO-11", (directory / "roste.json").string() + ":/rotation",
                     "a model with R1 merged", "an unrotated model",
                     "start from the model before `rotate`"});
  }
}

void say_rotation_notes(const CommandLine& line, const ModelShape& shape,
                        const RotationChoice& choice) {
  const RotationMatrices h = make_rotation_matrices(shape, choice.seed, choice.online_signs);
  unsigned used = 0;
  for (const RotationMask layer : choice.layers) used |= layer.bits();
  const RotationMask mask(used);
  if (mask.r(1) && !h.r1.note().empty()) say(line, "note: R1: " + std::string(h.r1.note()));
  if (mask.r(2) && !h.layers[0].r2.note().empty())
    say(line, "note: R2: " + std::string(h.layers[0].r2.note()));
  if (mask.r(3) && !h.layers[0].r3.note().empty())
    say(line, "note: R3: " + std::string(h.layers[0].r3.note()));
  if (mask.r(4) && !h.layers[0].r4.note().empty())
    say(line, "note: R4: " + std::string(h.layers[0].r4.note()));
}

}  // namespace trainer
