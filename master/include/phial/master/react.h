// Runs a program whose main function is a Deferred.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/reactor.h>

#include <string_view>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Runs the loop until `main` has its result. Returns the value of `main`, to be the program's exit
/// status. If `main` fails, writes "program: message" to the log and returns 1. If something else
/// ends the loop first, returns 1 and drops `main` without cancelling it; a later failure of `main`
/// is reported as unhandled. System event triggers have been called when it returns. REQUIRES:
/// `reactor` is not running. After twisted.internet.task.react.
[[nodiscard]] int react(Reactor& reactor, std::string_view program, Deferred<int> main);

}  // namespace phial::inline v1

#pragma GCC visibility pop
