#include "tests/program/program.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  testing::AddGlobalTestEnvironment(new trainer::test::RemoveTinyBase);
  return RUN_ALL_TESTS();
}
