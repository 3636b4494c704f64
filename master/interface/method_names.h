// The names under which methods of Cap'n Proto interfaces run as jobs.
//
// Thread rule: any thread. Life: a name stays to the end of the process, because jobs borrow it.
#pragma once

#include <capnp/schema.h>
#include <phial/master/detail/job.h>

#include <cstdint>

namespace phial::inline v1::detail {

/// Learns the names of all methods of `interface`, those of its superclasses included.
void learnMethodNames(capnp::InterfaceSchema interface);

/// The name of a method, such as "Calculator.evaluate"; that of a method which nobody has learnt
/// says which number it has.
const FunctionName& methodName(std::uint64_t interfaceId, std::uint16_t number);

}  // namespace phial::inline v1::detail
