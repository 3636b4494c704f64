// A job as the pool holds it: the arguments, and the source of the Deferred that waits for the
// result. Part of the templates of process_pool.h; nothing here is for users.
//
// A program may have a million jobs in its queue. A job is therefore one block of memory: the
// Deferred's source, the arguments when they are small, and room for the result.
#pragma once

#include <phial/master/deferred.h>
#include <phial/master/detail/argument_writing.h>
#include <phial/master/detail/kept_argument.h>
#include <phial/master/detail/result_reading.h>
#include <phial/master/pool_options.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/function_table.h>
#include <phial/protocol/value.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// What the timeouts of a job apply to.
enum class Timed {
  call,
  element,  ///< each element of a chunk; the worker notes when it began the element
};

/// What comes back from a call of the function.
enum class Gives {
  result,
  items,  ///< as it runs: the job is one of a Stream, and travels alone
};

/// The function that a job calls. If the signature is empty, the name alone selects the function.
struct FunctionName {
  std::string_view name;
  std::string_view signature;
  Timed timed = Timed::call;
  Gives gives = Gives::result;
};

/// The options of a Submitter. Its calls share them, so many jobs cost one copy.
class CallOptions final : public Counted {
 public:
  explicit CallOptions(MapOptions options);

  const MapOptions value;
  /// A std::invalid_argument that names the wrong field; empty when the options are valid.
  const std::optional<Failure> fault;
};

class MethodCall;
class ItemStream;

/// One job, without its types. The pool holds the job from submission until it has settled, and is
/// its only producer.
class Job : public Source {
 public:
  /// Receives the cancellation of a job.
  class Owner {
   public:
    /// Gives up the job, if the owner still has it. Returns true if the job's function may have
    /// been entered. Calls no user code.
    virtual bool cancel(std::uint64_t id) = 0;
    /// Where the job is, for describeWaiting(): "in pool p, in worker 3".
    virtual std::string whereIs(std::uint64_t) { return {}; }

   protected:
    ~Owner() = default;
  };
  /// Identifies a job to its pool.
  struct Ticket {
    Owner& owner;      ///< outlives the job until the job has fired
    std::uint64_t id;  ///< from 1
  };

  /// Null `options` are the default options. `function` is borrowed for the life of the job.
  Job(Ticket ticket, Ref<CallOptions> options, const FunctionName& function);

  virtual unsigned argumentCount() const = 0;
  /// An upper bound of the words that the arguments need on the wire. REQUIRES: !writtenAside().
  virtual std::uint64_t argumentWords() const = 0;
  virtual void encodeArguments(ListWriter to) const = 0;
  /// The arguments that encodeArguments() writes or refers to. They outlive the job while the
  /// pointer is held. Null when encodeArguments() refers to nothing.
  virtual std::shared_ptr<const void> arguments() const = 0;
  /// True if measuring and writing the arguments on the loop would hold it up.
  virtual bool writtenAside() const noexcept { return false; }
  /// Begins writing the arguments to a message of at most so many bytes. The writing shares the
  /// arguments and does not need the job. Throws std::bad_alloc. REQUIRES: writtenAside().
  virtual std::unique_ptr<ArgumentWriting> beginWriting(std::uint64_t) const { return nullptr; }

  /// The call of an interface's method that this job makes in place of a function's; null when it
  /// calls a function.
  virtual MethodCall* method() noexcept { return nullptr; }
  const MethodCall* method() const noexcept { return const_cast<Job*>(this)->method(); }

  /// Takes what the function emits; null unless function().gives says items.
  virtual ItemStream* stream() const noexcept { return nullptr; }

  /// Reads the result and keeps it. Throws EncodingError. Calls no user code but codecs.
  virtual void accept(ValueReader result) = 0;
  /// Begins to read a large result in pieces; null when accept() is quick enough. Throws
  /// EncodingError.
  virtual std::unique_ptr<ResultReading> beginReading(ValueReader) const { return nullptr; }
  /// Replaces accept(): keeps the result of a reading that beginReading() began and that is
  /// complete.
  virtual void acceptRead(ResultReading&) {}
  /// Gives the accepted result to the caller. Calls user code. Does nothing when the caller has
  /// cancelled the job after the pool had decided its outcome; the pool's counters keep the decided
  /// outcome.
  void succeed();
  /// Gives a failure to the caller. Calls user code; does nothing after a cancellation, as
  /// succeed().
  void refuse(Failure failure);

  /// True when the caller has the job's outcome, or has cancelled the job.
  bool settled() const { return fired(); }

  const FunctionName& function() const { return *function_; }
  const JobOptions& options() const { return options_ ? options_->value.job : kDefaults; }
  /// The fault of the options; null when they are valid.
  const Failure* fault() const { return options_ && options_->fault ? &*options_->fault : nullptr; }
  /// JobOptions::label; may be empty.
  const std::string& label() const;
  /// JobOptions::trace; may be empty.
  const std::string& trace() const;
  /// Holds the label and the trace; null when the job has the default options.
  const Ref<CallOptions>& callOptions() const { return options_; }

  void cancel(std::vector<Ref<Chain>>& next) override;
  WaitingFor waitingFor() const override;

  const std::uint64_t id;

 protected:
  void discard() noexcept override { options_ = {}; }

 private:
  static const JobOptions kDefaults;

  Owner& owner_;
  Ref<CallOptions> options_;
  const FunctionName* function_;
};

/// Keeps the arguments of a job. Small trivially copyable arguments lie in the job itself; others
/// lie where a message that is under way can share them.
template <class... Args>
class KeptArguments {
 public:
  using Tuple = std::tuple<Args...>;

