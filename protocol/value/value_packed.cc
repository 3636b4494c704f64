#include <capnp/orphan.h>
#include <phial/protocol/value_capnp.h>
#include <phial/protocol/value_packed.h>
#include <phial/protocol/value_sequence.h>

#include <cstdint>
#include <cstring>
#include <utility>

namespace phial::inline v1::detail {

namespace {

using DataList = capnp::List<capnp::Data>;

std::uint64_t chunkCount(std::uint64_t bytes, std::uint64_t chunkBytes) {
  return (bytes + chunkBytes - 1) / chunkBytes;
}

// Chunks end on words, but for the last.
std::uint64_t chunkWords(std::uint64_t bytes, std::uint64_t chunkBytes) {
  return chunkCount(bytes, chunkBytes) + wordsForBytes(bytes);
}

// Allocates every chunk of a list made for `bytes`.
void initChunks(DataList::Builder list, std::uint64_t bytes, std::uint64_t chunkBytes) {
  for (capnp::uint i = 0; i < list.size(); ++i) {
    const std::uint64_t size = std::min(bytes, chunkBytes);
    list.init(i, static_cast<capnp::uint>(size));
    bytes -= size;
  }
}

std::vector<std::span<const std::byte>> spansOf(DataList::Reader list) {
  std::vector<std::span<const std::byte>> spans;
  spans.reserve(list.size());
  for (const auto chunk : list)
    spans.push_back(std::as_bytes(std::span(chunk.begin(), chunk.size())));
  return spans;
}

RawChunks rawChunks(DataList::Builder list) {
  RawChunks chunks;
  chunks.reserve(list.size());
  for (auto chunk : list)
    chunks.push_back(std::as_writable_bytes(std::span(chunk.begin(), chunk.size())));
  return chunks;
}

void fillChunks(DataList::Builder list, std::span<const std::byte> bytes) {
  for (auto chunk : list) {
    std::memcpy(chunk.begin(), bytes.data(), chunk.size());
    bytes = bytes.subspan(chunk.size());
  }
}

// A whole number of words can be borrowed; what is left over gets a chunk of its own.
constexpr std::uint64_t kWordBytes = sizeof(capnp::word);

thread_local BorrowedBytes* borrowing = nullptr;

std::uint64_t leftOver(std::uint64_t bytes, Tail tail) {
  return tail == Tail::padded ? 0 : bytes % kWordBytes;
}

capnp::uint borrowedChunkCount(std::uint64_t bytes, std::uint64_t chunkBytes, Tail tail) {
  const std::uint64_t rest = leftOver(bytes, tail);
  return static_cast<capnp::uint>(chunkCount(bytes - rest, chunkBytes) + (rest > 0 ? 1 : 0));
}

void borrowChunks(DataList::Builder list, std::span<const std::byte> bytes,
                  std::uint64_t chunkBytes, Tail tail) {
  const auto orphanage = capnp::Orphanage::getForMessageContaining(list);
  const auto data = [](std::span<const std::byte> part) {
    return capnp::Data::Reader(reinterpret_cast<const kj::byte*>(part.data()), part.size());
  };
  for (capnp::uint i = 0; i < list.size(); ++i) {
    const auto part = std::min(bytes.size() - leftOver(bytes.size(), tail), chunkBytes);
    if (part == 0) return list.set(i, data(bytes));
    list.adopt(i, orphanage.referenceExternalData(data(bytes.first(part))));
    bytes = bytes.subspan(part);
  }
}

schema::Packed::Builder beginPacked(NumberType type, std::uint64_t count, ValueWriter to) {
  auto packed = builderOf(to).initPacked();
  packed.setType(static_cast<schema::Number>(type));
  packed.setCount(count);
  return packed;
}

DataList::Builder initPacked(NumberType type, std::uint64_t count, std::uint64_t bytes,
                             ValueWriter to, std::uint64_t chunkBytes) {
  auto packed = beginPacked(type, count, to);
  auto list = packed.initChunks(static_cast<capnp::uint>(chunkCount(bytes, chunkBytes)));
  initChunks(list, bytes, chunkBytes);
  return list;
}

std::size_t elementBytes(NumberType type) {
  switch (type) {
    case NumberType::int8:
    case NumberType::uint8:
    case NumberType::bool8:
      return 1;
    case NumberType::int16:
    case NumberType::uint16:
      return 2;
    case NumberType::int32:
    case NumberType::uint32:
    case NumberType::float32:
      return 4;
    case NumberType::int64:
    case NumberType::uint64:
    case NumberType::float64:
      return 8;
  }
  throwEncoding("packed numbers of a type that this program does not know");
}

}  // namespace

std::string_view numberName(NumberType type) {
  switch (type) {
    case NumberType::int8:
      return "signed 8-bit integers";
    case NumberType::int16:
      return "signed 16-bit integers";
    case NumberType::int32:
      return "signed 32-bit integers";
    case NumberType::int64:
      return "signed 64-bit integers";
    case NumberType::uint8:
      return "unsigned 8-bit integers";
    case NumberType::uint16:
      return "unsigned 16-bit integers";
    case NumberType::uint32:
      return "unsigned 32-bit integers";
    case NumberType::uint64:
      return "unsigned 64-bit integers";
    case NumberType::float32:
      return "32-bit floating-point numbers";
    case NumberType::float64:
      return "64-bit floating-point numbers";
    case NumberType::bool8:
      return "bools";
  }
  return "numbers of a type this program does not know";
}

std::uint64_t dataWords(std::uint64_t bytes, std::uint64_t chunkBytes) {
  return kValueWords + chunkWords(bytes, chunkBytes);
}

std::uint64_t textWords(std::uint64_t bytes, std::uint64_t chunkBytes) {
  // Text ends in a NUL of its own.
  return bytes > chunkBytes ? dataWords(bytes, chunkBytes) : kValueWords + wordsForBytes(bytes + 1);
}

std::uint64_t packedWords(std::uint64_t bytes, std::uint64_t chunkBytes) {
  using Struct = schema::Packed::_capnpPrivate;
  return dataWords(bytes, chunkBytes) + Struct::dataWordSize + Struct::pointerCount;
}

BorrowedBytes::BorrowedBytes() : outer_(std::exchange(borrowing, this)) {}
BorrowedBytes::~BorrowedBytes() { borrowing = outer_; }

bool BorrowedBytes::borrow(std::span<const std::byte> bytes) {
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data()) % kWordBytes == 0;
  if (!wants(bytes.size()) || !aligned) return false;
  ++borrowing->count_;
  return true;
}

