// A program outside Phial's tree whose pool is watched, by the component service of the package.
#include <phial/master.h>
#include <phial/service.h>
#include <phial/worker.h>

#include <cstdio>

int twice(int n) { return 2 * n; }

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  phial::Reactor reactor;
  phial::ProcessPool pool(reactor, {.max = 1});
  phial::Metrics metrics(reactor);
  metrics.add("package", pool);
  phial::TraceFile trace(reactor, {.path = "/dev/null"});
  trace.add("package", pool);
  pool.deferToProcess<twice>(1).addBoth([&](auto&&) { return pool.stop(); }).addBoth([&](auto&&) {
    reactor.stop();
  });
  reactor.run();
  const bool counted = metrics.text().find("outcome=\"succeeded\"} 1") != std::string::npos;
  std::puts(counted ? "counted" : "not counted");
  return counted ? 0 : 1;
}
