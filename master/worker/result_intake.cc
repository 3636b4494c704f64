#include "master/worker/result_intake.h"

#include <kj/exception.h>

#include <memory>
#include <utility>

namespace phial::inline v1::detail {

// A job that shares its message with others is short, and so is what it returns.
void ResultIntake::readAhead() {
  auto& event = parts_.conversation.first();
  try {
    capnp::List<schema::JobResult>::Reader results;
    if (auto* answer = std::get_if<Conversation::Answer>(&event)) {
      results = answer->message.getResults();
    }
    if (auto* delivery = std::get_if<Conversation::Delivery>(&event)) {
      results = delivery->context.getParams().getResults();
    }
    if (results.size() == 1) beginReading(results[0]);
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
  try {
    auto fault = takeAll(MessageResults(jobs, parts_.page, answer.message.getResults()));
    return fault.empty() ? missing() : fault;
  } catch (const kj::Exception&) {
    return "its answer cannot be read";
  }
}

std::string ResultIntake::take(Conversation::Delivery& delivery) {
  if (parts_.jobs.empty()) return "it delivered though it had no job";
  if (auto fault = takeDelivered(0); !fault.empty()) return fault;
  try {
    return takeAll(
        MessageResults(parts_.jobs, parts_.page, delivery.context.getParams().getResults()));
  } catch (const kj::Exception&) {
    return "its results cannot be read";
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

// What it has answered, and what it has passed by because it was taken back, is all that there was.
std::string ResultIntake::missing() const {
  for (const auto& job : parts_.jobs.batches().front().jobs) {
    if (job.held == InFlight::Held::byWorker && !parts_.jobs.expired(job.id)) {
      return "it answered a batch without job " + std::to_string(job.id);
    }
  }
  return {};
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
  parts_.owner.jobAnswered(
      parts_.worker, {result, parts_.conversation.readingOf(id), parts_.conversation.files()});
}

}  // namespace phial::inline v1::detail
