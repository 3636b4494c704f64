#include <gtest/gtest.h>
#include <phial/worker.h>

#include "servers.h"

int main(int argc, char** argv) {
  if (phial::isWorker()) {
    phial::Worker worker;
    phial::exportAll(worker);
    return worker.serve(argc, argv);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
