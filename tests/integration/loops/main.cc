#include <gtest/gtest.h>
#include <phial/worker.h>

#ifdef PHIAL_ADDRESS_SANITIZER
// GLib 2.74 loses a GCancellableSource, 120 bytes, that ends at the very moment when another thread
// cancels: it is taken up again for the cancelling thread, which does not always let go of it.
extern "C" const char* __lsan_default_suppressions();  // NOLINT: the sanitizer's name
extern "C" const char* __lsan_default_suppressions() { return "leak:libglib-2.0.so\n"; }
#endif

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
