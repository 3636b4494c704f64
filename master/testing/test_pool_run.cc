// Runs the function of a job in the test's own process, by the way of its encoded arguments and
// result.
#include <capnp/message.h>
#include <fcntl.h>
#include <kj/io.h>
#include <phial/master/detail/item_stream.h>
#include <phial/protocol/current_job.h>
#include <phial/protocol/emit.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/job_scope.h>
#include <phial/protocol/value_capnp.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

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

// Takes the items of a stream whose function runs here. There is one process, so nobody could take
// them meanwhile: emit() never waits.
class ItemBasket final : public detail::ItemGate, private detail::ItemSource {
 public:
  explicit ItemBasket(detail::Ref<detail::Job> job) : job_(std::move(job)) {
    job_->stream()->begin(*this, kAtOnce);
  }

  void put(std::uint64_t, const void* item, Write write) override {
    if (std::this_thread::get_id() != thread_) {
      throw std::logic_error("emit() was called from another thread than the one of the job");
    }
    if (!job_) throw std::logic_error("emit() was called after the job had ended");
    if (job_->settled()) throw CancelledError("the job was cancelled, so its item is not sent");
    append(words_, [&](ValueWriter to) { write(item, to); });
  }
  void close() {
    const auto job = std::move(job_);
    if (wanted_) job->stream()->finished();
  }

  template <class WriteItem>
  static void append(std::vector<std::uint64_t>& words, const WriteItem& write) {
    capnp::MallocMessageBuilder message;
    write(writerOf(message.initRoot<schema::Value>()));
    const auto value = message.getRoot<schema::Value>().asReader();
    capnp::MallocMessageBuilder whole(static_cast<capnp::uint>(value.totalSize().wordCount + 8));
    whole.setRoot(value);
    const auto segment = whole.getSegmentsForOutput()[0];
    const auto* const begin = reinterpret_cast<const std::uint64_t*>(segment.begin());
    words.push_back(segment.size());
    words.insert(words.end(), begin, begin + segment.size());
  }

  static constexpr detail::ItemStream::Terms kAtOnce{.mostWords = std::uint64_t{1} << 32,
                                                     .pace = detail::ItemStream::Terms::Pace::test};

 private:
  void read(std::vector<std::uint64_t>& to, std::size_t) override {
    to.insert(to.end(), words_.begin(), words_.end());
    words_.clear();
  }
  void leave() override { wanted_ = false; }
  void complain(std::string) override { wanted_ = false; }

  detail::Ref<detail::Job> job_;  // null: it has ended
  const std::thread::id thread_ = std::this_thread::get_id();
  std::vector<std::uint64_t> words_;
  bool wanted_ = true;
};

// One item of emitNext().
class OneItem final : public detail::ItemSource {
 public:
  explicit OneItem(std::vector<std::uint64_t> words) : words_(std::move(words)) {}
  void read(std::vector<std::uint64_t>& to, std::size_t) override {
    to.insert(to.end(), words_.begin(), words_.end());
    words_.clear();
  }
  void leave() override {}
  void complain(std::string) override {}

 private:
  std::vector<std::uint64_t> words_;
};

}  // namespace

class TestPool::Core::Running final : public CurrentJob, public detail::JobScope {
 public:
  explicit Running(detail::Ref<detail::Job> job)
      : job_(std::move(job)), outer_(detail::setCurrentJob(this)) {}
  ~Running() override {
    if (items_) items_->close();
    detail::setCurrentJob(outer_);
  }

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
  std::shared_ptr<detail::ItemGate> items() override {
    if (job_->stream() == nullptr) return nullptr;
    if (!items_) items_ = std::make_shared<ItemBasket>(job_);
    return items_;
  }

 private:
  const detail::Ref<detail::Job> job_;
  CurrentJob* const outer_;
  std::shared_ptr<ItemBasket> items_;  // null until it is asked for
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
    const Running running(entry.job);
    std::unique_ptr<PreparedCall> call;
    {
      const IncomingFiles incoming(sent(files));
      call = functions_.list()[index].handler->prepare(readerOf(arguments.asReader()));
    }
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

// The job stays pending. It has no worker between two calls, so the item is the stream's at once.
void TestPool::Core::emitNext(const std::function<void(ValueWriter)>& write) {
  if (jobs_.empty()) throw std::logic_error("TestPool: no job is pending");
  detail::ItemStream* const stream = jobs_.begin()->second.job->stream();
  if (stream == nullptr) throw std::logic_error("TestPool: the next job is not one of a stream");
  std::vector<std::uint64_t> words;
  ItemBasket::append(words, write);
  const auto kept = stream->shared_from_this();
  OneItem item(std::move(words));
  kept->add(item, ItemBasket::kAtOnce);
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
