// What a job's function emits its items by, when it is called as a stream.
//
//   void tiles(Scene scene, phial::Emit<Tile> emit) {       // in the worker
//     for (const Area& area : areasOf(scene)) emit(render(scene, area));
//   }
//   auto stream = pool.stream<tiles>(scene);                // in the master: see
//                                                           // <phial/master/stream.h>
//
// Emit<T> is the last parameter of such a function, and the caller gives no argument for it. The
// function returns nothing: what it has to say, it emits. An item is on its way when emit() has
// returned; the order of the items stays. The stream ends when the function returns, and fails with
// what the function throws.
//
// Memory: items wait in 256 KiB of shared memory. When the consumer is behind and this memory is
// full, emit() waits. A job that waits so is running: its timeout goes on.
//
// Thread rule: emit() on the thread that runs the job only. Life: an Emit may be copied and kept,
// but once its job has ended each call throws std::logic_error.
#pragma once

#include <phial/protocol/value.h>
#include <phial/protocol/value_lent.h>

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

/// Takes the items of one job.
class ItemGate {
 public:
  /// Writes the item that `item` points to.
  using Write = void (*)(const void* item, ValueWriter to);

  ItemGate() = default;
  ItemGate(const ItemGate&) = delete;
  ItemGate& operator=(const ItemGate&) = delete;
  virtual ~ItemGate();

  /// Has `write` write an item that needs at most about `words` words, and sends it. Throws as
  /// Emit::operator() says.
  virtual void put(std::uint64_t words, const void* item, Write write) = 0;
};

/// The gate of the job that runs on this thread. Throws EncodingError when the job was not called
/// as a stream; `function` is named then.
std::shared_ptr<ItemGate> itemGateOfThisJob(const std::string& function);

}  // namespace detail

template <class T>
class Emit {
 public:
  using Item = T;

  /// Not for users: the runtime makes it.
  explicit Emit(std::shared_ptr<detail::ItemGate> gate) : gate_(std::move(gate)) {}

  /// Sends an item, of which the caller keeps the original. Waits while the consumer is behind.
  ///
  /// Throws CancelledError when the job is cancelled, also while it waits: after cancel(), after
  /// the Stream has been dropped, and after the job's deadline or softTimeout. The item is not sent
  /// then. Throws EncodingError when the item cannot be written or exceeds the pool's
  /// maxMessageBytes; the stream goes on, if the function catches it. Throws std::logic_error on
  /// another thread than the job's, in a process that the job has forked, and after the job's end.
  void operator()(const T& item) const {
    static_assert(std::is_same_v<T, Stored<T>>,
                  "phial::Emit<T>: T is the type that the consumer gets, so it must own what it "
                  "holds: std::string, not std::string_view; std::vector, not std::span.");
    gate_->put(encodedWords(item), &item,
               [](const void* it, ValueWriter to) { encode(*static_cast<const T*>(it), to); });
  }

 private:
  std::shared_ptr<detail::ItemGate> gate_;
};

namespace detail {

template <class T>
struct IsEmit : std::false_type {};
template <class T>
struct IsEmit<Emit<T>> : std::true_type {};

/// True for a parameter that takes an Emit.
template <class P>
inline constexpr bool kEmit = IsEmit<std::remove_cvref_t<P>>::value;

/// The number of parameters for which the caller gives an argument.
template <class... P>
inline constexpr std::size_t kGivenArguments = (std::size_t{0} + ... + (kEmit<P> ? 0 : 1));

/// True for the signature of a function that emits.
template <class Signature>
inline constexpr bool kEmits = false;
template <class R, class... P>
inline constexpr bool kEmits<R(P...)> = (kEmit<P> || ...);

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop
