// An array in memory that processes share. Passing a SharedArray to a job, or returning one, costs
// the same for a kibibyte and for ten gibibytes.
//
//   phial::SharedArray<double> samples(n);
//   std::ranges::generate(samples.writable(), measure);
//   pool.deferToProcess<spectrum>(samples);
//
// Here the function is, for example, SharedArray<double> spectrum(const SharedArray<double>&).
//
// Use: the process that makes an array fills it, then passes it on. The process that receives it
// reads the same memory. A SharedArray can be an argument or a result, or a part of one, and a
// received array can be passed on. The kernel makes a received array read-only. The maker still
// writes to the memory that all others read: what it writes after passing the array on is seen by
// all.
//
// Life: a SharedArray is a handle. Copies share the array, in this process and in others. The
// memory is freed when the last handle in the last process is gone, also when a process crashes. A
// page uses no memory before it is written.
//
// Price: one file descriptor for each array in each process, whatever the number of handles, and
// about 15 us to pass an array on. The first write to a fresh page is about 30 times slower than a
// copy: reusing an array that nobody reads any more is cheaper than making a new one.
//
// Thread rule: as for std::shared_ptr. Two threads or processes may use the same element at the
// same time only if both read it.
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

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// T is copied by its bytes: it must be trivially copyable, and no pointer, because another process
/// could not follow it. bool is excluded because its bytes would have to be checked.
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

  /// Makes an empty array.
  SharedArray() = default;

  /// Makes an array of `count` elements whose bytes are zero. Throws std::bad_alloc when there is
  /// no address space for it, std::system_error when the system refuses the file (RLIMIT_NOFILE,
  /// RLIMIT_FSIZE).
  explicit SharedArray(std::size_t count) : count_(count) {
    if (count > std::numeric_limits<std::ptrdiff_t>::max() / sizeof(T)) throw std::bad_alloc();
    if (count > 0) memory_ = detail::SharedMemory::create(count * sizeof(T));
  }

  /// Makes an array with a copy of `values`. Throws as the constructor above.
  static SharedArray copyOf(std::span<const T> values) {
    SharedArray array(values.size());
    std::ranges::copy(values, array.writable().begin());
    return array;
  }

  /// The first element, aligned to pages; null when the array is empty.
  const T* data() const { return memory_ ? reinterpret_cast<const T*>(memory_->data()) : nullptr; }
  std::size_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + count_; }
  const T& operator[](std::size_t index) const { return data()[index]; }
  std::span<const T> span() const { return {data(), count_}; }

  /// The elements, to fill. Throws std::logic_error when the array was received from another
  /// process.
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

/// How the wire describes an array's elements. Both ends must agree.
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

/// An array inside a value. `memory` is null when the array is empty.
struct SharedElements {
  std::shared_ptr<SharedMemory> memory;
  std::uint64_t count;
};

std::uint64_t sharedWords(SharedElement element);
void encodeShared(const SharedElements& elements, SharedElement element, ValueWriter to);
SharedElements decodeShared(ValueReader value, SharedElement element);

}  // namespace detail

template <class T>
struct Codec<SharedArray<T>> {
  static std::uint64_t words(const SharedArray<T>&) {
    return detail::sharedWords(detail::sharedElement<T>());
  }
  static void write(const SharedArray<T>& array, ValueWriter to) {
    detail::encodeShared({array.memory_, array.count_}, detail::sharedElement<T>(), to);
  }
  static SharedArray<T> read(ValueReader value) {
    auto elements = detail::decodeShared(value, detail::sharedElement<T>());
    return SharedArray<T>(std::move(elements.memory), elements.count);
  }
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
