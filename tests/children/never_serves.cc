// A program that offloads to itself and has forgotten serveIfWorker. Each of its processes adds a
// line to the file named by PHIAL_TEST_CENSUS, so that a test can count them.
#include <phial/master.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

namespace {

int answer() { return 42; }

void takePartInCensus() {
  const char* path = std::getenv("PHIAL_TEST_CENSUS");
  if (path != nullptr) std::ofstream(path, std::ios::app) << "here\n";
}

}  // namespace

int main() {
  takePartInCensus();
  phial::Reactor reactor;
  phial::ProcessPool pool(reactor, {.min = 1, .max = 2});
  int status = 1;
  pool.deferToProcess<answer>()
      .addCallback([](int) {})
      .addErrback([&](const phial::Failure& failure) {
        status = failure.check<phial::StartupFailed>() ? 0 : 2;
        std::fprintf(stderr, "%s\n", failure.message().c_str());
      })
      .addBoth([&](auto&&) { return pool.stop(); })
      .addBoth([&](auto&&) { reactor.stop(); });
  reactor.run();
  return status;
}
