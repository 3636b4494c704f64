#include <capnp/orphan.h>
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

DataList::Builder initPacked(schema::Number type, std::uint64_t count, std::uint64_t bytes,
                             schema::Value::Builder builder, std::uint64_t chunkBytes) {
  auto packed = builder.initPacked();
  packed.setType(type);
  packed.setCount(count);
  auto list = packed.initChunks(static_cast<capnp::uint>(chunkCount(bytes, chunkBytes)));
  initChunks(list, bytes, chunkBytes);
  return list;
}

std::size_t elementBytes(schema::Number type) {
  switch (type) {
    case schema::Number::INT8:
    case schema::Number::UINT8:
    case schema::Number::BOOL8:
      return 1;
    case schema::Number::INT16:
    case schema::Number::UINT16:
      return 2;
    case schema::Number::INT32:
    case schema::Number::UINT32:
    case schema::Number::FLOAT32:
      return 4;
    case schema::Number::INT64:
    case schema::Number::UINT64:
    case schema::Number::FLOAT64:
      return 8;
  }
  throwEncoding("packed numbers of a type that this program does not know");
}

}  // namespace

std::string_view numberName(schema::Number type) {
  switch (type) {
    case schema::Number::INT8:
      return "signed 8-bit integers";
    case schema::Number::INT16:
      return "signed 16-bit integers";
    case schema::Number::INT32:
      return "signed 32-bit integers";
    case schema::Number::INT64:
      return "signed 64-bit integers";
    case schema::Number::UINT8:
      return "unsigned 8-bit integers";
    case schema::Number::UINT16:
      return "unsigned 16-bit integers";
    case schema::Number::UINT32:
      return "unsigned 32-bit integers";
    case schema::Number::UINT64:
      return "unsigned 64-bit integers";
    case schema::Number::FLOAT32:
      return "32-bit floating-point numbers";
    case schema::Number::FLOAT64:
      return "64-bit floating-point numbers";
    case schema::Number::BOOL8:
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

DataList::Builder initData(std::uint64_t bytes, schema::Value::Builder builder) {
  auto list = builder.initData(static_cast<capnp::uint>(chunkCount(bytes, kMaxChunkBytes)));
  initChunks(list, bytes, kMaxChunkBytes);
  return list;
}

DataList::Builder initPacked(schema::Number type, std::uint64_t bytes,
                             schema::Value::Builder builder) {
  return initPacked(type, bytes / elementBytes(type), bytes, builder, kMaxChunkBytes);
}

void encodeText(std::string_view text, schema::Value::Builder builder, std::uint64_t chunkBytes) {
  if (text.size() > chunkBytes || BorrowedBytes::wants(text.size())) {
    return encodeData(std::as_bytes(std::span(text)), builder, chunkBytes);
  }
  auto target = builder.initText(static_cast<capnp::uint>(text.size()));
  std::memcpy(target.begin(), text.data(), text.size());
}

void encodeData(std::span<const std::byte> bytes, schema::Value::Builder builder,
                std::uint64_t chunkBytes, Tail tail) {
  if (BorrowedBytes::borrow(bytes)) {
    return borrowChunks(builder.initData(borrowedChunkCount(bytes.size(), chunkBytes, tail)), bytes,
                        chunkBytes, tail);
  }
  auto list = builder.initData(static_cast<capnp::uint>(chunkCount(bytes.size(), chunkBytes)));
  initChunks(list, bytes.size(), chunkBytes);
  fillChunks(list, bytes);
}

void encodePacked(schema::Number type, std::span<const std::byte> bytes,
                  schema::Value::Builder builder, std::uint64_t chunkBytes, Tail tail) {
  if (BorrowedBytes::borrow(bytes)) {
    auto packed = builder.initPacked();
    packed.setType(type);
    packed.setCount(bytes.size() / elementBytes(type));
    return borrowChunks(packed.initChunks(borrowedChunkCount(bytes.size(), chunkBytes, tail)),
                        bytes, chunkBytes, tail);
  }
  fillChunks(initPacked(type, bytes.size() / elementBytes(type), bytes.size(), builder, chunkBytes),
             bytes);
}

void encodeBools(const std::vector<bool>& values, schema::Value::Builder builder,
                 std::uint64_t chunkBytes) {
  auto list = initPacked(schema::Number::BOOL8, values.size(), values.size(), builder, chunkBytes);
  auto next = values.begin();
  for (auto chunk : list) {
    for (auto& byte : chunk) byte = *next++ ? 1 : 0;
  }
}

std::vector<bool> decodeBools(schema::Value::Reader value) {
  std::vector<bool> result;
  if (value.isList()) {
    for (const auto element : listOf(value)) result.push_back(decodeBool(element));
    return result;
  }
  const auto chunks = Chunks::ofNumbers(value, schema::Number::BOOL8);
  result.reserve(chunks.bytes());
  chunks.forEach<unsigned char>([&](auto chunk) {
    for (const auto byte : chunk) {
      if (byte > 1) throwEncoding("expected bools of 0 or 1, found " + std::to_string(byte));
      result.push_back(byte == 1);
    }
  });
  return result;
}

Chunks::Chunks(DataList::Reader list) {
  chunks_.reserve(list.size());
  for (const auto chunk : list) {
    chunks_.push_back(chunk);
    bytes_ += chunk.size();
  }
}

Chunks Chunks::ofBytes(schema::Value::Reader value) {
  if (value.isData()) return Chunks(value.getData());
  if (value.isPacked()) return ofNumbers(value, schema::Number::UINT8);
  throwMismatch("bytes", value);
}

Chunks Chunks::ofNumbers(schema::Value::Reader value, schema::Number type) {
  const auto mismatch = [&] { throwMismatch("packed " + std::string(numberName(type)), value); };
  if (!value.isPacked()) mismatch();
  const auto packed = value.getPacked();
  if (packed.getType() != type) mismatch();
  Chunks chunks(packed.getChunks());
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
    std::memcpy(next, chunk.begin(), chunk.size());
    next += chunk.size();
  }
}

std::string decodeText(schema::Value::Reader value) {
  if (value.isText()) {
    const auto text = value.getText();
    return std::string(text.begin(), text.size());
  }
  if (!value.isData()) throwMismatch("text", value);
  const Chunks chunks(value.getData());
  std::string result;
  reserveToFill(result, chunks.bytes());
  chunks.forEach<char>([&](auto chunk) { result.append(chunk.data(), chunk.size()); });
  return result;
}

}  // namespace phial::inline v1::detail
