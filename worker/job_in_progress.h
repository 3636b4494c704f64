// The running job, as its function sees it in a worker: see <phial/protocol/current_job.h>.
//
// Thread rule: made and destroyed on the thread that runs the job.
#pragma once

#include <phial/protocol/control_page.h>
#include <phial/protocol/current_job.h>
#include <phial/protocol/job_scope.h>
#include <phial/protocol/message_pipe.h>
#include <phial/schema/worker.capnp.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "worker/job_calls.h"
#include "worker/job_items.h"
#include "worker/own_process.h"
#include "worker/parent_link.h"
#include "worker/session.h"
#include "worker/throw_site.h"

namespace phial::inline v1::detail {

/// Borrows all that it is made of but `job`, which it reads once.
class JobInProgress final : public CurrentJob, public JobScope {
 public:
  JobInProgress(schema::Job::Reader job, ControlPage& page, const ThrowSites& throwSites,
                MessagePipe& pipe, Session& session, ParentLink& parent,
                std::shared_ptr<JobItems> items)
      : id_(job.getId()),
        lease_(job.getLease()),
        label_(job.getLabel()),
        trace_(job.getTrace()),
        page_(page),
        throwSites_(throwSites),
        pipe_(pipe),
        session_(session),
        parent_(parent),
        items_(std::move(items)),
        thread_(std::this_thread::get_id()) {
    setCurrentJob(this);
  }
  ~JobInProgress() override {
    if (items_) items_->close();
    setCurrentJob(nullptr);
  }

  std::uint64_t id() const override { return id_; }
  std::string_view label() const override { return label_; }
  std::string_view trace() const override { return trace_; }
  bool cancelled() const override {
    if (page_.cancelledJob.load(std::memory_order_acquire) != id_) return false;
    const auto element = page_.cancelledElement.load(std::memory_order_relaxed);
    return element == 0 || element == page_.element.load(std::memory_order_relaxed);
  }
  void progress(double fraction, std::string_view note) override {
    if (std::this_thread::get_id() != thread_) {
      throw std::logic_error(
          "currentJob().progress() was called from another thread than the one that runs the job");
    }
    if (inForkedChild()) {
      throw std::logic_error("currentJob().progress() was called in a child that the job forked");
    }
    if (page_.progress.post(id_, fraction, note)) pipe_.ring();
  }
  void* sessionObject(const SessionType& type) override {
    if (lease_ == 0) return CurrentJob::sessionObject(type);
    if (std::this_thread::get_id() == thread_) return session_.of(lease_, type);
    throw std::logic_error("currentJob().session() was called from another thread than the job's");
  }
  JobCalls& calls() override { return own("call"); }
  ParentAccess& parentAccess() override { return own("parent"); }
  std::string latestThrow() const override { return throwSites_.latest(); }
  void atElement(std::optional<std::uint64_t> index) override {
    page_.element.store(index ? *index + 1 : 0, std::memory_order_release);
  }
  void startElement() override {
    page_.elementStartedNanos.store(controlPageNanos(), std::memory_order_release);
  }
  std::shared_ptr<ItemGate> items() override { return items_; }

 private:
  // Those of this job; made when they are first asked for.
  CallsOfJob& own(const char* call) {
    const std::string what = std::string("currentJob().") + call + "() was called ";
    if (inForkedChild()) throw std::logic_error(what + "in a child that the job forked");
    if (std::this_thread::get_id() != thread_) {
      throw std::logic_error(what + "from another thread than the one that runs the job");
    }
    if (!calls_) calls_ = std::make_unique<CallsOfJob>(*this, parent_);
    return *calls_;
  }

  const std::uint64_t id_;
  const std::uint64_t lease_;
  const std::string label_;
  const std::string trace_;
  ControlPage& page_;
  const ThrowSites& throwSites_;
  MessagePipe& pipe_;
  Session& session_;
  ParentLink& parent_;
  const std::shared_ptr<JobItems> items_;  // null unless it was called as a stream
  const std::thread::id thread_;
  std::unique_ptr<CallsOfJob> calls_;
};

}  // namespace phial::inline v1::detail
