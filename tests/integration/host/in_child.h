// Hosts that a test program cannot become itself: they run in a process forked from it.
#pragma once

#include <phial/master.h>

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace host {

/// Runs `f` in a forked process and returns what it returned there, or how the process ended. What
/// `f` throws is part of the text.
std::string inChild(const std::function<std::string()>& f);

/// Runs the loop until `deferred` has fired.
template <class T>
phial::Outcome<T> await(phial::Reactor& reactor, phial::Deferred<T> deferred) {
  std::optional<phial::Outcome<T>> result;
  bool running = false;
  std::move(deferred).addBoth([&](phial::Outcome<T> outcome) {
    result.emplace(std::move(outcome));
    if (running) reactor.stop();
  });
  running = true;
  if (!result) reactor.run();
  return std::move(*result);
}

/// The same, when it has to succeed: throws otherwise.
inline void finish(phial::Reactor& reactor, phial::Deferred<void> deferred) {
  const auto outcome = await(reactor, std::move(deferred));
  if (!outcome.ok()) throw std::runtime_error(outcome.failure().message());
}

/// "ok", or the failure's type and message.
template <class T>
std::string show(const phial::Outcome<T>& outcome) {
  if (outcome.ok()) return "ok";
  return outcome.failure().type() + ": " + outcome.failure().describe();
}

}  // namespace host
