// Which process is the worker, and which is one that its job forked.
//
// A job may fork, and its child may return from the job's function as the parent does. The child
// has the worker's pipes, shared memory and stack: it would answer the job a second time. So the
// runtime asks after each job who it is. getpid() would tell, for a system call a job; a page that
// the kernel wipes in a child tells for a load.
#pragma once

namespace phial::inline v1::detail {

/// From here on this process is the worker.
void becomeWorker();

/// Whether this process is a child that the worker has forked; false where becomeWorker() was not
/// called. Costs a load. Async-signal-safe. Not for a child of vfork(), which shares all memory.
bool inForkedChild();

/// Ends a forked child without a word to the master, with no atexit handler run and nothing
/// flushed: all of that is the worker's. Prints why.
[[noreturn]] void endForkedChild();

/// For code of the program's that has ended the worker's thread, by pthread_exit or pthread_cancel.
/// A worker has one thread: unwound further, it would leave a process that answers nobody. Ends the
/// worker by SIGABRT, with a line on stderr.
[[noreturn]] void endOfThread();

}  // namespace phial::inline v1::detail
