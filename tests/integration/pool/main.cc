#include <gtest/gtest.h>
#include <phial/worker.h>

#include <cstdlib>

#include "doomed_master.h"

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  if (std::getenv(phial::kDoomedMasterVariable) != nullptr) phial::runDoomedMaster();
  if (std::getenv(phial::kReloadingMasterVariable) != nullptr) {
    phial::runReloadingMaster();
    return 0;
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
