#include <gtest/gtest.h>
#include <phial/worker.h>

#include <cstdlib>

#include "warm_fixture.h"

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  if (std::getenv(phial::kWarmMasterVariable) != nullptr) phial::runWarmMaster();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
