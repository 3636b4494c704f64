// How the scheduler treats a thread of Phial's. The master's loop, which may be needed at any
// moment and needs little, must not wait for threads that need much.
//
// On Linux each thread is scheduled separately. Where the kernel refuses a change, the thread stays
// as it is: nothing here reports errors. Thread rule: acts on the calling thread.
#pragma once

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Gives this thread the priority of a pool's workers by default: niceness raised by 10, and long
/// turns.
void lowerPriorityToWorkers();

/// Asks for turns of 10 ms, without changing the niceness. From Linux 6.12 on, a thread that wakes
/// up takes the processor at once from a thread whose turns are longer than its own. Does nothing
/// for a thread under another scheduling policy than SCHED_OTHER or SCHED_BATCH.
///
/// Measured on two cores, p99 of a 5 ms timer on the master's loop, several runs: beside six busy
/// workers 3.2 to 6.7 ms without this, 0.1 to 2.4 ms with it; beside one worker that returns 64 MiB
/// again and again 0.4 to 3.7 ms without, 0.5 to 2.3 ms with it. Turns of 30 and 100 ms are no
/// better.
void askForLongTimeSlices();

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
