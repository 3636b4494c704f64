// What a program outside Phial's tree does: the program of the README, which must find everything
// that it needs through the package.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstdint>
#include <cstdio>

bool isPrime(std::uint64_t n) {
  for (std::uint64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return n >= 2;
}

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  phial::Reactor reactor;
  phial::ProcessPool pool(reactor, {.min = 1, .max = 4});
  int status = 1;
  pool.deferToProcess<isPrime>(1000003u)
      .addCallback([&](bool prime) {
        std::puts(prime ? "prime" : "composite");
        status = prime ? 0 : 1;
      })
      .addErrback(
          [](const phial::Failure& f) { std::fprintf(stderr, "%s\n", f.message().c_str()); })
      .addBoth([&](auto&&) { return pool.stop(); })
      .addBoth([&](auto&&) { reactor.stop(); });
  reactor.run();
  return status;
}
