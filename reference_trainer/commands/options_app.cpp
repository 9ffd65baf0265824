#include "reference_trainer/commands/options_app.h"

#include <CLI/CLI.hpp>

#include "reference_trainer/base/error.h"
#include "reference_trainer/commands/options_help.h"
#include "reference_trainer/commands/suggest.h"

namespace trainer {
namespace {

const std::string kVersion = std::string("reference_trainer ") + kProgramVersion;
constexpr const char* kCommandLine = "command line";
constexpr std::size_t kHelpColumn = 44;  // the widest flag with its value fits

std::string default_text(const FlagRow& row, const CommandLine& defaults) {
  if (row.required.contains(defaults.command)) return " (required)";
  const std::string shown = row.flag.shown(defaults);
  return shown.empty() ? "" : " [" + shown + "]";
}

void add_flag(const FlagRow& row, const CommandLine& defaults, CLI::App& app) {
  const std::string help = row.flag.help + default_text(row, defaults);
  const std::string name = "--" + row.flag.name;
  CLI::Option* option =
      row.flag.kind == FlagKind::kSwitch ? app.add_flag(name, help) : app.add_option(name, help);
  option->group(row.group)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (row.flag.kind == FlagKind::kValue) option->type_name(row.flag.value_name);
}

void add_command(Command command, std::span<const FlagRow> table, CLI::App& app) {
  const CommandHelp& help = help_of(command);
  CLI::App* sub = app.add_subcommand(std::string(name_of(command)), std::string(help.what));
  sub->allow_extras();
  sub->group("Commands, in the order of the pipeline");
  sub->footer(std::string(help.when) + "\n\nExample:\n  reference_trainer " +
              std::string(help.example));
  const CommandLine defaults = defaults_of(command);
  for (const FlagRow& row : table) {
    if (row.commands.contains(command)) add_flag(row, defaults, *sub);
  }
  const std::string recipe_help = "YAML with `flag: value` lines; flags given here win";
  sub->add_option("--recipe", recipe_help)
      ->group("Every command")
      ->type_name("FILE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  sub->set_help_flag("-h,--help", "this text")->group("Every command");
}

void build(std::span<const FlagRow> table, CLI::App& app) {
  app.get_formatter()->column_width(kHelpColumn);
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app.set_help_flag("-h,--help", "this text; after a command: its flags");
  app.set_version_flag("--version", kVersion, "the version");
  app.allow_extras();
  app.require_subcommand(0, 1);
  app.footer("reference_trainer COMMAND --help explains a command and shows an example.");
  for (std::size_t i = 0; i < words_of<Command>().size(); ++i) {
    add_command(static_cast<Command>(i), table, app);
  }
}

// What could have been meant: a recipe knows neither --recipe nor --help.
std::vector<std::string_view> known_names(Command command, std::span<const FlagRow> table,
                                          std::string_view dashes) {
  std::vector<std::string_view> names;
  if (!dashes.empty()) names = {"recipe", "help"};
  for (const FlagRow& row : table) {
    if (row.commands.contains(command)) names.push_back(row.flag.name);
  }
  return names;
}

// "train, run": the commands that know a flag of this name.
std::string commands_with(std::string_view name, std::span<const FlagRow> table) {
  std::string text;
  for (std::size_t i = 0; i < words_of<Command>().size(); ++i) {
    const auto knows = [&](const FlagRow& row) {
      return row.flag.name == name && row.commands.contains(static_cast<Command>(i));
    };
    if (std::any_of(table.begin(), table.end(), knows)) {
      text.append(text.empty() ? "" : ", ").append(words_of<Command>()[i]);
    }
  }
  return text;
}

[[noreturn]] void throw_unknown_command(const std::string& word) {
  const std::string nearest = nearest_word(word, words_of<Command>());
  const std::string expected =
      "pretrain | rotate | measure | search | train | quantize | eval | generate | run | sweep | "
      "reproduce | report";
  const std::string hint = word.starts_with("-") ? "flags come after the command"
                           : nearest.empty()     ? "see --help"
                                                 : "did you mean '" + nearest + "'?";
  throw_usage({"CL-01", kCommandLine, "'" + word + "'", expected, hint});
}

void take_option(const CLI::Option& option, GivenFlags& given) {
  const std::string where = option.get_name();
  if (option.count() > 1) {
    throw_usage(
        {"CL-04", where, std::to_string(option.count()) + " times", "a flag at most once", ""});
  }
  const std::string& text = option.results().front();
  if (text.starts_with("--")) {
    throw_usage({"CL-09", where, "'" + text + "'", "a value",
                 "a value that begins with -- can stand in a recipe"});
  }
  given.insert({where.substr(2), {text, where}});
}

GivenFlags take_flags(CLI::App& sub, Command command, std::span<const FlagRow> table) {
  if (const auto extras = sub.remaining(); !extras.empty()) {
    throw_unknown_flag(extras.front(), kCommandLine, command, table);
  }
  GivenFlags given;
  for (const CLI::Option* option : sub.get_options()) {
    if (option->count() > 0) take_option(*option, given);
  }
  return given;
}

SplitArguments take_command(const CLI::App& app, std::span<const FlagRow> table) {
  if (const auto extras = app.remaining(); !extras.empty()) throw_unknown_command(extras.front());
  const std::vector<CLI::App*> parsed = app.get_subcommands();
  if (parsed.empty()) return {Command::kNone, app.help(), {}};
  const auto words = words_of<Command>();
  const auto found = std::find(words.begin(), words.end(), parsed.front()->get_name());
  const auto command = static_cast<Command>(found - words.begin());
  return {command, "", take_flags(*parsed.front(), command, table)};
}

}  // namespace

void throw_unknown_flag(const std::string& word, const std::string& where, Command command,
                        std::span<const FlagRow> table) {
  const std::string dashes = word.starts_with("--") ? "--" : "";
  const std::string name = word.substr(dashes.size(), word.find('=') - dashes.size());
  const std::string nearest = nearest_word(name, known_names(command, table, dashes));
  const std::string elsewhere = commands_with(name, table);
  const std::string hint =
      !elsewhere.empty() ? "it belongs to: " + elsewhere
      : nearest.empty()  ? "see reference_trainer " + std::string(name_of(command)) + " --help"
                         : "did you mean '" + dashes + nearest + "'?";
  throw_usage(
      {"CL-01", where, "'" + word + "'", "a flag of " + std::string(name_of(command)), hint});
}

SplitArguments split_arguments(int argc, const char* const* argv, std::span<const FlagRow> table) {
  CLI::App app("Quantization-aware fine-tuning of transformers with rotations (RoSTE).",
               "reference_trainer");
  build(table, app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return {Command::kHelp, app.help(), {}};
  } catch (const CLI::CallForVersion& version) {
    return {Command::kHelp, std::string(version.what()) + "\n", {}};
  } catch (const CLI::ParseError& failure) {
    throw_usage(
        {"CL-09", kCommandLine, failure.what(), "a value after every flag that takes one", ""});
  }
  return take_command(app, table);
}

}  // namespace trainer
