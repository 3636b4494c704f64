// A job as the pool holds it: arguments that wait to be written, and the source of the Deferred
// that waits for the result. Part of the templates of process_pool.h; nothing here is for users.
//
// A program may have a million jobs in its queue, so a job is one block of memory: its Deferred's
// source, the arguments where they are small, and room for the result.
#pragma once

#include <phial/master/argument_writing.h>
#include <phial/master/deferred.h>
#include <phial/master/kept_argument.h>
#include <phial/master/pool_options.h>
#include <phial/master/result_reading.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/function_table.h>
#include <phial/protocol/value.h>
#include <phial/schema/worker.capnp.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace phial::detail {

/// What a job's timeouts are of.
enum class Timed {
  call,
  element,  ///< of each element of a chunk; the worker notes when it was begun
};

/// Which function a job calls. By name alone when the signature is empty.
struct FunctionName {
  std::string_view name;
  std::string_view signature;
  Timed timed = Timed::call;
};

/// The options of a Submitter. Its calls share them: many jobs cost one copy.
class CallOptions final : public Counted {
 public:
  explicit CallOptions(MapOptions options);

  const MapOptions value;
  /// What is wrong with them, a std::invalid_argument that names the field; empty when nothing is.
  const std::optional<Failure> fault;
};

/// One job, type-erased. The pool holds it from submission until it has settled, and is its only
/// producer.
class Job : public Source {
 public:
  /// Who is to hear that a job was cancelled.
  class Owner {
   public:
    /// Gives up the job, if it is there still. Returns whether its function may have been entered.
    /// Calls no user code.
    virtual bool cancel(std::uint64_t id) = 0;

   protected:
    ~Owner() = default;
  };
  /// What a job is to its pool.
  struct Ticket {
    Owner& owner;      ///< outlives the job until that has fired
    std::uint64_t id;  ///< from 1
  };

  /// Null `options` are the default ones. `function` is borrowed for as long as the job.
  Job(Ticket ticket, Ref<CallOptions> options, const FunctionName& function);

  virtual unsigned argumentCount() const = 0;
  /// An upper bound of the words that the arguments need on the wire. REQUIRES: !writtenAside().
  virtual std::uint64_t argumentWords() const = 0;
  virtual void encodeArguments(capnp::List<schema::Value>::Builder to) const = 0;
  /// What encodeArguments() writes, and may only refer to. Held, it outlives the job. Null when
  /// nothing can be referred to.
  virtual std::shared_ptr<const void> arguments() const = 0;
  /// Whether to measure and write the arguments would hold up the loop.
  virtual bool writtenAside() const noexcept { return false; }
  /// Begins to write them, to a message of at most so many bytes. It shares the arguments and does
  /// not need the job. Throws std::bad_alloc. REQUIRES: writtenAside().
  virtual std::unique_ptr<ArgumentWriting> beginWriting(std::uint64_t) const { return nullptr; }

  /// Reads the result and keeps it. Throws EncodingError. Calls nobody.
  virtual void accept(schema::Value::Reader result) = 0;
  /// Begins to read a large result piece by piece; null when accept() will not take long. Throws
  /// EncodingError.
  virtual std::unique_ptr<ResultReading> beginReading(schema::Value::Reader) const {
    return nullptr;
  }
  /// In place of accept(): keeps the result that beginReading() began and that has been read.
  virtual void acceptRead(ResultReading&) {}
  /// Hands the accepted result to the caller. Calls user code. Does nothing when the caller has
  /// cancelled the job after the pool had decided its end; the ledger keeps what was decided.
  void succeed();
  /// Hands a failure to the caller, in the same way.
  void refuse(Failure failure);

  /// Whether the caller has been handed an end of it, or has cancelled it.
  bool settled() const { return fired(); }

  const FunctionName& function() const { return *function_; }
  const JobOptions& options() const { return options_ ? options_->value.job : kDefaults; }
  /// What is wrong with the options; null when nothing is.
  const Failure* fault() const { return options_ && options_->fault ? &*options_->fault : nullptr; }
  /// JobOptions::label; may be empty.
  const std::string& label() const;

  void cancel(std::vector<Ref<Chain>>& next) override;

  const std::uint64_t id;

 protected:
  void discard() noexcept override { options_ = {}; }

 private:
  static const JobOptions kDefaults;

  Owner& owner_;
  Ref<CallOptions> options_;
  const FunctionName* function_;
};

/// How arguments are kept: small plain ones in the job, others where a message on its way can hold
/// on to them.
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
    return std::make_unique<WritingOf<Args...>>(shared_, mostBytes);
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

/// A job that calls a function with `Args`, the form in which arguments are kept, and expects `R`.
template <class R, class... Args>
class TypedJob : public Holding<R, Job> {
 public:
  TypedJob(Job::Ticket ticket, Ref<CallOptions> options, const FunctionName& function,
           std::tuple<Args...> arguments)
      : Holding<R, Job>(ticket, std::move(options), function), arguments_(std::move(arguments)) {}

  ~TypedJob() override {
    // A result that nobody has taken.
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
  void encodeArguments(capnp::List<schema::Value>::Builder to) const override {
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

  void accept(schema::Value::Reader result) override {
    if constexpr (std::is_void_v<R>) {
      if (!result.isVoid()) throw EncodingError("expected no result, found a value");
      this->outcome.emplace();
    } else {
      this->outcome.emplace(decode<R>(result));
    }
  }
  std::unique_ptr<ResultReading> beginReading(
      [[maybe_unused]] schema::Value::Reader result) const override {
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
  // The Deferred, which may be kept for long, holds on to the job for the sake of the result.
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

/// The same for a function known by its name alone.
template <class R, class... Args>
class NamedJob final : private OwnedName, public TypedJob<R, Args...> {
 public:
  NamedJob(Job::Ticket ticket, Ref<CallOptions> options, std::string_view name,
           std::tuple<Args...> arguments)
      : OwnedName(name),
        TypedJob<R, Args...>(ticket, std::move(options), owned, std::move(arguments)) {}
};

}  // namespace phial::detail
