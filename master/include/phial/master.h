// Includes everything that a program needs to offload work to processes.
//
// A header for each of the other things that a master can do: other programs as children
// (<phial/master/process.h>, process_output.h, process_protocol.h), bridges to std::future, KJ,
// fibers and foreign loops (future_bridge.h, kj_bridge.h, fiber.h, <phial/asio.h> and its kin).
#pragma once

#include <phial/master/blocking_pool.h>       // IWYU pragma: export
#include <phial/master/clock.h>               // IWYU pragma: export
#include <phial/master/cooperator.h>          // IWYU pragma: export
#include <phial/master/deferred.h>            // IWYU pragma: export
#include <phial/master/deferred_debugging.h>  // IWYU pragma: export
#include <phial/master/deferred_list.h>       // IWYU pragma: export
#include <phial/master/deferred_lock.h>       // IWYU pragma: export
#include <phial/master/deferred_queue.h>      // IWYU pragma: export
#include <phial/master/errors.h>              // IWYU pragma: export
#include <phial/master/limits.h>              // IWYU pragma: export
#include <phial/master/log.h>                 // IWYU pragma: export
#include <phial/master/process_pool.h>        // IWYU pragma: export
#include <phial/master/react.h>               // IWYU pragma: export
#include <phial/master/reactor.h>             // IWYU pragma: export
#include <phial/master/reactor_thread.h>      // IWYU pragma: export
#include <phial/master/scope.h>               // IWYU pragma: export
#include <phial/master/signal_watch.h>        // IWYU pragma: export
#include <phial/master/start_with.h>          // IWYU pragma: export
#include <phial/master/stop_on_signals.h>     // IWYU pragma: export
#include <phial/master/tasks.h>               // IWYU pragma: export
#include <phial/master/threads.h>             // IWYU pragma: export
#include <phial/protocol/exception_type.h>    // IWYU pragma: export