bool BorrowedBytes::wants(std::size_t bytes) {
  return borrowing != nullptr && bytes >= kLeast && borrowing->count_ < kMost;
}

RawChunks initData(std::uint64_t bytes, ValueWriter to) {
  auto list = builderOf(to).initData(static_cast<capnp::uint>(chunkCount(bytes, kMaxChunkBytes)));
  initChunks(list, bytes, kMaxChunkBytes);
  return rawChunks(list);
}

RawChunks initPacked(NumberType type, std::uint64_t bytes, ValueWriter to) {
  return rawChunks(initPacked(type, bytes / elementBytes(type), bytes, to, kMaxChunkBytes));
}

void encodeText(std::string_view text, ValueWriter to, std::uint64_t chunkBytes) {
  if (text.size() > chunkBytes || BorrowedBytes::wants(text.size())) {
    return encodeData(std::as_bytes(std::span(text)), to, chunkBytes);
  }
  auto target = builderOf(to).initText(static_cast<capnp::uint>(text.size()));
  std::memcpy(target.begin(), text.data(), text.size());
}

void encodeData(std::span<const std::byte> bytes, ValueWriter to, std::uint64_t chunkBytes,
                Tail tail) {
  if (BorrowedBytes::borrow(bytes)) {
    return borrowChunks(builderOf(to).initData(borrowedChunkCount(bytes.size(), chunkBytes, tail)),
                        bytes, chunkBytes, tail);
  }
  auto list =
      builderOf(to).initData(static_cast<capnp::uint>(chunkCount(bytes.size(), chunkBytes)));
  initChunks(list, bytes.size(), chunkBytes);
  fillChunks(list, bytes);
}

