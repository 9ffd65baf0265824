// Makers of flags, one for each type of field. `field` is the path that at() makes.
#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "reference_trainer/commands/options_flags.h"
#include "reference_trainer/report/number_text.h"

namespace trainer {

// What a flag is called and what it does.
struct FlagText {
  std::string name;
  std::string help;
};

// The path to a field: at(&CommandLine::train, &TrainOptions::seed)(line) is line.train.seed.
template <class... Members>
auto at(Members... path) {
  return [=](auto& line) -> auto& { return (line.*....*path); };
}

template <class Field>
using FieldType =
    std::remove_cvref_t<decltype(std::declval<Field>()(std::declval<CommandLine&>()))>;

// For float and double fields.
template <class Field>
Flag real_flag(FlagText text, RealRange range, Field field) {
  using Real = FieldType<Field>;
  return {text.name,
          "NUMBER",
          text.help,
          FlagKind::kValue,
          [=](const FlagValue& value, CommandLine& line) {
            field(line) = static_cast<Real>(parse_real(value, range));
          },
          [=](const CommandLine& line) { return shortest_text(static_cast<double>(field(line))); }};
}

// As real_flag, for the powers of two of the range.
template <class Field>
Flag power_of_two_flag(FlagText text, RealRange range, Field field) {
  Flag flag = real_flag(std::move(text), range, field);
  flag.assign = [=](const FlagValue& value, CommandLine& line) {
    field(line) = static_cast<FieldType<Field>>(parse_power_of_two(value, range));
  };
  return flag;
}

// For lists of numbers, each in the range, joined by commas.
template <class Field>
Flag reals_flag(FlagText text, RealRange range, Field field) {
  return {
      text.name,
      "LIST",
      text.help,
      FlagKind::kValue,
      [=](const FlagValue& value, CommandLine& line) { field(line) = parse_reals(value, range); },
      [=](const CommandLine& line) {
        std::string list;
        for (const double x : field(line))
          list.append(list.empty() ? "" : ",").append(shortest_text(x));
        return list;
      }};
}

// For integer fields of any width and sign; the range must fit them.
template <class Field>
Flag integer_flag(FlagText text, IntegerRange range, Field field) {
  using Integer = FieldType<Field>;
  return {text.name,
          "INTEGER",
          text.help,
          FlagKind::kValue,
          [=](const FlagValue& value, CommandLine& line) {
            field(line) = static_cast<Integer>(parse_integer(value, range));
          },
          [=](const CommandLine& line) { return std::to_string(field(line)); }};
}

template <class Field>
Flag bits_flag(FlagText text, Field field) {
  return {text.name,
          "BITS",
          text.help,
          FlagKind::kValue,
          [=](const FlagValue& value, CommandLine& line) { field(line) = parse_bits(value); },
          [=](const CommandLine& line) { return std::to_string(field(line)); }};
}

// For enums with words_of; the words are the flag's value name.
template <class Field>
Flag word_flag(FlagText text, Field field) {
  using Enum = FieldType<Field>;
  std::string words;
  for (const std::string_view word : words_of<Enum>())
    words.append(words.empty() ? "" : "|").append(word);
  return {text.name,
          words,
          text.help,
          FlagKind::kValue,
          [=](const FlagValue& value, CommandLine& line) {
            field(line) = static_cast<Enum>(parse_word(value, words_of<Enum>()));
          },
          [=](const CommandLine& line) {
            return std::string(words_of<Enum>()[static_cast<std::size_t>(field(line))]);
          }};
}

// For std::string and std::filesystem::path fields.
template <class Field>
Flag text_flag(FlagText text, std::string value_name, Field field) {
  return {text.name,
          std::move(value_name),
          text.help,
          FlagKind::kValue,
          [=](const FlagValue& value, CommandLine& line) { field(line) = value.text; },
          [=](const CommandLine& line) -> std::string { return field(line); }};
}

// For two-valued enums: `on` when the flag is given, the enum's zero otherwise.
template <class Field, class Enum>
Flag switch_flag(FlagText text, Enum on, Field field) {
  return {text.name,
          "",
          text.help,
          FlagKind::kSwitch,
          [=](const FlagValue& value, CommandLine& line) {
            field(line) = parse_truth(value) == Truth::kTrue ? on : Enum{};
          },
          [](const CommandLine&) { return std::string(); }};
}

}  // namespace trainer
