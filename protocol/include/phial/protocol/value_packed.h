// Dense storage: strings, byte sequences and sequences of plain numbers, in chunks that a Cap'n
// Proto list can hold.
#pragma once

#include <phial/protocol/value_scalar.h>

#include <bit>
#include <span>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

static_assert(std::endian::native == std::endian::little, "packed numbers are copied as they lie");

/// The most bytes in one chunk of data, text or packed numbers.
inline constexpr std::uint64_t kMaxChunkBytes = std::uint64_t{256} << 20;

/// The element types of packed numbers, as on the wire.
enum class NumberType : std::uint16_t {
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float32,
  float64,
  bool8,  ///< one byte each, 0 or 1
};

template <class T>
concept ByteLike = std::same_as<T, std::byte> || std::same_as<T, unsigned char>;

template <class T>
struct UnderlyingNumber {
  using type = T;
};
template <class T>
  requires std::is_enum_v<T>
struct UnderlyingNumber<T> {
  using type = std::underlying_type_t<T>;
};

/// Numbers that travel packed, by a copy of their memory. Not bool, whose bytes must be checked.
template <class T>
concept PackedNumber = Integer<typename UnderlyingNumber<T>::type> ||
                       FloatingPoint<typename UnderlyingNumber<T>::type>;

template <PackedNumber T>
consteval NumberType numberOf() {
  using Number = typename UnderlyingNumber<T>::type;
  if constexpr (FloatingPoint<Number>) {
    return sizeof(T) == 4 ? NumberType::float32 : NumberType::float64;
  } else {
    const auto first =
        static_cast<std::uint16_t>(std::is_signed_v<Number> ? NumberType::int8 : NumberType::uint8);
    return static_cast<NumberType>(first + std::countr_zero(sizeof(T)));
  }
}

/// The type in words, such as "signed 32-bit integers".
std::string_view numberName(NumberType type);

std::uint64_t textWords(std::uint64_t bytes, std::uint64_t chunkBytes = kMaxChunkBytes);
std::uint64_t dataWords(std::uint64_t bytes, std::uint64_t chunkBytes = kMaxChunkBytes);
std::uint64_t packedWords(std::uint64_t bytes, std::uint64_t chunkBytes = kMaxChunkBytes);

/// What lies behind the last byte: anything, or zeros up to the end of the last word. If it is
/// zeros, all bytes can be borrowed in one piece, even if they are no whole number of words.
enum class Tail { unknown, padded };

/// REQUIRES: chunkBytes is a multiple of 8. Values other than the default are for tests.
void encodeText(std::string_view text, ValueWriter to, std::uint64_t chunkBytes = kMaxChunkBytes);
void encodeData(std::span<const std::byte> bytes, ValueWriter to,
                std::uint64_t chunkBytes = kMaxChunkBytes, Tail tail = Tail::unknown);
void encodePacked(NumberType type, std::span<const std::byte> bytes, ValueWriter to,
                  std::uint64_t chunkBytes = kMaxChunkBytes, Tail tail = Tail::unknown);

/// The allocated, zeroed chunks of a data or packed value, in order. Borrow the message.
using RawChunks = std::vector<std::span<std::byte>>;

/// As encodeData() and encodePacked(), but without the bytes, which the caller fills in.
RawChunks initData(std::uint64_t bytes, ValueWriter to);
RawChunks initPacked(NumberType type, std::uint64_t bytes, ValueWriter to);

/// While an object of this class lives on a thread, long runs of bytes are not copied into
/// messages: they become segments that refer to the caller's memory. This memory must not change
/// until the message has been sent. Objects nest; the innermost one counts.
class BorrowedBytes {
 public:
  BorrowedBytes();
  ~BorrowedBytes();
  BorrowedBytes(const BorrowedBytes&) = delete;
  BorrowedBytes& operator=(const BorrowedBytes&) = delete;

  /// A shorter run is copied.
  static constexpr std::size_t kLeast = 64 << 10;
  /// The most borrowed runs: each is a segment, and a frame has at most 512 segments.
  static constexpr unsigned kMost = 256;

  /// Returns true if the bytes may be borrowed, and counts them as borrowed.
  static bool borrow(std::span<const std::byte> bytes);
  /// Returns true if a run of `bytes` bytes should be borrowed now on this thread.
  static bool wants(std::size_t bytes);

  bool any() const { return count_ > 0; }

 private:
  BorrowedBytes* const outer_;
  unsigned count_ = 0;
};

/// The content of a data or packed value: pieces of the message, borrowed, and already checked
/// against each other. The list of chunks is read once, so the message's traversal limit bounds
/// them even if many chunks point to the same bytes.
class Chunks {
 public:
  Chunks() = default;  // no content

  /// The chunks of a data value. REQUIRES: value.isData().
  static Chunks ofData(ValueReader value);
  /// The chunks of a data value or of packed uint8.
  static Chunks ofBytes(ValueReader value);
  /// The chunks of a packed value of this type. Throws EncodingError for a value of another type,
  /// and when the claimed count does not match the chunks.
  static Chunks ofNumbers(ValueReader value, NumberType type);

  std::uint64_t bytes() const { return bytes_; }

  std::size_t count() const { return chunks_.size(); }
  /// REQUIRES: T is the type for which the chunks were checked.
  template <class T>
  std::span<const T> chunk(std::size_t index) const {
    const auto& chunk = chunks_[index];
    // Cap'n Proto data begins on a word, so every number is aligned.
    return {reinterpret_cast<const T*>(chunk.data()), chunk.size() / sizeof(T)};
  }

  /// Calls f(span of T) for each chunk, in order.
  template <class T, class F>
  void forEach(F f) const {
    for (std::size_t i = 0; i < count(); ++i) f(chunk<T>(i));
  }

  /// All bytes, when they lie in one piece of the message; otherwise empty.
  std::span<const std::byte> whole() const {
    if (chunks_.size() != 1) return {};
    return chunks_.front();
  }

  /// REQUIRES: room for bytes() at `target`.
  void copyTo(void* target) const;

 private:
  explicit Chunks(std::vector<std::span<const std::byte>> chunks);

  std::vector<std::span<const std::byte>> chunks_;
  std::uint64_t bytes_ = 0;
};

/// The element type of packed numbers, which may be none of those that are known. REQUIRES:
/// value.isPacked().
NumberType packedType(ValueReader value);

std::string decodeText(ValueReader value);

[[noreturn]] void throwCount(std::uint64_t expected, std::uint64_t found, std::string_view what);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
