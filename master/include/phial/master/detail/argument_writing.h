// Writes large arguments into a message of their own, beside the loop or in slices on the loop.
// Part of job.h; nothing here is for users.
//
// Arguments that are small or flat are written into their request; flat ones are not even copied
// there. Other arguments would stop the loop for 0.1 ms with every thousand strings.
#pragma once

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
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// A message whose root is the list of a job's arguments: see argument_message.h.
class ArgumentMessage;

/// Writes the arguments of one job. Owns all that it needs.
class ArgumentWriting : public SteppedWork {
 public:
  ~ArgumentWriting() override;

  Where where() const override { return byProgram_ ? Where::onLoop : Where::beside; }

  /// Returns the complete message; the arguments that it holds are freed beside the loop. Throws
  /// the reason when the arguments cannot be written: EncodingError, or what a codec of the
  /// program's throws. REQUIRES: step() has returned true, and the work was not stopped.
  std::shared_ptr<ArgumentMessage> take();

  /// The files that the message encloses.
  const FileParcel& files() const { return files_; }

 protected:
  /// Makes the message, of at most so many bytes, with room for `count` arguments. `kept` are the
  /// arguments that are written. If code of the program's writes them, it runs on the loop.
  enum class By { library, program };
  ArgumentWriting(std::shared_ptr<const void> kept, std::size_t count, std::uint64_t mostBytes,
                  By by);
  /// The places of the arguments.
  ListWriter places() const { return places_; }
  /// The work that fills the places.
  void begin(SlicedWork work) { run_.emplace(std::move(work)); }

 private:
  bool goOn() final;
  bool writePiece();

  const std::shared_ptr<const void> kept_;
  const std::uint64_t mostBytes_;
  const bool byProgram_;
  std::shared_ptr<ArgumentMessage> message_;
  const ListWriter places_;
  FileParcel files_;
  std::optional<SlicedRun> run_;
  bool tooLarge_ = false;
};

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
SlicedWork encodeKeptSliced(const Kept& kept, ValueWriter to) {
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
  WritingOf(const std::shared_ptr<const ArgumentHolder<Kept...>>& arguments,
            std::uint64_t mostBytes)
      : ArgumentWriting(arguments, sizeof...(Kept), mostBytes,
                        ArgumentHolder<Kept...>::kByProgram ? By::program : By::library) {
    begin(writeAll(arguments->get(), places()));
  }

 private:
  using Tuple = std::tuple<Kept...>;
  using Write = SlicedWork (*)(const Tuple&, ValueWriter);

  template <std::size_t I>
  static SlicedWork writeOne(const Tuple& arguments, ValueWriter to) {
    return encodeKeptSliced(std::get<I>(arguments), to);
  }
  template <std::size_t... I>
  static constexpr auto writes(std::index_sequence<I...>) {
    return std::array<Write, sizeof...(I)>{&writeOne<I>...};
  }
  static SlicedWork writeAll(const Tuple& arguments, ListWriter to) {
    static constexpr auto kWrites = writes(std::index_sequence_for<Kept...>());
    for (std::size_t i = 0; i < sizeof...(Kept); ++i) {
      const auto part = kWrites[i](arguments, to[i]);
      co_await part;
      co_await Spent{kElementCost};
    }
  }
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
