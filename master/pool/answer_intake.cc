#include "master/pool/answer_intake.h"

#include <phial/master/errors.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/value_capnp.h>

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "master/worker/method_call.h"

namespace phial::inline v1::detail {
namespace {

std::optional<Failure> readResult(Job& job, const JobAnswer& answer,
                                  const std::function<ObjectBoundary&()>& boundary) {
  const schema::JobResult::Reader result = answer.result;
  try {
    if (answer.reading != nullptr) {
      job.acceptRead(*answer.reading);
      return std::nullopt;
    }
    if (result.isFailure()) return decodeFailure(result.getFailure());
    if (MethodCall* method = job.method(); method != nullptr && result.isResults()) {
      method->acceptResults(result.getResults(), boundary());
      return std::nullopt;
    }
    if (!result.isValue()) return Failure(EncodingError("the result is of an unknown kind"));
    if (answer.files.missing) std::rethrow_exception(answer.files.missing);
    const IncomingFiles enclosed(std::move(answer.files.files));
    job.accept(readerOf(result.getValue()));
    return std::nullopt;
  } catch (...) {
    std::string message = "the result of ";
    message.append(job.function().name).append(" cannot be read: ");
    return Failure(EncodingError(message + Failure::current().message()));
  }
}

}  // namespace

std::unique_ptr<ResultReading> AnswerIntake::arrived(schema::JobResult::Reader result) {
  JobEntry* const entry = books_.find(result.getId());
  if (entry == nullptr || !result.isValue() || result.getFiles() > 0) return nullptr;
  std::unique_ptr<ResultReading> reading;
  try {
    reading = entry->job->beginReading(readerOf(result.getValue()));
  } catch (...) {  // readResult() will meet and report it
  }
  if (reading) {
    JobState& state = *entry->state;
    state.deadline.cancel();
    state.timeout.cancel();
    state.softTimeout.cancel();
  }
  return reading;
}

void AnswerIntake::answered(const JobAnswer& answer) {
  const schema::JobResult::Reader result = answer.result;
  JobEntry* const entry = books_.find(result.getId());
  // The job was cancelled or its deadline passed: nobody waits for this any more.
  if (entry == nullptr) return;
  noteTimes(*entry, result);
  const auto boundary = [&]() -> ObjectBoundary& { return objects_.of(entry->worker()->number()); };
  if (auto failure = readResult(*entry->job, answer, boundary)) {
    books_.failWith(*entry,
                    std::move(*failure));  // it says itself whether the function was entered
  } else {
    books_.succeed(*entry);
  }
}

// The worker's account of its time is believed where it fits into what the pool saw itself.
void AnswerIntake::noteTimes(JobEntry& entry, schema::JobResult::Reader result) {
  const TimePoint started{Duration(result.getStartedNanoseconds())};
  const Duration run(result.getRunNanoseconds());
  JobTimes& times = entry.state->times;
  if (started < *times.dispatched || run < Duration::zero()) return;
  const auto isPast = [&] { return started <= seenTime_ && run <= seenTime_ - started; };
  if (!isPast()) {
    seenTime_ = reactor_.now();
    if (!isPast()) return;
  }
  times.started = started;
  times.finished = started + run;
  if (result.getDecodeNanoseconds() > 0) {
    times.decoding = Duration(result.getDecodeNanoseconds());
    times.encoding = Duration(result.getEncodeNanoseconds());
  }
  runTime_.add(run);
  schedule_.noteRun(entry.job->function(), run, result.getWords());
}

}  // namespace phial::inline v1::detail
