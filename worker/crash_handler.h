// Where a worker was when a signal ended it.
//
// SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT are handled, each where nobody else handles it: the
// handlers of sanitizers, and of programs that use these signals for purposes of their own, stay.
// The handler writes the failing thread's stack to stderr and to the memory behind the control
// page, then lets the signal take its default action, so that status and core are as without it.
//
// The master asks for the same before it ends a worker whose job takes too long: it leaves the
// signal that is to end the worker on the control page and sends SIGURG, whose default action is
// none. A worker that does not react is ended by the master a moment later.
//
// SIGTERM is left to the master, if it wants so: see PoolOptions::sigterm.
//
// What the handlers call is async-signal-safe but for backtrace() and dladdr(), which take the
// dynamic loader's lock. A crash inside the loader could wait for it for ever: an alarm then ends
// the process by the signal that it was to die of.
#pragma once

#include <phial/protocol/control_page.h>

namespace phial::inline v1::detail {

/// Handles the signals from here on, for good. `control` is borrowed for as long as the process
/// lives. Once in a process.
void handleFatalSignals(const ControlPageMapping& control);

}  // namespace phial::inline v1::detail
