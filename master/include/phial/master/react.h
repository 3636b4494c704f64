// A program whose main function is a Deferred.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/reactor.h>

#include <string_view>

namespace phial {

/// Runs the loop until `main` has fired and returns its value: the program's exit status. A failure
/// is printed to stderr as "program: message", and the status is 1. Like the body of main(), it may
/// be used once at a time on a Reactor that is not running. After twisted.internet.task.react.
[[nodiscard]] int react(Reactor& reactor, std::string_view program, Deferred<int> main);

}  // namespace phial
