// Writes Failures to messages and reads them.
#pragma once

#include <phial/protocol/failure.h>
#include <phial/protocol/value_failure.h>
#include <phial/schema/value.capnp.h>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Writes `failure`: its types, message, traceback and code. An error that Phial reports keeps its
/// kind, so it arrives as the same class. An exception of a job's function arrives as
/// Failure::remote makes it.
void encodeFailure(const Failure& failure, schema::Failure::Builder to);

/// An upper bound of the words that encodeFailure needs.
std::uint64_t failureWords(const Failure& failure);

/// Reads what encodeFailure has written. Never throws for bad content: a failure that cannot be
/// read becomes an EncodingError that says so.
Failure decodeFailure(schema::Failure::Reader from);

}  // namespace phial::inline v1

#pragma GCC visibility pop