  explicit KeptArguments(Tuple&& arguments)
      : shared_(std::make_shared<const ArgumentHolder<Args...>>(std::move(arguments))) {}

  const Tuple& get() const { return shared_->get(); }
  std::shared_ptr<const void> share() const { return {shared_, &shared_->get()}; }
  void drop() noexcept { shared_.reset(); }

  bool writtenAside() const noexcept { return shared_->writtenAside(); }
  std::unique_ptr<ArgumentWriting> beginWriting(std::uint64_t mostBytes) const {
    return std::unique_ptr<ArgumentWriting>(new WritingOf<Args...>(shared_, mostBytes));
  }

 private:
  std::shared_ptr<const ArgumentHolder<Args...>> shared_;
};

inline constexpr std::size_t kMaxSmallArguments = 64;

template <class... Args>
  requires(std::is_trivially_copyable_v<Args> && ...) &&
          (sizeof(std::tuple<Args...>) <= kMaxSmallArguments)
class KeptArguments<Args...> {
 public:
  using Tuple = std::tuple<Args...>;

  explicit KeptArguments(Tuple&& arguments) : arguments_(std::move(arguments)) {}

  const Tuple& get() const { return arguments_; }
  std::shared_ptr<const void> share() const { return nullptr; }
  void drop() noexcept {}

  static bool writtenAside() noexcept { return false; }
  static std::unique_ptr<ArgumentWriting> beginWriting(std::uint64_t) { return nullptr; }

 private:
  [[no_unique_address]] Tuple arguments_;
};

/// A job that calls a function with `Args`, the form in which the arguments are kept, and expects
/// an R.
template <class R, class... Args>
class TypedJob : public Holding<R, Job> {
 public:
  TypedJob(Job::Ticket ticket, Ref<CallOptions> options, const FunctionName& function,
           std::tuple<Args...> arguments)
      : Holding<R, Job>(ticket, std::move(options), function), arguments_(std::move(arguments)) {}

  ~TypedJob() override {
    // This is a result that nobody has taken.
    if constexpr (!std::is_void_v<R>) {
      if (this->outcome && this->outcome->ok()) freeAside(this->outcome->value());
    }
  }

  void freeLeftOver([[maybe_unused]] void* leftOver) noexcept override {
    if constexpr (!std::is_void_v<R>) {
      auto& left = *static_cast<Outcome<R>*>(leftOver);
      if (left.ok()) freeAside(left.value());
    }
  }

  unsigned argumentCount() const override { return sizeof...(Args); }
  std::uint64_t argumentWords() const override {
    return std::apply(
        [](const auto&... argument) { return (std::uint64_t{0} + ... + keptWords(argument)); },
        arguments_.get());
  }
  void encodeArguments(ListWriter to) const override {
    std::apply(
        [&to](const auto&... argument) {
          unsigned i = 0;
          (encodeKept(argument, to[i++]), ...);
        },
        arguments_.get());
  }
  std::shared_ptr<const void> arguments() const override { return arguments_.share(); }
  bool writtenAside() const noexcept override { return arguments_.writtenAside(); }
  std::unique_ptr<ArgumentWriting> beginWriting(std::uint64_t mostBytes) const override {
    return arguments_.beginWriting(mostBytes);
  }

  void accept(ValueReader result) override {
    if constexpr (std::is_void_v<R>) {
      if (!result.isVoid()) throw EncodingError("expected no result, found a value");
      this->outcome.emplace();
    } else {
      this->outcome.emplace(decode<R>(result));
    }
  }
  std::unique_ptr<ResultReading> beginReading([[maybe_unused]] ValueReader result) const override {
    if constexpr (std::is_void_v<R>) {
      return nullptr;
    } else {
      return SlicedReading<R>::begin(result);
    }
  }
  void acceptRead([[maybe_unused]] ResultReading& reading) override {
    if constexpr (!std::is_void_v<R>) {
      this->outcome.emplace(static_cast<SlicedReading<R>&>(reading).take());
    }
  }

 protected:
  // The Deferred may be kept for long and keeps the job, because the result lies in it.
  void discard() noexcept override {
    arguments_.drop();
    Job::discard();
  }

 private:
  [[no_unique_address]] KeptArguments<Args...> arguments_;
};

/// The name of a function that is not linked into this program.
struct OwnedName {
  explicit OwnedName(std::string_view name) : text(name), owned{text, {}, Timed::call} {}
  OwnedName(const OwnedName&) = delete;
  OwnedName& operator=(const OwnedName&) = delete;

  const std::string text;
  const FunctionName owned;
};

/// A job whose arguments could not be kept: it is refused, and never written.
template <class R>
class UnfitJob final : private OwnedName, public Holding<R, Job> {
 public:
  UnfitJob(Job::Ticket ticket, Ref<CallOptions> options, std::string_view name)
      : OwnedName(name), Holding<R, Job>(ticket, std::move(options), owned) {}

  unsigned argumentCount() const override { return 0; }
  std::uint64_t argumentWords() const override { return 0; }
  void encodeArguments(ListWriter) const override {}
  std::shared_ptr<const void> arguments() const override { return nullptr; }
  void accept(ValueReader) override {}
};

/// A TypedJob for a function that is known only by its name.
template <class R, class... Args>
class NamedJob final : private OwnedName, public TypedJob<R, Args...> {
 public:
  NamedJob(Job::Ticket ticket, Ref<CallOptions> options, std::string_view name,
           std::tuple<Args...> arguments)
      : OwnedName(name),
        TypedJob<R, Args...>(ticket, std::move(options), owned, std::move(arguments)) {}
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
