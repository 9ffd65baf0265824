// Flags of how data becomes text, tokens and batches.
#include "reference_trainer/commands/options_rows.h"

namespace trainer {

template <>
std::span<const std::string_view> words_of<ChatTemplate>() {
  return kChatTemplateNames;
}

// As that of data, but a prompt is no message unless the flag says so.
Flag prompt_template_flag() {
  const auto reading = at(&CommandLine::data, &DataOptions::reading, &SftOptions::chat_template);
  Flag flag =
      word_flag({"chat_template", "the prompt is a user's message; none: plain text"}, reading);
  const auto assign = flag.assign;
  flag.assign = [=](const FlagValue& value, CommandLine& line) {
    assign(value, line);
    line.generation.chat_template = reading(line);
  };
  flag.shown = [](const CommandLine&) { return std::string("none"); };
  return flag;
}

void add_data_flags(std::vector<FlagRow>& rows) {
  using namespace option_rows;
  using Cmd = CommandLine;
  Group group("Text and batches", rows);
  group.add(kReadsData,
            word_flag({"chat_template", "how rows with messages are written"},
                      at(&Cmd::data, &DataOptions::reading, &SftOptions::chat_template)));
  group.add({kGenerate}, prompt_template_flag());
  group.add(kReadsData,
            integer_flag({"skip_bad", "malformed rows of each file that are left out and listed"},
                         {0, kMany}, at(&Cmd::data, &DataOptions::reading, &SftOptions::skip_bad)));
  group.add({kTrain},
            switch_flag({"packing", "batches of packs: samples up to max_length tokens together"},
                        Packing::kBestFit, at(&Cmd::data, &DataOptions::packing)));
  group.add({kTrain},
            switch_flag({"group_by_length", "batches of samples of similar length"},
                        LengthGroups::kMegabatches, at(&Cmd::data, &DataOptions::length_groups)));
  group.add({kTrain}, text_flag({"dataset_cache", "keep tokens of --dataset here, not in memory"},
                                "DIR", at(&Cmd::data, &DataOptions::dataset_cache)));
}

}  // namespace trainer
