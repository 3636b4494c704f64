// An array that lies in memory which processes share: to pass one to a job, or to return one from
// it, costs the same for a kibibyte and for ten gibibytes.
//
//   phial::SharedArray<double> samples(n);
//   std::ranges::generate(samples.writable(), measure);
//   pool.deferToProcess<spectrum>(samples);
//
// where the function is, for instance, SharedArray<double> spectrum(const SharedArray<double>&).
//
// Whoever makes it fills it, then passes it on; whoever receives it reads it where it lies. It can
// be an argument or a result, or a part of one, and what was received can be passed on. A received
// one is read-only, by the kernel's doing; the maker's memory is that of all: what it writes after
// passing it on is seen by all who still read.
//
// Life: a SharedArray is a handle; copies share the array, in this process and in others. The
// memory is freed when the last handle of the last process goes, by a crash too, and none is kept
// for a job that is over. No page of it is taken before it is written.
//
// Price: one open file descriptor a living array and process, whatever the number of handles, and
// some 15 us to pass it on. First writes to fresh memory are slow, 30 times slower than a copy
// here: an array that is used again, once nobody reads it any more, is cheaper than a new one.
//
// Thread rule: as for std::shared_ptr. Memory is memory: no two threads or processes may use an
// element at once unless both only read.
#pragma once

#include <phial/protocol/shared_memory.h>
#include <phial/protocol/type_name.h>
#include <phial/protocol/value_packed.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <new>
#include <span>
#include <stdexcept>
#include <string_view>
#include <type_traits>

namespace phial {

/// T is copied by its bytes: trivially copyable and, since another process could not follow it, no
/// pointer. Not bool, whose bytes would have to be checked.
template <class T>
class SharedArray {
  static_assert(std::is_same_v<T, std::remove_cv_t<T>>, "a SharedArray is const for its readers");
  static_assert(std::is_trivially_copyable_v<T>, "a SharedArray's elements travel by their bytes");
  static_assert(!std::is_pointer_v<T> && !std::is_member_pointer_v<T>,
                "a pointer means nothing in another process");
  static_assert(!std::is_same_v<T, bool>, "use std::uint8_t: a byte need not be a bool");
  static_assert(alignof(T) <= 4096, "shared memory is aligned to pages");

 public:
  using value_type = T;
  using const_iterator = const T*;

  /// Empty.
  SharedArray() = default;

  /// `count` elements of zero bytes. Throws std::bad_alloc when there is no address space for them,
  /// std::system_error when the system has no file for them (RLIMIT_NOFILE, RLIMIT_FSIZE).
  explicit SharedArray(std::size_t count) : count_(count) {
    if (count > std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T)) throw std::bad_alloc();
    if (count > 0) memory_ = detail::SharedMemory::create(count * sizeof(T));
  }

  /// A copy of what lies elsewhere. Throws as above.
  static SharedArray copyOf(std::span<const T> values) {
    SharedArray array(values.size());
    std::ranges::copy(values, array.writable().begin());
    return array;
  }

  /// Aligned to pages; null when empty.
  const T* data() const { return memory_ ? reinterpret_cast<const T*>(memory_->data()) : nullptr; }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + count_; }
  const T& operator[](std::size_t index) const { return data()[index]; }
  std::span<const T> span() const { return {data(), count_}; }

  /// The elements, to fill. Throws std::logic_error in a process that has not made the array.
  std::span<T> writable() {
    if (empty()) return {};
    std::byte* memory = memory_->writable();
    if (memory == nullptr) throw std::logic_error("a SharedArray that was received is read-only");
    return {reinterpret_cast<T*>(memory), count_};
  }

 private:
  friend struct Codec<SharedArray>;
  SharedArray(std::shared_ptr<detail::SharedMemory> memory, std::size_t count)
      : memory_(std::move(memory)), count_(count) {}

  std::shared_ptr<detail::SharedMemory> memory_;
  std::size_t count_ = 0;
};

namespace detail {

/// What the wire says of an array's elements; both ends must mean the same.
struct SharedElement {
  std::string_view name;
  std::size_t bytes;
};

template <class T>
SharedElement sharedElement() {
  if constexpr (PackedNumber<T>) {
    return {numberName(numberOf<T>()), sizeof(T)};
  } else {
    return {typeName<T>(), sizeof(T)};
  }
}

/// An array as a value has it. No memory when it is empty.
struct SharedElements {
  std::shared_ptr<SharedMemory> memory;
  std::uint64_t count;
};

std::uint64_t sharedWords(SharedElement element);
void encodeShared(const SharedElements& elements, SharedElement element,
                  schema::Value::Builder builder);
SharedElements decodeShared(schema::Value::Reader value, SharedElement element);

}  // namespace detail

template <class T>
struct Codec<SharedArray<T>> {
  static std::uint64_t words(const SharedArray<T>&) {
    return detail::sharedWords(detail::sharedElement<T>());
  }
  static void encode(const SharedArray<T>& array, schema::Value::Builder builder) {
    detail::encodeShared({array.memory_, array.count_}, detail::sharedElement<T>(), builder);
  }
  static SharedArray<T> decode(schema::Value::Reader value) {
    auto elements = detail::decodeShared(value, detail::sharedElement<T>());
    return SharedArray<T>(std::move(elements.memory), elements.count);
  }
};

}  // namespace phial
