#include "reference_trainer/base/utf8.h"

#include <gtest/gtest.h>

namespace trainer {
namespace {

TEST(Utf8Length, WellFormedCharactersOfOneToFourBytes) {
  EXPECT_EQ(utf8_length("a", 0), 1u);
  EXPECT_EQ(utf8_length(std::string_view("\0", 1), 0), 1u);
  EXPECT_EQ(utf8_length("x\xc3\xa9", 1), 2u);
  EXPECT_EQ(utf8_length("\xe2\x82\xac", 0), 3u);
  EXPECT_EQ(utf8_length("\xf0\x9f\x99\x82", 0), 4u);
  EXPECT_EQ(utf8_length("\xf4\x8f\xbf\xbf", 0), 4u);  // U+10FFFF
}

TEST(Utf8Length, WhatIsNoCharacterHasNone) {
  for (const std::string_view text :
       {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x82z", "\xff"}) {
    EXPECT_EQ(utf8_length(text, 0), 0u) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace trainer
