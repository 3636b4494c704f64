#include "master/reactor/signal_table.h"

#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

namespace phial::inline v1::detail {
namespace {

constexpr int kSignals = 64;  // the kernel's

struct Entry {
  int signal;
  SignalBell* bell;
};
using Table = std::vector<Entry>;

constinit std::mutex mutex;  // guards every change
constinit std::atomic<const Table*> table{nullptr};
constinit std::atomic<int> handlersInside{0};
constinit std::atomic<pid_t> owner{0};  // the process that installed the handlers
// What stood before ours. Only a forked child's handler reads it.
constinit std::array<struct sigaction, kSignals + 1> before{};

// In a forked child the bells are the parent's. The signal takes the effect that it would have had.
void passOn(int signal) {
  ::sigaction(signal, &before[static_cast<std::size_t>(signal)], nullptr);
  ::raise(signal);  // blocked in here: it arrives when the handler has returned
}

void ring(int signal) {
  const Table* const current = table.load();
  if (current == nullptr) return;
  for (const Entry& entry : *current) {
    if (entry.signal != signal) continue;
    ringAgain(*entry.bell, SignalBell::bit(signal));
  }
}

void onSignal(int signal) {
  const int error = errno;
  handlersInside.fetch_add(1);
  if (owner.load() == ::getpid()) {
    ring(signal);
  } else {
    passOn(signal);
  }
  handlersInside.fetch_sub(1);
  errno = error;
}

bool watched(int signal) {
  const Table* const current = table.load();
  return current != nullptr && std::any_of(current->begin(), current->end(),
                                           [=](const Entry& e) { return e.signal == signal; });
}

// Swaps the table, and frees the old one when no handler can be in it.
void replaceTable(std::unique_ptr<const Table> next) {
  const std::unique_ptr<const Table> old(table.exchange(next.release()));
  while (handlersInside.load() != 0) ::sched_yield();
}

std::unique_ptr<Table> copyOfTable() {
  const Table* const current = table.load();
  return current != nullptr ? std::make_unique<Table>(*current) : std::make_unique<Table>();
}

void requireWatchable(int signal) {
  const auto refuse = [&](const char* why) {
    throw std::invalid_argument("SignalWatch: signal " + std::to_string(signal) + " " + why);
  };
  if (signal < 1 || signal > kSignals) refuse("does not exist");
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    if (signal == fault) refuse("reports a fault of the program and cannot be watched");
  }
  struct sigaction current;
  if (signal == SIGKILL || signal == SIGSTOP || ::sigaction(signal, nullptr, &current) != 0) {
    refuse("cannot be watched");
  }
}

bool isOurs(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == onSignal;
}

void install(int signal) {
  struct sigaction ours{};
  ours.sa_handler = onSignal;
  ours.sa_flags = SA_RESTART;
  ::sigemptyset(&ours.sa_mask);
  struct sigaction current{};
  ::sigaction(signal, &ours, &current);
  // Ours stands already if somebody else had put his over it, and has taken it away since.
  if (!isOurs(current)) before[static_cast<std::size_t>(signal)] = current;
}

void putBack(int signal) noexcept {
  struct sigaction current{};
  ::sigaction(signal, nullptr, &current);
  // A handler that somebody has put over ours stays.
  if (isOurs(current)) ::sigaction(signal, &before[static_cast<std::size_t>(signal)], nullptr);
}

}  // namespace

void ringAgain(SignalBell& bell, std::uint64_t arrived) noexcept {
  bell.arrived.fetch_or(arrived);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(bell.eventFd, &one, sizeof one);
}

void watchSignals(SignalBell& bell, std::initializer_list<int> signals) {
  for (const int signal : signals) requireWatchable(signal);
  const std::scoped_lock lock(mutex);
  if (owner.exchange(::getpid()) != ::getpid()) {
    // A forked child's first watch: the parent's bells are not this process's to ring.
    for (int signal = 1; signal <= kSignals; ++signal) {
      if (watched(signal)) putBack(signal);
    }
    replaceTable(nullptr);
  }
  std::vector<int> added;
  auto next = copyOfTable();
  for (const int signal : signals) {
    const bool known =
        std::any_of(next->begin(), next->end(), [&](const Entry& e) { return e.signal == signal; });
    if (!known) added.push_back(signal);
    next->push_back({signal, &bell});
  }
  replaceTable(std::move(next));
  for (const int signal : added) install(signal);
}

void forgetSignals(const SignalBell& bell) noexcept {
  const std::scoped_lock lock(mutex);
  if (owner.load() != ::getpid()) return;  // the table is a copy of the parent's
  auto next = copyOfTable();
  std::erase_if(*next, [&](const Entry& entry) { return entry.bell == &bell; });
  const auto stays = [&](int signal) {
    return std::any_of(next->begin(), next->end(),
                       [=](const Entry& e) { return e.signal == signal; });
  };
  for (int signal = 1; signal <= kSignals; ++signal) {
    if (watched(signal) && !stays(signal)) putBack(signal);
  }
  if (next->empty()) next.reset();
  replaceTable(std::move(next));
}

}  // namespace phial::inline v1::detail
