// The same programs without their mistakes, which have to compile.
#include "tests/compile/common.h"

int twice(int n);
double twice(double x);

void program(const std::vector<std::uint64_t>& numbers, const phial::JobOptions& options) {
  pool().deferToProcess<isPrime>(7);
  pool().deferToProcess<isPrime>(numbers.size());
  pool().deferToProcess<shout>("text");
  pool().deferToProcess<shout>(std::string_view("text"));
  pool().deferToProcess<area>(Base{});
  pool().deferToProcess<sum>(std::vector{1, 2});
  pool().deferToProcess<maybe>(std::uint8_t{3});
  pool().deferToProcess<maybe>(std::nullopt);
  pool().deferToProcess<phial::overload<double(double)>(twice)>(1.5);
  pool().with(options).deferToProcess<isPrime>(7);
  pool().with({.timeout = std::chrono::seconds(5)}).deferToProcess<int>("named", 7);
  pool().with({.chunk = 10}).map<isPrime>(numbers);
  pool().forEach<isPrime>(numbers, [](std::size_t, bool) {});
  pool().forEach<isPrime>(numbers, [](std::size_t, auto&&) {});
  pool().forEach<note>(std::vector{1}, [](std::size_t) {});
  pool().deferToProcess<kShout>("text");
  pool().map<kShout>(std::vector<std::string>{"text"});
  pool().deferToProcess<[](int n) { return n; }>(7);
  pool().stream<countTo>(7).forEach([](int) {});
  pool().stream<countTo>(std::uint8_t{7}).forEach([](double) { return phial::Deferred<void>(); });
  pool().call("named", {7, "text", 1.5, phial::AnyValue::List{true}});
}

phial::Deferred<void> coroutine(phial::DeferredLock& lock) {
  auto stream = pool().with({.label = "count"}).stream<countTo>(7);
  while (const std::optional<int> number = co_await stream.next()) {
    if (*number > 3) stream.cancel();
  }
  auto held = co_await lock.acquire();
  auto outcome = co_await pool().deferToProcess<isPrime>(7).outcome();
  auto [prime, text] = co_await phial::gatherResults(pool().deferToProcess<isPrime>(7),
                                                     pool().deferToProcess<shout>("text"));
}
