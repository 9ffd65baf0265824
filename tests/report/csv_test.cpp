#include "reference_trainer/report/csv.h"

#include <gtest/gtest.h>

#include <cmath>

namespace trainer {
namespace {

TEST(Csv, TableHasALinePerNumber) {
  ReportTable table;
  table.measures = {{"a,b", "%", 2, Better::kLarger}, {"c", "", 2, Better::kLarger}};
  table.rows = {
      {"W4A4KV4",
       "say \"x\"",
       {{Estimate{0.1, 0.2, 3, Estimate::Interval{0, 1}}, 5.5}, {std::nullopt, std::nullopt}},
       {},
       {"r/s0", "r/s1"}}};
  EXPECT_EQ(csv_of(table),
            "setting,method,measure,unit,mean,sd,n,low,high,paper,sources\r\n"
            "W4A4KV4,\"say \"\"x\"\"\",\"a,b\",%,0.1,0.2,3,0,1,5.5,r/s0 r/s1\r\n"
            "W4A4KV4,\"say \"\"x\"\"\",c,,,,,,,,r/s0 r/s1\r\n");
}

TEST(Csv, Claims) {
  EXPECT_EQ(csv_of(std::vector<Claim>{{"A > B",
                                       "Table 1",
                                       Verdict::kWithinNoise,
                                       std::nullopt,
                                       {"m", "u", 1, Better::kLarger},
                                       "line\nbreak",
                                       {}}}),
            "claim,reference,verdict,measure,unit,mean,sd,n,low,high,reason,sources\r\n"
            "A > B,Table 1,within noise,m,u,,,,,,\"line\nbreak\",\r\n");
}

TEST(Csv, Curves) {
  EXPECT_EQ(
      csv_of(CurveFigure{"i", "", "", "", {"step"}, {"loss"}, {{"c", {{1, NAN, 0.5}}, {"log"}}}}),
      "curve,step,loss,sd,sources\r\nc,1,nan,0.5,log\r\n");
}

TEST(Csv, ActivationsReductionsRotations) {
  EXPECT_EQ(csv_of(ActivationFigure{"i", "", "", "", 0, "", {{"m", 2, 2, {1, 2, 3, 4}, "s"}}}),
            "map,token,channel,magnitude,source\r\nm,0,0,1,s\r\nm,0,1,2,s\r\nm,1,0,3,s\r\n"
            "m,1,1,4,s\r\n");
  EXPECT_EQ(csv_of(ReductionFigure{"i", "", "", "", {{2, "key", -0.5, std::nullopt}}, {"s"}}),
            "layer,tensor,error_reduction,range_reduction,sources\r\n2,key,-0.5,,s\r\n");
  constexpr GridMark kH = GridMark::kHadamard, kI = GridMark::kIdentity;
  EXPECT_EQ(csv_of(std::vector<RotationGrid>{{"r", {{kH, kI, kI, kH}}, "s"}}),
            "run,layer,R1,R2,R3,R4,source\r\nr,0,1,0,0,1,s\r\n");
}

}  // namespace
}  // namespace trainer
