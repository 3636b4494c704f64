// What a program outside Phial's tree does: the program of the README, which must find everything
// that it needs through the package.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>

bool isPrime(std::uint64_t n) {
  for (std::uint64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return n >= 2;
}

// Throws for what is no digit.
int digit(char c) {
  if (c < '0' || c > '9') throw std::invalid_argument(std::string("no digit: ") + c);
  return c - '0';
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
      .addCallback([&] { return pool.deferToProcess<digit>('x'); })
      .addCallback([&](int) { status = 1; })
      .addErrback([&](const phial::Failure& f) {
        if (f.as<std::invalid_argument>() != nullptr && f.message() == "no digit: x") return;
        std::fprintf(stderr, "%s\n", f.message().c_str());
        status = 1;
      })
      .addBoth([&](auto&&) { return pool.stop(); })
      .addBoth([&](auto&&) { reactor.stop(); });
  reactor.run();
  return status;
}
