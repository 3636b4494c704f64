#include "master/worker/result_intake.h"

#include <kj/exception.h>

#include <memory>
#include <utility>
#include <vector>

namespace phial::inline v1::detail {

void ResultIntake::readAhead() {
  auto* const answer = std::get_if<Conversation::Answer>(&parts_.conversation.first());
  if (answer == nullptr) return;
  try {
    if (answer->message.hasResult()) beginReading(answer->message.getResult());
  } catch (const kj::Exception&) {  // whoever handles it will say so
  }
}

void ResultIntake::beginReading(schema::JobResult::Reader result) {
  const std::uint64_t id = result.getId();
  const auto place = parts_.jobs.find(id);
  if (!place || !parts_.page.begun(*place) || parts_.jobs.expired(id)) return;
  std::shared_ptr<ResultReading> reading = parts_.owner.jobArrived(result);
  if (!reading) return;
  if (parts_.giveUps.forget(id)) parts_.owner.workerChanged(parts_.worker);
  parts_.conversation.readAside(id, std::move(reading));
}

std::string ResultIntake::take(Conversation::Answer& answer) {
  const auto& jobs = parts_.jobs;
  if (jobs.empty() || jobs.batches().front().number != answer.batch) {
    return "it answered a batch out of turn";
  }
  if (auto fault = takeDelivered(0); !fault.empty()) return fault;
  // A stream travels alone, and all its items come before its end.
  const std::uint64_t first = jobs.batches().front().jobs.front().id;
  if (auto fault = parts_.items.finish(first); !fault.empty()) return fault;
  try {
    auto fault = takeAll(AnsweredResult(jobs, parts_.page, answer.message));
    return fault.empty() ? takeBackRest(answer.message.hasResult()) : fault;
  } catch (const kj::Exception&) {
    return "its answer cannot be read";
  }
}

std::string ResultIntake::takeDelivered() {
  for (std::size_t batch = 0; batch < parts_.jobs.batches().size(); ++batch) {
    auto fault = takeDelivered(batch);
    // The rest of this batch is to be read first.
    if (!fault.empty() || !parts_.jobs.allSettled(batch)) return fault;
  }
  return {};
}

std::string ResultIntake::takeDelivered(std::size_t batch) {
  try {
    return takeAll(DeliveredResults(parts_.jobs, parts_.page, batch));
  } catch (const kj::Exception&) {
    return "a result of its in shared memory cannot be read";
  }
}

// A batch ends early only by a result that its answer brings, so each answer settles a job, and a
// worker cannot give back the same jobs for ever. The slot decides whether a job has begun, also
// when the worker tells a lie: a job that is taken back there is never claimed.
std::string ResultIntake::takeBackRest(bool answerHasResult) {
  const auto& jobs = parts_.jobs.batches().front().jobs;
  std::vector<std::uint64_t> back;
  std::string fault;
  for (InFlight::Place place{0, 0}; place.index < jobs.size() && fault.empty(); ++place.index) {
    const auto& job = jobs[place.index];
    if (job.held != InFlight::Held::byWorker || parts_.jobs.expired(job.id)) continue;
    if (answerHasResult && parts_.page.takeBack(place)) {
      back.push_back(job.id);
    } else {
      fault = "it answered a batch without job " + std::to_string(job.id);
    }
  }
  if (!back.empty()) parts_.owner.workerGaveBack(parts_.worker, back);
  return fault;
}

template <class Results>
std::string ResultIntake::takeAll(Results results) {
  while (const auto incoming = results.next()) settle(*incoming);
  return results.fault();
}

// A job whose time was up has failed, whatever it answers.
void ResultIntake::settle(const IncomingResult& incoming) {
  const auto& [place, result] = incoming;
  const std::uint64_t id = result.getId();
  if (parts_.jobs.expired(id)) return;
  if (result.hasProgress()) {
    const auto last = result.getProgress();
    parts_.progress.tell(place, {last.getNumber(), id, last.getFraction(), last.getNote()});
  }
  parts_.jobs.settle(place, InFlight::Held::answered);
  parts_.output.jobAnswered();
  if (parts_.giveUps.forget(id)) parts_.owner.workerChanged(parts_.worker);
  ResultFiles files = filesOf(result);
  parts_.owner.jobAnswered(parts_.worker, {result, parts_.conversation.readingOf(id), files});
}

ResultFiles ResultIntake::filesOf(schema::JobResult::Reader result) {
  if (result.getFiles() == 0) return {};
  try {
    return {parts_.conversation.files().receive(result.getId(), result.getFiles()), nullptr};
  } catch (...) {
    return {{}, std::current_exception()};
  }
}

}  // namespace phial::inline v1::detail
