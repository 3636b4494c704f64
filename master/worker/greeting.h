// What a worker says of itself in the handshake, and whether the master can work with it.
#pragma once

#include <phial/protocol/function_index.h>
#include <phial/schema/worker.capnp.h>

#include <string>

namespace phial::inline v1::detail {

/// Reads a greeting: adds the functions that the worker offers to `functions`. Returns what is
/// wrong with the greeting, or nothing. The worker may have written anything: a greeting that
/// cannot be read, or that is larger than a worker of ours makes, is wrong.
std::string readGreeting(schema::Worker::DescribeResults::Reader greeting,
                         FunctionIndex& functions);

/// Returns why the function of a start call did not return, or nothing if it did. `option` names
/// the call: "onStart".
std::string readStartAnswer(schema::Worker::StartResults::Reader answer, const char* option);

}  // namespace phial::inline v1::detail
