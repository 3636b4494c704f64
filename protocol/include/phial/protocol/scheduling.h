// Where a thread of ours stands in the queue for a processor. The loop of the master, which is
// called upon at any moment and needs little, must not wait for what needs much.
//
// On Linux each thread stands by itself. Where the kernel refuses, a thread is one like any other:
// nothing here reports errors.
// Thread rule: for the calling thread, whichever that is.
#pragma once

namespace phial::detail {

/// As a pool's workers do by default: nicer than now by as much as they, with turns as long.
void standWithWorkers();

/// Leaves the niceness and asks for long turns, of 10 ms: from Linux 6.12 on a thread that wakes up
/// takes the processor at once from one whose turns are longer than its own. Nothing for a thread
/// that the system schedules in another manner than most.
///
/// Measured on two cores, p99 of a 5 ms timer on the master's loop, several runs: beside six busy
/// workers 3.2 to 6.7 ms without this, 0.1 to 2.4 with it; beside one that returns 64 MiB again and
/// again 0.4 to 3.7 and 0.5 to 2.3. Turns of 30 and 100 ms are no better.
void takeLongTurns();

}  // namespace phial::detail
