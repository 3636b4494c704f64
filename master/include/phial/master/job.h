// A job as the pool holds it: arguments that wait to be written, and a Deferred that waits for the
// result. Part of the templates of process_pool.h; nothing here is for users.
#pragma once

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

/// Which function a job calls. By name alone when the signature is empty.
struct FunctionName {
  std::string_view name;
  std::string_view signature;
};

/// One job, type-erased. The pool owns it from submission until it has settled.
class Job {
 public:
  Job(std::uint64_t jobId, JobOptions jobOptions) : id(jobId), options(std::move(jobOptions)) {}
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  virtual FunctionName function() const = 0;
  /// An upper bound of the words that the arguments need on the wire.
  virtual std::uint64_t argumentWords() const = 0;
  virtual unsigned argumentCount() const = 0;
  virtual void encodeArguments(capnp::List<schema::Value>::Builder to) const = 0;
  /// What encodeArguments() writes, and may only refer to. Held, it outlives the job.
  virtual std::shared_ptr<const void> arguments() const = 0;

  /// Reads the result and keeps it. Throws EncodingError. Calls nobody.
  virtual void accept(schema::Value::Reader result) = 0;
  /// Begins to read a large result in slices; null when accept() will not take long. Throws
  /// EncodingError.
  virtual std::unique_ptr<ResultReading> beginReading(schema::Value::Reader) const {
    return nullptr;
  }
  /// In place of accept(): keeps the result that beginReading() began and that has been read.
  virtual void acceptRead(ResultReading&) {}
  /// Hands the accepted result to the caller. Calls user code. Does nothing when the caller has
  /// cancelled the job after the pool had decided its end; the ledger keeps what was decided.
  virtual void succeed() = 0;
  /// Hands a failure to the caller, in the same way.
  virtual void fail(Failure failure) = 0;

  /// The pool's number for it, from 1.
  const std::uint64_t id;
  const JobOptions options;
};

/// A job that calls a function with `Args`, the form in which arguments are kept, and expects `R`.
template <class R, class... Args>
class TypedJob final : public Job {
 public:
  TypedJob(std::uint64_t jobId, JobOptions jobOptions, FunctionName function, Resolver<R> resolver,
           std::tuple<Args...> arguments)
      : Job(jobId, std::move(jobOptions)),
        name_(function.name),
        signature_(function.signature),
        resolver_(std::move(resolver)),
        arguments_(std::make_shared<const std::tuple<Args...>>(std::move(arguments))) {}

  FunctionName function() const override { return {name_, signature_}; }
  unsigned argumentCount() const override { return sizeof...(Args); }
  std::uint64_t argumentWords() const override {
    return std::apply(
        [](const auto&... argument) { return (std::uint64_t{0} + ... + keptWords(argument)); },
        *arguments_);
  }
  void encodeArguments(capnp::List<schema::Value>::Builder to) const override {
    std::apply(
        [&to](const auto&... argument) {
          unsigned i = 0;
          (encodeKept(argument, to[i++]), ...);
        },
        *arguments_);
  }

  std::shared_ptr<const void> arguments() const override { return arguments_; }

  void accept(schema::Value::Reader result) override {
    if constexpr (std::is_void_v<R>) {
      if (!result.isVoid()) throw EncodingError("expected no result, found a value");
    } else {
      result_.emplace(decode<R>(result));
    }
  }
  std::unique_ptr<ResultReading> beginReading(
      [[maybe_unused]] schema::Value::Reader result) const override {
    if constexpr (kFlat<R>) {
      return FlatReading<R>::begin(result);
    } else {
      return nullptr;
    }
  }
  void acceptRead([[maybe_unused]] ResultReading& reading) override {
    if constexpr (kFlat<R>) result_.emplace(static_cast<FlatReading<R>&>(reading).take());
  }
  void succeed() override {
    if (resolver_.called()) return;
    if constexpr (std::is_void_v<R>) {
      resolver_.callback();
    } else {
      resolver_.callback(std::move(*result_));
    }
  }
  void fail(Failure failure) override {
    if (!resolver_.called()) resolver_.errback(std::move(failure));
  }

 private:
  struct Nothing {};

  std::string name_;
  std::string signature_;
  Resolver<R> resolver_;
  std::shared_ptr<const std::tuple<Args...>> arguments_;
  std::optional<std::conditional_t<std::is_void_v<R>, Nothing, R>> result_;
};

}  // namespace phial::detail
