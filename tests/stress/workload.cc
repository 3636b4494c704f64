#include "workload.h"

#include <algorithm>

#include "bench.h"

namespace matrix {
namespace {

using phial::Failure;
using phial::Outcome;
using Job = Expectation::Job;

constexpr phial::Duration kTimeout = std::chrono::seconds(1);

std::string labelOf(std::size_t index) { return "job at place " + std::to_string(index); }

// Most bystanders are small; some need many reads.
std::uint32_t someSize(std::mt19937_64& random) {
  return static_cast<std::uint32_t>(random() % (random() % 4 == 0 ? 300'000 : 100));
}

}  // namespace

Workload::Workload(Rig& rig, const Cell& cell, Size size, Fate fate, std::mt19937_64& random)
    : rig_(rig), cell_(cell), fate_(fate), traps_(size.traps), jobs_(size.bystanders + size.traps) {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    jobs_[i].trap = i < size.traps;
    jobs_[i].bytes = someSize(random);
  }
  std::shuffle(jobs_.begin(), jobs_.end(), random);
}

void Workload::submit(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) submitNext();
}

void Workload::submitNext() {
  if (next_ == jobs_.size()) return;
  const std::size_t index = next_++;
  jobs_[index].trap ? submitTrap(index) : submitBystander(index);
}

phial::JobOptions Workload::optionsFor(std::size_t index) {
  phial::JobOptions options;
  options.label = labelOf(index);
  if (rig_.expected().hangs && jobs_[index].trap) options.timeout = kTimeout;
  // Alone, or one worker would take two in a batch and die of both at once.
  if (cell_.stage == Stage::idle && jobs_[index].trap) options.rerun = phial::Rerun::never;
  options.onProgress = [this, index](double, std::string_view) { ++jobs_[index].progress; };
  return options;
}

void Workload::submitTrap(std::size_t index) {
  const Fuse fuse{cell_.stage, cell_.fault, cell_.seed + index};
  carry(rig_.pool(), optionsFor(index), fuse).addBoth([this, index](Outcome<Parcel> outcome) {
    judgeTrap(index, outcome);
    settle(index);
  });
}

void Workload::submitBystander(std::size_t index) {
  rig_.pool()
      .with(optionsFor(index))
      .deferToProcess<fillCrate>(index, jobs_[index].bytes)
      .addBoth([this, index](Outcome<std::vector<std::byte>> outcome) {
        judgeBystander(index, outcome);
        settle(index);
      });
}

void Workload::settle(std::size_t index) {
  ++jobs_[index].settled;
  ++settled_;
  rig_.require(rig_.stats().balanced(), "the ledger is out of balance in a callback");
  submitNext();
  if (done() && whenDone_) std::exchange(whenDone_, nullptr)();
}

void Workload::judgeTrap(std::size_t index, Outcome<Parcel>& outcome) {
  if (!outcome.ok()) return judgeTrapFailure(index, outcome.failure());
  rig_.require(rig_.expected().job == Job::succeeds,
               labelOf(index) + " carried the fault and came back all the same");
  carriers_.insert(outcome.value().contents.worker);
}

void Workload::judgeTrapFailure(std::size_t index, const Failure& failure) {
  const std::string what = labelOf(index) + " carried the fault and failed with " + failure.type() +
                           ": " + failure.message();
  switch (rig_.expected().job) {
    case Job::none:
    case Job::succeeds:
      return rig_.require(false, what);
    case Job::workerDied:
      rig_.require(failure.check<phial::WorkerDied>(), what);
      break;
    case Job::timedOut:
      rig_.require(failure.check<phial::JobTimedOut>(), what);
      break;
    case Job::protocolError:
      // Its message is the certificate's text.
      return rig_.require(
          failure.check<phial::ProtocolError>() &&
              failure.describe().find(labelOf(index)) != std::string::npos &&
              failure.describe().find(phaseName(rig_.expected().phase)) != std::string::npos,
          what);
  }
  if (const auto* death = failure.certificate()) checkJob(*death, index);
}

void Workload::checkJob(const phial::DeathCertificate& death, std::size_t index) {
  rig_.check(death);
  rig_.require(death.begun == phial::DeathCertificate::Begun::yes && death.job != 0 &&
                   death.function == carrierOf(cell_.stage) && death.label == labelOf(index),
               "the certificate names another job: " + death.describe());
}

void Workload::judgeBystander(std::size_t index, Outcome<std::vector<std::byte>>& outcome) {
  if (outcome.ok()) {
    rig_.require(fate_ == Fate::succeed, labelOf(index) + " was run though no worker could start");
    return rig_.require(outcome.value() == fillCrate(index, jobs_[index].bytes),
                        labelOf(index) + " got another's result, or a damaged one");
  }
  const Failure& failure = outcome.failure();
  const bool right = fate_ == Fate::failToStart && failure.check<phial::StartupFailed>();
  rig_.require(right, labelOf(index) + ", a bystander, failed with " + failure.type() + ": " +
                          failure.message());
  if (right) rig_.check(failure.as<phial::StartupFailed>()->certificate());
}

void Workload::checkCounts() {
  for (std::size_t i = 0; i < jobs_.size(); ++i) {
    const Planned& job = jobs_[i];
    rig_.require(job.settled == 1,
                 labelOf(i) + " settled " + std::to_string(job.settled) + " times");
    const int progress = job.trap && cell_.stage == Stage::progress ? 1 : 0;
    rig_.require(job.progress == progress, labelOf(i) + " was heard to progress " +
                                               std::to_string(job.progress) + " times, not " +
                                               std::to_string(progress));
  }
}

}  // namespace matrix
