// The results that a worker brings, one after the other, each checked.
//
// A result comes in the answer to its batch, or lies in shared memory (WorkerPage::fetch). Both
// kinds are read by a cursor: next() returns a result of a job that the worker holds and has begun,
// until there is no more or something is wrong. Whoever settles the job does so before the
// following next().
//
// Thread rule: the loop's. A cursor lives as long as one call.
#pragma once

#include <capnp/message.h>
#include <phial/schema/worker.capnp.h>

#include <cstddef>
#include <optional>
#include <string>

#include "master/worker/in_flight.h"
#include "master/worker/worker_page.h"

namespace phial::inline v1::detail {

/// Borrowed until the following next().
struct IncomingResult {
  InFlight::Place place;
  schema::JobResult::Reader result;
};

/// The result in the answer to a batch, if there is one.
class AnsweredResult {
 public:
  /// `jobs` and `page` are borrowed, and so is the message.
  AnsweredResult(const InFlight& jobs, const WorkerPage& page,
                 schema::Worker::RunResults::Reader answer)
      : jobs_(jobs), page_(page), answer_(answer) {}

  /// The result; nothing at the end, or when fault() says something. Throws kj::Exception when the
  /// message cannot be read.
  std::optional<IncomingResult> next();
  /// What the worker did wrong, or nothing.
  const std::string& fault() const { return fault_; }

 private:
  const InFlight& jobs_;
  const WorkerPage& page_;
  const schema::Worker::RunResults::Reader answer_;
  bool read_ = false;
  std::string fault_;
};

/// The results of one batch that lie in shared memory, up to the first job whose result does not:
/// the answer brings that result, and the files that belong to results must be read in their order.
class DeliveredResults {
 public:
  /// `jobs` and `page` are borrowed. `batch` counts from the oldest.
  DeliveredResults(const InFlight& jobs, WorkerPage& page, std::size_t batch)
      : jobs_(jobs), page_(page), place_{batch, 0} {}

  /// As AnsweredResult::next().
  std::optional<IncomingResult> next();
  const std::string& fault() const { return fault_; }

 private:
  const InFlight& jobs_;
  WorkerPage& page_;
  InFlight::Place place_;
  kj::ArrayPtr<const capnp::word> segment_;
  std::optional<capnp::SegmentArrayMessageReader> message_;  // of segment_
  std::string fault_;
};

}  // namespace phial::inline v1::detail
