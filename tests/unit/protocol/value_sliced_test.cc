// Large values, decoded piece by piece.
#include <capnp/message.h>
#include <gtest/gtest.h>
#include <phial/protocol/value.h>
#include <phial/protocol/value_sliced.h>

#include <memory>
#include <numeric>
#include <string>
#include <vector>

namespace phial::detail {
namespace {

constexpr std::uint64_t kChunkBytes = 4096;

/// Decodes it in pieces of so many bytes; how many there were.
template <class T>
std::pair<T, std::size_t> decoded(schema::Value::Reader value, std::size_t pieceBytes) {
  SlicedDecode<T> decode(chunksOf<T>(value));
  std::size_t pieces = 1;
  while (!decode.step(pieceBytes)) ++pieces;
  return {decode.take(), pieces};
}

class SlicedDecodeTest : public ::testing::Test {
 protected:
  schema::Value::Builder value() { return message_->getRoot<schema::Value>(); }

  // Its destructor may throw, a test's may not.
  const std::unique_ptr<capnp::MallocMessageBuilder> message_ =
      std::make_unique<capnp::MallocMessageBuilder>();
};

TEST_F(SlicedDecodeTest, PiecesOfNumbersMakeTheWhole) {
  std::vector<std::int32_t> numbers(10'000);
  std::iota(numbers.begin(), numbers.end(), -5000);
  encodePacked(schema::Number::INT32, std::as_bytes(std::span(numbers)), value(), kChunkBytes);
  for (const std::size_t pieceBytes : {4u, 100u, 4096u, 1u << 20}) {
    const auto [result, pieces] =
        decoded<std::vector<std::int32_t>>(value().asReader(), pieceBytes);
    EXPECT_EQ(result, numbers);
    EXPECT_EQ(pieces, pieceBytes == 4 ? 10'000u : pieceBytes == 100 ? 401u : 10u);
  }
}

TEST_F(SlicedDecodeTest, SoDoThoseOfBytesAndOfText) {
  std::string text(10'001, 'a');
  std::iota(text.begin(), text.end(), 'a');
  encodeText(text, value(), kChunkBytes);
  EXPECT_EQ(decoded<std::string>(value().asReader(), 1000).first, text);
  using Bytes = std::vector<unsigned char>;
  const Bytes bytes(text.begin(), text.end());
  EXPECT_EQ(decoded<Bytes>(value().asReader(), 1000).first, bytes);
}

TEST_F(SlicedDecodeTest, AnEmptyValueIsOnePiece) {
  encodePacked(schema::Number::INT32, {}, value(), kChunkBytes);
  EXPECT_EQ(decoded<std::vector<std::int32_t>>(value().asReader(), 8).second, 1u);
}

TEST_F(SlicedDecodeTest, WhatDoesNotLieInChunksHasNone) {
  value().setText("short");
  EXPECT_EQ(chunksOf<std::string>(value().asReader()).bytes(), 0u);
  value().initList(3);
  EXPECT_EQ(chunksOf<std::vector<double>>(value().asReader()).bytes(), 0u);
}

TEST_F(SlicedDecodeTest, OtherNumbersAreAnError) {
  encode(std::vector<float>(100'000), value());
  EXPECT_THROW(chunksOf<std::vector<double>>(value().asReader()), EncodingError);
}

}  // namespace
}  // namespace phial::detail
