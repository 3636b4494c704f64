// A host's addresses, looked up without making the loop wait.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/reactor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "master/net/socket.h"

namespace phial::inline v1::detail {

/// The addresses of `host`, in the order in which to try them; digits need no lookup. Fails with
/// DNSLookupError. Cancelling ends the waiting, not the lookup.
Deferred<std::vector<SocketAddress>> resolve(Reactor& reactor, const std::string& host,
                                             std::uint16_t port);

}  // namespace phial::inline v1::detail
