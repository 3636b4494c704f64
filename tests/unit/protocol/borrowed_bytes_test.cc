// Large runs of bytes that a message refers to instead of holding them.
#include <capnp/message.h>
#include <gtest/gtest.h>
#include <phial/protocol/value_capnp.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

namespace phial {
namespace {

using detail::BorrowedBytes;

template <class T>
std::vector<T> counting(std::size_t count) {
  std::vector<T> values(count);
  std::iota(values.begin(), values.end(), T{0});
  return values;
}

const void* firstByte(schema::Value::Reader value) {
  return (value.isPacked() ? value.getPacked().getChunks() : value.getData())[0].begin();
}

TEST(BorrowedBytesTest, LargeNumbersAndBytesAreNotCopied) {
  const auto numbers = counting<double>(10'000);
  const auto bytes = counting<unsigned char>(100'000);
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<schema::Value>().initList(2);
  const BorrowedBytes borrowed;
  encode(numbers, list[0]);
  encode(bytes, list[1]);
  EXPECT_TRUE(borrowed.any());
  EXPECT_EQ(firstByte(list[0].asReader()), numbers.data());
  EXPECT_EQ(firstByte(list[1].asReader()), bytes.data());
  EXPECT_EQ(decode<std::vector<double>>(list[0].asReader()), numbers);
  EXPECT_EQ(decode<std::vector<unsigned char>>(list[1].asReader()), bytes);
}

TEST(BorrowedBytesTest, NothingBeyondTheLastByteIsSent) {
  for (const std::size_t odd : {1u, 7u}) {
    auto bytes = counting<unsigned char>(100'000 + odd);
    capnp::MallocMessageBuilder message;
    const BorrowedBytes borrowed;
    encode(bytes, message.initRoot<schema::Value>());
    const auto chunks = message.getRoot<schema::Value>().asReader().getData();
    ASSERT_EQ(chunks.size(), 2u);
    EXPECT_EQ(chunks[0].size() % 8, 0u);
    EXPECT_EQ(decode<std::vector<unsigned char>>(message.getRoot<schema::Value>().asReader()),
              bytes);
  }
}

TEST(BorrowedBytesTest, WhatIsPaddedStaysInOnePiece) {
  for (const std::size_t odd : {1u, 7u}) {
    auto bytes = counting<unsigned char>(100'008);
    const std::size_t size = 100'000 + odd;
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(size), bytes.end(), 0);
    const auto part = std::as_bytes(std::span(bytes).first(size));
    capnp::MallocMessageBuilder message;
    const BorrowedBytes borrowed;
    detail::encodeData(part, writerOf(message.initRoot<schema::Value>()), detail::kMaxChunkBytes,
                       detail::Tail::padded);
    const auto value = message.getRoot<schema::Value>().asReader();
    ASSERT_EQ(value.getData().size(), 1u);
    EXPECT_EQ(firstByte(value), bytes.data());
    bytes.resize(size);
    EXPECT_EQ(decode<std::vector<unsigned char>>(value), bytes);
  }
}

TEST(BorrowedBytesTest, LargeTextIsNotCopied) {
  const std::string text(100'003, 'x');
  capnp::MallocMessageBuilder message;
  const BorrowedBytes borrowed;
  encode(text, message.initRoot<schema::Value>());
  const auto value = message.getRoot<schema::Value>().asReader();
  EXPECT_EQ(firstByte(value), text.data());
  EXPECT_EQ(decode<std::string>(value), text);
}

TEST(BorrowedBytesTest, EveryChunkHoldsWholeElements) {
  const auto numbers = counting<std::int16_t>(50'003);
  capnp::MallocMessageBuilder message;
  const BorrowedBytes borrowed;
  encode(numbers, message.initRoot<schema::Value>());
  EXPECT_EQ(decode<std::vector<std::int16_t>>(message.getRoot<schema::Value>().asReader()),
            numbers);
}

TEST(BorrowedBytesTest, SmallOnesAreCopied) {
  const auto numbers = counting<double>(100);
  capnp::MallocMessageBuilder message;
  const BorrowedBytes borrowed;
  encode(numbers, message.initRoot<schema::Value>());
  EXPECT_FALSE(borrowed.any());
}

TEST(BorrowedBytesTest, WithoutOneEverythingIsCopied) {
  auto numbers = counting<double>(10'000);
  capnp::MallocMessageBuilder message;
  encode(numbers, message.initRoot<schema::Value>());
  EXPECT_NE(firstByte(message.getRoot<schema::Value>().asReader()), numbers.data());
}

TEST(BorrowedBytesTest, AMessageHasNoMoreSegmentsForThemThanAFrameMay) {
  const std::vector<std::vector<double>> many(600, counting<double>(10'000));
  capnp::MallocMessageBuilder message(1 << 23);
  const BorrowedBytes borrowed;
  encode(many, message.initRoot<schema::Value>());
  EXPECT_LE(message.getSegmentsForOutput().size(), 512u);
  EXPECT_EQ(decode<std::vector<std::vector<double>>>(message.getRoot<schema::Value>().asReader()),
            many);
}

}  // namespace
}  // namespace phial
