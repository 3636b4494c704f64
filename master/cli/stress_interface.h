// What `phial stress --interface` calls: the interface that the command's own workers export, and
// the calls on it, with results that the master can check.
//
// Thread rule: the loop's, in master and worker.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/submitter.h>
#include <phial/worker.h>

#include <cstdint>

namespace phial::inline v1::cli {

/// Makes `worker` export the interface.
void exportStress(Worker& worker);

/// How a call that the pool answered has ended.
enum class CallEnd {
  right,
  wrong,   ///< something else came than should have
  broken,  ///< the object that it gave died with its worker before it had answered all calls
};

// Each is one job of the pool. A job that fails is the Deferred's failure; cancelling the Deferred
// cancels the job.

/// A method that answers at once.
Deferred<CallEnd> callScramble(const Submitter& pool, std::uint64_t seed);
/// A method that calls an object of this process before it answers.
Deferred<CallEnd> callVisit(const Submitter& pool, std::uint64_t seed);
/// A method that gives an object, on which calls are pipelined; then the object is let go.
Deferred<CallEnd> callOpen(const Submitter& pool, std::uint64_t seed);

}  // namespace phial::inline v1::cli
