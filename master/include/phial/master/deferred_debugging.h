// Where a Deferred was made and fired, and what a Deferred waits for: for a program that hangs, or
// that loses an error. After Twisted's defer.setDebugging.
//
//     phial::setDeferredDebugging(true);               // early in main()
//     ...
//     std::puts(phial::describeWaiting(result).c_str());
//
//     a Deferred with 2 callbacks to run, made at  ./server(handle(Request)+0x4a) [0x41c2aa]
//       waits for a coroutine, made at  ./server(render(Page)+0x1f) [0x41d01f]
//         which waits for a Deferred with 0 callbacks to run
//           waits for job isPrime in pool primes, in worker 1234
//
// A request for a place in a DeferredLock or DeferredSemaphore leads on to the coroutine, fiber or
// Deferred that holds the place. Two that each hold what the other waits for are told as a ring.
//
// describeWaiting works without debugging too, but then knows no places. With debugging,
// AlreadyCalledError::describe() tells where the Deferred was made and where it was first fired,
// and the report of an unhandled error ends with where its Deferred was made, fired and last added
// to. Places are function names when the program is linked with -rdynamic, else addresses for
// addr2line.
//
// Cost while on: a stack trace, a few microseconds and 400 bytes, for each making, firing and
// adding. Cost while off: one branch each, and no memory.
//
// Thread rule: setDeferredDebugging from any thread; it concerns the Deferreds that are made
// afterwards. The others: the loop's thread.
#pragma once

#include <phial/master/deferred.h>

#include <string>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Switches the debugging of Deferreds on or off, for the whole process.
void setDeferredDebugging(bool on);
bool deferredDebugging();

/// What the Deferred waits for, in lines of text: the Deferred, the coroutines, fibers, lists and
/// holders of locks below it, and at the end the job or Resolver. Tells at most 100 Deferreds, each
/// once. Throws std::logic_error when the Deferred is empty.
template <class T>
std::string describeWaiting(const Deferred<T>& deferred) {
  return detail::Access::describeWaiting(deferred);
}
/// The same for a Deferred that was given away.
inline std::string describeWaiting(const DeferredHandle& handle) { return handle.describe(); }

}  // namespace phial::inline v1

#pragma GCC visibility pop
