// Runs the function of a job in the test's own process, by the way of its encoded arguments and
// result.
#include <capnp/message.h>
#include <fcntl.h>
#include <kj/io.h>
#include <phial/protocol/current_job.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/job_scope.h>
#include <phial/protocol/value_capnp.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "master/testing/test_pool_core.h"

namespace phial::inline v1::testing {
namespace {

using detail::FileParcel;
using detail::IncomingFiles;
using detail::OutgoingFiles;

// The files of a parcel, as they arrive at the other end.
std::vector<kj::AutoCloseFd> sent(const FileParcel& parcel) {
  std::vector<kj::AutoCloseFd> files;
  for (const int file : parcel.files()) {
    const int copy = ::fcntl(file, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) throw Error(std::string("cannot pass on a file: ") + std::strerror(errno));
    files.emplace_back(copy);
  }
  return files;
}

// What a function throws comes home from a worker as a description.
Failure broughtHome(const Failure& failure) {
  capnp::MallocMessageBuilder message;
  auto root = message.initRoot<schema::Failure>();
  encodeFailure(failure, root);
  return decodeFailure(root.asReader());
}

Failure unreadable(const detail::Job& job, const Failure& reason) {
  std::string message = "the result of ";
  message.append(job.function().name).append(" cannot be read: ").append(reason.message());
  return Failure(EncodingError(message));
}

std::optional<Failure> hand(detail::Job& job, const FileParcel& files, ValueReader value) {
  try {
    const IncomingFiles incoming(sent(files));
    job.accept(value);
    return std::nullopt;
  } catch (...) {
    return unreadable(job, Failure::current());
  }
}

}  // namespace

class TestPool::Core::Running final : public CurrentJob, public detail::JobScope {
 public:
  explicit Running(detail::Ref<detail::Job> job)
      : job_(std::move(job)), outer_(detail::setCurrentJob(this)) {}
  ~Running() override { detail::setCurrentJob(outer_); }

  std::uint64_t id() const override { return job_->id; }
  std::string_view label() const override { return job_->label(); }
  std::string_view trace() const override { return job_->trace(); }
  bool cancelled() const override { return job_->settled(); }
  void progress(double fraction, std::string_view note) override {
    constexpr std::size_t kMostNoteBytes = 256;
    const auto& callback = job_->options().onProgress;
    if (callback && !job_->settled()) (*callback)(fraction, note.substr(0, kMostNoteBytes));
  }
  std::string latestThrow() const override { return {}; }
  void atElement(std::optional<std::uint64_t>) override {}
  void startElement() override {}

 private:
  const detail::Ref<detail::Job> job_;
  CurrentJob* const outer_;
};

bool TestPool::Core::runNext() {
  if (jobs_.empty()) return false;
  Entry entry = takeNext();
  auto failure = run(entry);
  finish(std::move(entry), std::move(failure));
  return true;
}

std::optional<Failure> TestPool::Core::run(Entry& entry) {
  detail::Job& job = *entry.job;
  capnp::MallocMessageBuilder reply;
  FileParcel replyFiles;
  bool entered = false;
  try {
    capnp::MallocMessageBuilder request;
    auto arguments = request.getRoot<capnp::AnyPointer>().initAs<capnp::List<schema::Value>>(
        job.argumentCount());
    FileParcel files;
    {
      const OutgoingFiles outgoing(files);
      job.encodeArguments(writerOf(arguments));
    }
    const auto index = functions_.at(job.function().name, job.function().signature);
    std::unique_ptr<PreparedCall> call;
    {
      const IncomingFiles incoming(sent(files));
      call = functions_.list()[index].handler->prepare(readerOf(arguments.asReader()));
    }
    const Running running(entry.job);
    entered = true;
    call->run();
    entered = false;
    const OutgoingFiles outgoing(replyFiles);
    call->encodeResult(writerOf(reply.initRoot<schema::Value>()));
  } catch (...) {
    if (entered) return broughtHome(Failure::currentOfJob({}));
    return Failure::current().neverRun();
  }
  if (job.settled()) return std::nullopt;
  return hand(job, replyFiles, readerOf(reply.getRoot<schema::Value>().asReader()));
}

// By failNext(): an error of Phial's is the pool's report, anything else comes from the function.
Failure TestPool::Core::asReported(Failure failure) {
  if (failure.check<Error>() || failure.isRemote()) return failure;
  try {
    failure.rethrow();
  } catch (...) {
    return broughtHome(Failure::currentOfJob(failure.traceback()));
  }
}

void TestPool::Core::answerNext(const std::function<void(ValueWriter)>& write) {
  capnp::MallocMessageBuilder reply;
  FileParcel files;
  {
    const OutgoingFiles outgoing(files);
    write(writerOf(reply.initRoot<schema::Value>()));  // throws, to the test, what it cannot write
  }
  Entry entry = takeNext();
  auto failure = hand(*entry.job, files, readerOf(reply.getRoot<schema::Value>().asReader()));
  finish(std::move(entry), std::move(failure));
}

}  // namespace phial::inline v1::testing
