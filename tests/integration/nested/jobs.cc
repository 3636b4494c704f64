#include "jobs.h"

#include <fcntl.h>
#include <phial/master.h>
#include <phial/worker.h>
#include <phial/worker/parent.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <utility>

#include "registry.capnp.h"

namespace nested {
namespace {

using phial::Call;
using phial::currentJob;
using registry::Registry;

// What a function throws, as text.
template <class F>
std::string said(F f) {
  try {
    return f();
  } catch (const phial::CancelledError&) {
    return "CancelledError";
  } catch (const phial::WorkerDied& e) {
    return "WorkerDied of " + e.certificate().function + ", " +
           phial::causeName(e.certificate().cause);
  } catch (const phial::TooManyWaiting& e) {
    return std::string("TooManyWaiting: ") + e.what();
  } catch (const phial::EncodingError& e) {
    return std::string("EncodingError: ") + e.what();
  } catch (const phial::UnknownFunction&) {
    return "UnknownFunction";
  } catch (const phial::NoSuchInterface&) {
    return "NoSuchInterface";
  } catch (const std::invalid_argument& e) {
    return std::string("invalid_argument: ") + e.what();
  } catch (const std::logic_error& e) {
    return std::string("logic_error: ") + e.what();
  } catch (const kj::Exception& e) {
    return std::string("kj::Exception: ") + e.getDescription().cStr();
  } catch (const std::exception& e) {
    return std::string("other: ") + e.what();
  }
}

std::optional<Call<int>> keptCall;
std::optional<Registry::Client> keptParent;

template <class F>
std::string onThread(F f) {
  std::string text;
  std::thread([&] { text = said(f); }).join();
  return text;
}

int addBy(Registry::Client& parent, int a, int b) {
  auto request = parent.addRequest();
  request.setA(a);
  request.setB(b);
  return currentJob().wait(request.send()).getSum();
}

}  // namespace

std::uint64_t nodes(int depth) {
  if (depth == 0) return 1;
  auto left = currentJob().call<nodes>(depth - 1);
  auto right = currentJob().call<nodes>(depth - 1);
  return 1 + left.get() + right.get();
}

std::uint64_t nodesInTurn(int depth) {
  if (depth == 0) return 1;
  const auto left = currentJob().call<nodesInTurn>(depth - 1).get();
  return 1 + left + currentJob().call<nodesInTurn>(depth - 1).get();
}

int twice(int n) { return 2 * n; }
std::string whole(std::string text) { return text; }
std::vector<double> halves(std::vector<double> numbers) {
  for (auto& number : numbers) number /= 2;
  return numbers;
}
int dividedBy(int n, int by) {
  if (by == 0) throw std::invalid_argument("by is 0");
  return n / by;
}
int killsItself(int) {
  ::kill(::getpid(), SIGKILL);
  for (;;) ::pause();
}
std::uint64_t withoutEnd(std::uint64_t level) {
  return currentJob().call<withoutEnd>(level + 1).get();
}
void announceAndHeed(std::string path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  static_cast<void>(::write(fd, "b", 1));
  while (!currentJob().cancelled()) std::this_thread::yield();
  static_cast<void>(::write(fd, "c", 1));
  ::close(fd);
}
void waitForEndOf(std::string path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  while (::read(fd, &byte, 1) > 0) continue;
  ::close(fd);
}
std::string printed(std::string text) { return text + "!"; }

std::vector<int> twiceEach(std::vector<int> numbers) {
  return currentJob().callAll<twice>(numbers);
}

int sumOfProducts(int n) {
  std::vector<std::pair<int, int>> pairs;
  for (int i = 1; i <= n; ++i) pairs.emplace_back(i * i, i);
  int sum = 0;
  for (const int quotient : currentJob().callAll<dividedBy>(pairs)) sum += quotient;
  return sum;
}

std::string afterDeath() {
  return said([] { return std::to_string(currentJob().call<killsItself>(1).get()); });
}
std::string afterException() {
  return said([] { return std::to_string(currentJob().call<dividedBy>(1, 0).get()); });
}
std::string afterMisfit() {
  return said([] { return std::to_string(currentJob().call<twice>(std::int64_t{1} << 40).get()); });
}
std::size_t takesShared(phial::SharedArray<int> numbers) { return numbers.size(); }
std::string afterSharedArray() {
  return said([] {
    phial::SharedArray<int> numbers(4);
    return std::to_string(currentJob().call<takesShared>(numbers).get());
  });
}
std::string afterUnknown() {
  return said([] { return std::to_string(currentJob().call<kNobodys>(1).get()); });
}
std::string callsTooDeep() {
  return said([] { return std::to_string(currentJob().call<withoutEnd>(0U).get()); });
}
std::string callsFromThread() {
  return onThread([] { return std::to_string(currentJob().call<twice>(1).get()); });
}
std::string callsAndKeeps() {
  keptCall = currentJob().call<twice>(1);
  return "kept";
}
std::string getsWhatWasKept() {
  auto text = said([] { return std::to_string(keptCall->get()); });
  std::thread([] { keptCall.reset(); }).join();
  return text;
}
std::string dropsOnThread() {
  auto call = std::make_optional(currentJob().call<twice>(1));
  std::thread([&] { call.reset(); }).join();
  return std::to_string(currentJob().call<twice>(4).get());
}
std::string getsTwice() {
  auto call = currentJob().call<twice>(1);
  call.get();
  return said([&] { return std::to_string(call.get()); });
}
std::string firstFailureOf(int count) {
  std::vector<std::pair<int, int>> pairs;
  for (int i = 0; i < count; ++i) pairs.emplace_back(i, i == count / 2 ? 0 : 1);
  return said([&] { return std::to_string(currentJob().callAll<dividedBy>(pairs).size()); });
}
std::size_t sizeOfWhole(std::size_t bytes) {
  return currentJob().call<whole>(std::string(bytes, 'x')).get().size();
}
int callsTwice(int n) { return currentJob().call<twice>(n).get(); }
int callsAndForgets(std::string path) {
  auto forgotten = currentJob().call<announceAndHeed>(path);
  // It is under way when it is forgotten.
  return currentJob().call<twice>(1).get();
}
void callsAndHeeds(std::string path) { currentJob().call<announceAndHeed>(path).get(); }
std::string callsAndHeedsSoftly(std::string path) {
  return said([&]() -> std::string {
    currentJob().call<announceAndHeed>(path).get();
    return "it ended";
  });
}

std::string asksToAdd(int a, int b) {
  return said([&] {
    auto parent = currentJob().parent<Registry>();
    return std::to_string(addBy(parent, a, b));
  });
}
std::string asksToFail(std::string text) {
  return said([&]() -> std::string {
    auto request = currentJob().parent<Registry>().failRequest();
    request.setText(text.c_str());
    currentJob().wait(request.send());
    return "it did not fail";
  });
}
std::string asksOther() {
  return said([]() -> std::string {
    currentJob().parent<registry::Other>();
    return "it is there";
  });
}
std::string asksFromThread() {
  return onThread([]() -> std::string {
    currentJob().parent<Registry>();
    return "it is there";
  });
}
std::string asksAndWaits() {
  return said([]() -> std::string {
    currentJob().wait(currentJob().parent<Registry>().neverRequest().send());
    return "it was answered";
  });
}
void asksAndNeverReturns() {
  currentJob().wait(currentJob().parent<Registry>().neverRequest().send());
}
std::string keepsParent() {
  keptParent = currentJob().parent<Registry>();
  return std::to_string(addBy(*keptParent, 1, 2));
}
std::string asksKeptParent() {
  auto text = said([] { return std::to_string(addBy(*keptParent, 1, 2)); });
  keptParent.reset();
  return text;
}
std::string asksForJob(int n) {
  return said([&] {
    auto request = currentJob().parent<Registry>().runJobRequest();
    request.setN(n);
    return std::to_string(currentJob().wait(request.send()).getResult());
  });
}
std::string asksInForkedChild() {
  int pipe[2];
  if (::pipe(pipe) != 0) return "no pipe";
  auto call = currentJob().call<twice>(1);
  if (const auto child = ::fork(); child == 0) {
    const auto text = said([] { return std::to_string(currentJob().call<twice>(1).get()); });
    {
      const auto dropped = std::move(call);
    }
    static_cast<void>(::write(pipe[1], text.data(), text.size()));
    ::_exit(0);
  } else {
    ::waitpid(child, nullptr, 0);
  }
  char text[256];
  const auto bytes = ::read(pipe[0], text, sizeof text);
  ::close(pipe[0]);
  ::close(pipe[1]);
  return std::string(text, bytes > 0 ? static_cast<std::size_t>(bytes) : 0) + "; " +
         std::to_string(call.get());
}

int poolOnItsThread(int n) {
  phial::Reactor reactor;
  phial::ProcessPool pool(reactor, {.min = 1, .max = 1});
  int result = 0;
  pool.deferToProcess<twice>(n)
      .addCallback([&](int r) { result = r; })
      .addErrback([](const phial::Failure& f) { std::fputs(f.describe().c_str(), stderr); })
      .addBoth([&](auto&&) { return pool.stop(); })
      .addBoth([&](auto&&) { reactor.stop(); });
  reactor.run();
  return result;
}
int poolOnAnotherThread(int n) {
  phial::BlockingPool pool({.max = 1});
  return pool.call<twice>(n);
}
int poolThenCall(int n) { return currentJob().call<twice>(poolOnItsThread(n)).get(); }

std::string waitsInsideLoop() {
  std::string text = "not called";
  phial::Reactor reactor;
  reactor.callLater(phial::Duration::zero(), [&] {
    text = said([] { return std::to_string(currentJob().call<twice>(1).get()); });
    reactor.stop();
  });
  reactor.run();
  return text;
}

}  // namespace nested
