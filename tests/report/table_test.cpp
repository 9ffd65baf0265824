#include "reference_trainer/report/table.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "reference_trainer/report/number_text.h"

namespace trainer {
namespace {

const Table kMethods = {{"method", "loss", "ROUGE"},
                        {{"RoSTE", "0.075", "97.4"}, {"élan", "10.5", "3"}}};

TEST(Table, TextIsAligned) {
  EXPECT_EQ(text_table(kMethods),
            "method   loss  ROUGE\n"
            "------  -----  -----\n"
            "RoSTE   0.075   97.4\n"
            "élan     10.5      3\n");
}

TEST(Table, NoRowsAndNoTrailingSpaces) {
  EXPECT_EQ(text_table({{"a", "b"}, {}}), "a  b\n-  -\n");
  EXPECT_EQ(text_table({{"long", ""}, {{"x", ""}}}), "long\n----\nx\n");
}

TEST(Table, RowOfAnotherLengthThrows) {
  EXPECT_THROW(text_table({{"a"}, {{"1", "2"}}}), std::invalid_argument);
  EXPECT_THROW(text_table({{"a", "b"}, {{"1"}}}), std::invalid_argument);
}

TEST(NumberText, Fixed) {
  EXPECT_EQ(fixed_text(0.0751, 3), "0.075");
  EXPECT_EQ(fixed_text(-2, 0), "-2");
  EXPECT_EQ(fixed_text(std::nan(""), 2), "nan");
  EXPECT_EQ(fixed_text(std::numeric_limits<double>::max(), 17).size(), 309u + 1 + 17);
}

TEST(NumberText, Shortest) {
  EXPECT_EQ(shortest_text(0.1), "0.1");
  EXPECT_EQ(shortest_text(3e-5), "3e-05");
  EXPECT_EQ(shortest_text(-2), "-2");
  EXPECT_EQ(shortest_text(-std::numeric_limits<double>::min()), "-2.2250738585072014e-308");
}

TEST(NumberText, ShortCounts) {
  EXPECT_EQ(short_count_text(0), "0");
  EXPECT_EQ(short_count_text(999.4), "999");
  EXPECT_EQ(short_count_text(999.6), "1.00k");
  EXPECT_EQ(short_count_text(5120), "5.12k");
  EXPECT_EQ(short_count_text(51200), "51.2k");
  EXPECT_EQ(short_count_text(512000), "512k");
  EXPECT_EQ(short_count_text(1.3e6), "1.30M");
  EXPECT_EQ(short_count_text(2e9), "2.00G");
}

}  // namespace
}  // namespace trainer
