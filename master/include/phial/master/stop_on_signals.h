// The orderly end of a program that has a pool, in one line.
//
//     const auto ending = phial::stopOnSignals(reactor, pool, {.within = 5s});
//     reactor.run();  // Ctrl-C or kill(1): the pool ends in order, then the loop
//
// Thread rule: the reactor's thread.
#pragma once

#include <phial/master/pool_options.h>
#include <phial/master/reactor.h>
#include <phial/master/signal_watch.h>

#include <csignal>
#include <initializer_list>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class Pool;

/// At the first of the signals `numbers` stops `pool` with `options`; when the pool has stopped,
/// stops the loop. At a second signal kills the workers at once. StopOptions::within bounds the
/// time that jobs may take; without it only a second signal does. What else must end in order is a
/// system event trigger of `reactor`.
///
/// Keep the SignalWatch while the signals shall end the program. Dropping it restores the signals;
/// a pool that is being stopped goes on stopping, and the loop is left alone. `reactor` and `pool`
/// are borrowed and must outlive the SignalWatch. Throws as SignalWatch.
SignalWatch stopOnSignals(Reactor& reactor, Pool& pool, StopOptions options = {},
                          std::initializer_list<int> numbers = {SIGINT, SIGTERM});

}  // namespace phial::inline v1

#pragma GCC visibility pop
