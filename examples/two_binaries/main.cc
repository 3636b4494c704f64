// A master whose workers are another program: it calls their functions by name, and says itself
// what types they take and return.
#include <phial/master.h>

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "options.h"

namespace {

using Factors = std::vector<std::uint64_t>;

// The pool's log, which holds what workers print, goes to stdout with the rest of the story.
void tellStory(const phial::LogRecord& record) {
  if (record.level == phial::LogLevel::debug) return;
  const std::string text(record.text);
  if (record.worker == 0) {
    std::printf("%s\n", text.c_str());
  } else {
    std::printf("[worker %lu] %s\n", record.worker, text.c_str());
  }
}

std::string join(const Factors& factors) {
  std::string text;
  for (const auto factor : factors) text += " " + std::to_string(factor);
  return text;
}

// One line about `n`, whether the worker's function returns or throws.
phial::Deferred<void> printFactors(phial::ProcessPool& pool, std::uint64_t n) {
  return pool.deferToProcess<Factors>("factor", n)
      .addCallbacks(
          [n](const Factors& factors) { std::printf("%lu =%s\n", n, join(factors).c_str()); },
          [n](const phial::Failure& failure) {
            // What the function threw has no class here, only a name.
            if (!failure.check("std::domain_error")) failure.rethrow();
            std::printf("%lu: %s: %s\n", n, failure.type().c_str(), failure.message().c_str());
          });
}

// The largest divisor of all numbers, by a function that the worker added under its own name.
phial::Deferred<std::uint64_t> commonDivisor(phial::ProcessPool& pool,
                                             std::vector<std::uint64_t> of) {
  std::uint64_t divisor = 0;
  for (const auto n : of) {
    divisor = co_await pool.deferToProcess<std::uint64_t>("arithmetic::gcd", divisor, n);
  }
  co_return divisor;
}

phial::Deferred<void> askForWhatIsNotThere(phial::ProcessPool& pool) {
  try {
    co_await pool.deferToProcess<Factors>("factorise", std::uint64_t{42});
  } catch (const phial::UnknownFunction& error) {
    std::printf("as expected: %s\n", error.what());
  }
}

phial::Deferred<void> run(phial::ProcessPool& pool, const Options& options) {
  co_await pool.start();
  std::vector<phial::Deferred<void>> jobs;
  jobs.reserve(options.numbers.size());
  for (const auto n : options.numbers) jobs.push_back(printFactors(pool, n));
  for (auto& job : jobs) co_await std::move(job);
  const auto divisor = co_await commonDivisor(pool, options.numbers);
  std::printf("their greatest common divisor: %lu\n", divisor);
  co_await askForWhatIsNotThere(pool);
}

std::string explain(const phial::Failure& failure) {
  const auto* startup = failure.as<phial::StartupFailed>();
  return startup != nullptr ? startup->certificate().summary() : failure.message();
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  phial::ProcessPool pool(
      reactor,
      {.name = "factors", .worker = {options.worker}, .max = options.workers, .onLog = tellStory});
  int status = 0;
  run(pool, options)
      .addErrback([&](const phial::Failure& failure) {
        std::fprintf(stderr, "two_binaries: %s\n", explain(failure).c_str());
        status = 1;
      })
      .addBoth([&](auto&&) { return pool.stop(); })
      .addBoth([&](auto&&) { reactor.stop(); });
  reactor.run();
  return status;
}
