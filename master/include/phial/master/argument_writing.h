// Large arguments on their way into a message of their own, beside the loop or in slices on it.
// Part of job.h; nothing here is for users.
//
// Arguments that are small, or flat, are written into their request: what is flat is not even
// copied there. For others that would stop the loop for 0.1 ms with each thousand strings.
#pragma once

#include <capnp/message.h>
#include <phial/master/kept_argument.h>
#include <phial/master/stepped_work.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/value_sliced_encode.h>
#include <phial/protocol/value_weight.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace phial::detail {

/// A message whose root is the list of a job's arguments.
using ArgumentMessage = capnp::MallocMessageBuilder;

/// Writes the arguments of one job. Owns all that it needs.
class ArgumentWriting : public SteppedWork {
 public:
  /// The message, complete. What it takes is freed beside the loop. Throws what the arguments
  /// cannot be written for: EncodingError, or what a codec of the program's throws.
  /// REQUIRES: step() has returned true, and it was not stopped.
  virtual std::shared_ptr<ArgumentMessage> take() = 0;

  /// What the message encloses.
  const FileParcel& files() const { return files_; }

 protected:
  FileParcel files_;
};

/// The message that arguments are written to.
std::shared_ptr<ArgumentMessage> newArgumentMessage();
/// Throws EncodingError when it is larger than that.
void requireAtMost(ArgumentMessage& message, std::uint64_t mostBytes);

// --- What is kept of an argument: see kept_argument.h ---

/// Numbers are flat, and written at once whatever their size.
template <class T>
inline constexpr bool kKeptNumbers = false;
template <class T>
inline constexpr bool kKeptNumbers<KeptNumbers<T>> = true;

/// What the kept argument holds.
template <class T>
struct KeptValue {
  using Type = T;
  static const T* of(const T& kept) { return &kept; }
};
template <class T>
struct KeptValue<std::shared_ptr<const T>> {
  using Type = T;
  static const T* of(const std::shared_ptr<const T>& kept) { return kept.get(); }
};

template <class Kept>
inline constexpr bool kMayBeHeavy =
    !kKeptNumbers<Kept> && !kWrittenWhole<typename KeptValue<Kept>::Type>;

/// Whether code of the program's writes it.
template <class Kept>
inline constexpr bool kByProgram =
    !kKeptNumbers<Kept> && !kStdAlone<typename KeptValue<Kept>::Type>;

template <class Kept>
void weighKept(const Kept& kept, Weight& weight) {
  if constexpr (kMayBeHeavy<Kept>) {
    const auto* value = KeptValue<Kept>::of(kept);
    if (value != nullptr) weigh(*value, weight);
  }
}

template <class Kept>
SlicedWork encodeKeptSliced(const Kept& kept, schema::Value::Builder to) {
  if constexpr (kMayBeHeavy<Kept>) {
    const auto* value = KeptValue<Kept>::of(kept);
    if (value == nullptr) throwEncoding("an argument is a null pointer");
    return encodePart(*value, to, {});
  } else {
    encodeKept(kept, to);
    return {};
  }
}

/// KeptNumbers free themselves, and what is shared is its last holder's to free.
template <class Kept>
void freeKept(Kept& kept) noexcept {
  if constexpr (!kKeptNumbers<Kept> && std::is_same_v<Kept, typename KeptValue<Kept>::Type>) {
    freeAside(kept);
  }
}

/// The arguments of a job, shared by the job and the messages that refer to them. Heavy ones are
/// freed beside the loop.
template <class... Kept>
class ArgumentHolder {
 public:
  explicit ArgumentHolder(std::tuple<Kept...>&& arguments) : arguments_(std::move(arguments)) {}
  ~ArgumentHolder() {
    std::apply([](auto&... kept) { (freeKept(kept), ...); }, arguments_);
  }
  ArgumentHolder(const ArgumentHolder&) = delete;
  ArgumentHolder& operator=(const ArgumentHolder&) = delete;

  const std::tuple<Kept...>& get() const { return arguments_; }

  /// Whether code of the program's writes any of them. How long that takes nobody knows.
  static constexpr bool kByProgram = (detail::kByProgram<Kept> || ...);

  bool writtenAside() const noexcept {
    if constexpr ((kMayBeHeavy<Kept> || ...)) {
      try {
        Weight weight(Weight::Of::writing, kByProgram ? kHeavy / 32 : kHeavy);
        std::apply([&](const auto&... kept) { (weighKept(kept, weight), ...); }, arguments_);
        return weight.over();
      } catch (...) {  // of a codec of the program's; whoever measures or writes them will say so
      }
    }
    return false;
  }

 private:
  std::tuple<Kept...> arguments_;
};

template <class... Kept>
class WritingOf final : public ArgumentWriting {
 public:
  WritingOf(std::shared_ptr<const ArgumentHolder<Kept...>> arguments, std::uint64_t mostBytes)
      : arguments_(std::move(arguments)),
        mostBytes_(mostBytes),
        message_(newArgumentMessage()),
        run_(writeAll(arguments_->get(),
                      message_->getRoot<capnp::AnyPointer>().initAs<capnp::List<schema::Value>>(
                          sizeof...(Kept)))) {}

  Where where() const override {
    return ArgumentHolder<Kept...>::kByProgram ? Where::onLoop : Where::beside;
  }

  std::shared_ptr<ArgumentMessage> take() override {
    if (tooLarge_) requireAtMost(*message_, mostBytes_);
    try {
      run_.check();
    } catch (const kj::Exception& exception) {
      throwEncoding(exception);
    }
    return std::move(message_);
  }

 private:
  using Tuple = std::tuple<Kept...>;
  using Write = SlicedWork (*)(const Tuple&, schema::Value::Builder);

  bool goOn() override {
    const bool over = writePiece();
    // Not what it claims but what it has taken is measured, so this bounds the memory too.
    tooLarge_ = message_->sizeInWords() * sizeof(capnp::word) > mostBytes_;
    return over || tooLarge_;
  }

  // Types of std types alone enclose nothing, and the side thread opens no parcels.
  bool writePiece() {
    if constexpr (ArgumentHolder<Kept...>::kByProgram) {
      const OutgoingFiles enclosed(files_);
      return run_.goOn(kPieceBytes);
    } else {
      return run_.goOn(kPieceBytes);
    }
  }

  template <std::size_t I>
  static SlicedWork writeOne(const Tuple& arguments, schema::Value::Builder to) {
    return encodeKeptSliced(std::get<I>(arguments), to);
  }
  template <std::size_t... I>
  static constexpr auto writes(std::index_sequence<I...>) {
    return std::array<Write, sizeof...(I)>{&writeOne<I>...};
  }
  static SlicedWork writeAll(const Tuple& arguments, capnp::List<schema::Value>::Builder to) {
    static constexpr auto kWrites = writes(std::index_sequence_for<Kept...>());
    for (std::size_t i = 0; i < sizeof...(Kept); ++i) {
      const auto part = kWrites[i](arguments, to[static_cast<capnp::uint>(i)]);
      co_await part;
      co_await Spent{kElementCost};
    }
  }

  const std::shared_ptr<const ArgumentHolder<Kept...>> arguments_;
  const std::uint64_t mostBytes_;
  std::shared_ptr<ArgumentMessage> message_;
  SlicedRun run_;
  bool tooLarge_ = false;
};

}  // namespace phial::detail