void encodePacked(NumberType type, std::span<const std::byte> bytes, ValueWriter to,
                  std::uint64_t chunkBytes, Tail tail) {
  if (BorrowedBytes::borrow(bytes)) {
    auto packed = beginPacked(type, bytes.size() / elementBytes(type), to);
    return borrowChunks(packed.initChunks(borrowedChunkCount(bytes.size(), chunkBytes, tail)),
                        bytes, chunkBytes, tail);
  }
  fillChunks(initPacked(type, bytes.size() / elementBytes(type), bytes.size(), to, chunkBytes),
             bytes);
}

void encodeBools(const std::vector<bool>& values, ValueWriter to, std::uint64_t chunkBytes) {
  auto list = initPacked(NumberType::bool8, values.size(), values.size(), to, chunkBytes);
  auto next = values.begin();
  for (auto chunk : list) {
    for (auto& byte : chunk) byte = *next++ ? 1 : 0;
  }
}

std::vector<bool> decodeBools(ValueReader value) {
  std::vector<bool> result;
  if (value.isList()) {
    for (const auto element : listOf(value)) result.push_back(decodeBool(element));
    return result;
  }
  const auto chunks = Chunks::ofNumbers(value, NumberType::bool8);
  result.reserve(chunks.bytes());
  chunks.forEach<unsigned char>([&](auto chunk) {
    for (const auto byte : chunk) {
      if (byte > 1) throwEncoding("expected bools of 0 or 1, found " + std::to_string(byte));
      result.push_back(byte == 1);
    }
  });
  return result;
}

Chunks::Chunks(std::vector<std::span<const std::byte>> chunks) : chunks_(std::move(chunks)) {
  for (const auto& chunk : chunks_) bytes_ += chunk.size();
}

Chunks Chunks::ofData(ValueReader value) { return Chunks(spansOf(capnpOf(value).getData())); }

Chunks Chunks::ofBytes(ValueReader value) {
  if (value.isData()) return ofData(value);
  if (value.isPacked()) return ofNumbers(value, NumberType::uint8);
  throwMismatch("bytes", value);
}

NumberType packedType(ValueReader value) {
  return static_cast<NumberType>(capnpOf(value).getPacked().getType());
}

Chunks Chunks::ofNumbers(ValueReader value, NumberType type) {
  const auto mismatch = [&] { throwMismatch("packed " + std::string(numberName(type)), value); };
  if (!value.isPacked()) mismatch();
  if (packedType(value) != type) mismatch();
  const auto packed = capnpOf(value).getPacked();
  Chunks chunks(spansOf(packed.getChunks()));
  const std::size_t size = elementBytes(type);
  for (const auto& chunk : chunks.chunks_) {
    if (chunk.size() % size != 0) {
      throwEncoding("malformed packed numbers: a chunk of " + std::to_string(chunk.size()) +
                    " bytes is not a whole number of elements");
    }
  }
  // Compared as counts: the bytes that a hostile count stands for may not fit 64 bits.
  if (chunks.bytes_ / size != packed.getCount()) {
    throwEncoding("malformed packed numbers: the count says " + std::to_string(packed.getCount()) +
                  ", the chunks hold " + std::to_string(chunks.bytes_ / size));
  }
  return chunks;
}

void Chunks::copyTo(void* target) const {
  auto* next = static_cast<std::byte*>(target);
  for (const auto& chunk : chunks_) {
    std::memcpy(next, chunk.data(), chunk.size());
    next += chunk.size();
  }
}

std::string decodeText(ValueReader value) {
  if (value.isText()) {
    const auto text = value.getText();
    return std::string(text.begin(), text.size());
  }
  if (!value.isData()) throwMismatch("text", value);
  const Chunks chunks = Chunks::ofData(value);
  std::string result;
  reserveToFill(result, chunks.bytes());
  chunks.forEach<char>([&](auto chunk) { result.append(chunk.data(), chunk.size()); });
  return result;
}

}  // namespace phial::inline v1::detail
