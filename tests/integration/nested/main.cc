#include <gtest/gtest.h>
#include <phial/worker.h>

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
