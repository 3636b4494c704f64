// A program whose main function is a Deferred.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/reactor.h>

#include <string_view>

namespace phial {

/// Runs the loop until `main` has fired and returns its value: the program's exit status. A failure
/// goes to the log as "program: message", and the status is 1. Like the body of main(), it may
/// be used once at a time on a Reactor that is not running. The status is 1 too when something else
/// ends the loop first; `main` is then left to itself, and a failure of it that comes later is
/// reported as unhandled. After twisted.internet.task.react.
[[nodiscard]] int react(Reactor& reactor, std::string_view program, Deferred<int> main);

}  // namespace phial
