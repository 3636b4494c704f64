// Writes large arguments into a message of their own, beside the loop or in slices on the loop.
// Part of job.h; nothing here is for users.
//
// Arguments that are small or flat are written into their request; flat ones are not even copied
// there. Other arguments would stop the loop for 0.1 ms with every thousand strings.
#pragma once

#include <capnp/message.h>
#include <phial/master/detail/kept_argument.h>
#include <phial/master/detail/stepped_work.h>
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

namespace phial::inline v1::detail {

/// A message whose root is the list of a job's arguments.
using ArgumentMessage = capnp::MallocMessageBuilder;

/// Writes the arguments of one job. Owns all that it needs.
class ArgumentWriting : public SteppedWork {
 public:
  /// Returns the complete message; the arguments that it holds are freed beside the loop. Throws
  /// the reason when the arguments cannot be written: EncodingError, or what a codec of the
  /// program's throws. REQUIRES: step() has returned true, and the work was not stopped.
  virtual std::shared_ptr<ArgumentMessage> take() = 0;

  /// The files that the message encloses.
  const FileParcel& files() const { return files_; }

 protected:
  FileParcel files_;
};

/// Makes the message to which arguments are written.
std::shared_ptr<ArgumentMessage> newArgumentMessage();
/// Throws EncodingError when the message has more than `mostBytes`.
void requireAtMost(ArgumentMessage& message, std::uint64_t mostBytes);

// --- The values in kept arguments: see kept_argument.h ---

/// Numbers are flat, and are written at once whatever their size.
template <class T>
inline constexpr bool kKeptNumbers = false;
template <class T>
inline constexpr bool kKeptNumbers<KeptNumbers<T>> = true;

/// The value that a kept argument holds.
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

/// True if code of the program's writes the argument.
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

/// Frees a kept argument. KeptNumbers free themselves; a shared argument is freed by its last
/// holder.
template <class Kept>
void freeKept(Kept& kept) noexcept {
  if constexpr (!kKeptNumbers<Kept> && std::is_same_v<Kept, typename KeptValue<Kept>::Type>) {
    freeAside(kept);
  }
}

/// The arguments of a job, shared by the job and by the messages that refer to them. Heavy
/// arguments are freed beside the loop.
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

  /// True if code of the program's writes any of the arguments: its time is not known.
  static constexpr bool kByProgram = (detail::kByProgram<Kept> || ...);

  bool writtenAside() const noexcept {
    if constexpr ((kMayBeHeavy<Kept> || ...)) {
      try {
        Weight weight(Weight::Of::writing, kByProgram ? kHeavy / 32 : kHeavy);
        std::apply([&](const auto&... kept) { (weighKept(kept, weight), ...); }, arguments_);
        return weight.over();
      } catch (...) {  // of a codec of the program's; measuring or writing will report it
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
    // This measures the memory that the message has taken, not what it claims, so it bounds the
    // memory too.
    tooLarge_ = message_->sizeInWords() * sizeof(capnp::word) > mostBytes_;
    return over || tooLarge_;
  }

  // Types of std types alone enclose no files, and the side thread opens no parcels.
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

}  // namespace phial::inline v1::detail
