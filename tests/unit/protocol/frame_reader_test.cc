#include "phial/protocol/frame_reader.h"

#include <capnp/serialize.h>
#include <gtest/gtest.h>
#include <phial/schema/value.capnp.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace phial {
namespace {

using Bytes = std::vector<kj::byte>;

Bytes frameOf(std::size_t dataBytes, capnp::uint firstSegmentWords = 1024) {
  capnp::MallocMessageBuilder builder(firstSegmentWords, capnp::AllocationStrategy::FIXED_SIZE);
  auto chunk = builder.initRoot<schema::Value>().initData(1).init(0, dataBytes);
  for (std::size_t i = 0; i < dataBytes; ++i) chunk[i] = static_cast<kj::byte>(i * 7);
  auto words = capnp::messageToFlatArray(builder);
  auto bytes = words.asBytes();
  return {bytes.begin(), bytes.end()};
}

Bytes table(std::vector<std::uint32_t> numbers) {
  Bytes bytes(numbers.size() * 4);
  std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

bool holds(capnp::MessageReader& message, std::size_t dataBytes) {
  auto data = message.getRoot<schema::Value>().getData();
  if (data.size() != 1) return false;
  const auto chunk = data[0];  // each access counts against the traversal limit
  if (chunk.size() != dataBytes) return false;
  for (std::size_t i = 0; i < dataBytes; ++i) {
    if (chunk[i] != static_cast<kj::byte>(i * 7)) return false;
  }
  return true;
}

class FrameReaderTest : public testing::Test {
 protected:
  // Feeds in pieces of `step` bytes at most, as reads from a pipe would, taking what is complete.
  void feed(const Bytes& bytes, std::size_t step = SIZE_MAX) {
    for (std::size_t at = 0; at < bytes.size();) {
      auto space = reader_.space();
      if (space.size() == 0) return;
      const std::size_t n = std::min({space.size(), step, bytes.size() - at});
      std::memcpy(space.begin(), bytes.data() + at, n);
      reader_.received(n);
      at += n;
      take();
    }
  }

  void take() {
    for (;;) {
      const bool ready = reader_.ready();
      auto message = reader_.next();
      EXPECT_EQ(ready, message != nullptr || reader_.error().has_value());
      KJ_IF_MAYBE (m, message) {
        messages_.push_back(kj::mv(*m));
      } else {
        return;
      }
    }
  }

  std::string fault() { return reader_.error() ? reader_.error()->what() : ""; }

  FrameReader reader_;
  std::vector<kj::Own<capnp::MessageReader>> messages_;
};

TEST_F(FrameReaderTest, ReadsManyMessagesFromOneFilling) {
  Bytes all;
  for (std::size_t i = 0; i < 100; ++i) {
    const Bytes one = frameOf(i);
    all.insert(all.end(), one.begin(), one.end());
  }
  feed(all);
  ASSERT_EQ(messages_.size(), 100u);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_TRUE(holds(*messages_[i], i));
  reader_.ended();
  EXPECT_EQ(fault(), "");
}

TEST_F(FrameReaderTest, ReadsMessagesThatArriveByteByByte) {
  for (std::size_t size : {0, 1, 9, 300}) feed(frameOf(size), 1);
  ASSERT_EQ(messages_.size(), 4u);
  EXPECT_TRUE(holds(*messages_[3], 300));
}

TEST_F(FrameReaderTest, ReadsLargeMessagesInAnyPieces) {
  const std::size_t size = 5 * FrameReader::kBufferBytes + 3;
  for (std::size_t step : {std::size_t{4093}, FrameReader::kBufferBytes, std::size_t{SIZE_MAX}}) {
    messages_.clear();
    feed(frameOf(100), step);
    feed(frameOf(size), step);
    feed(frameOf(200), step);
    ASSERT_EQ(messages_.size(), 3u) << step;
    EXPECT_TRUE(holds(*messages_[0], 100));
    EXPECT_TRUE(holds(*messages_[1], size));
    EXPECT_TRUE(holds(*messages_[2], 200));
    EXPECT_EQ(reader_.capacity(), FrameReader::kBufferBytes) << "the message owns its memory";
  }
}

TEST_F(FrameReaderTest, ReadsFramesAroundTheBuffersSize) {
  for (std::size_t size = FrameReader::kBufferBytes - 64; size < FrameReader::kBufferBytes + 64;
       size += 8) {
    feed(frameOf(24), 100'000);
    feed(frameOf(size), 100'000);
    ASSERT_EQ(messages_.size(), 2u) << size;
    EXPECT_TRUE(holds(*messages_[1], size));
    messages_.clear();
  }
}

TEST_F(FrameReaderTest, MessagesOutliveWhatComesAfterThem) {
  feed(frameOf(64));
  for (int i = 0; i < 10'000; ++i) feed(frameOf(128));
  EXPECT_TRUE(holds(*messages_.front(), 64));
}

TEST_F(FrameReaderTest, SegmentsAreWordAlignedAndInOrder) {
  capnp::MallocMessageBuilder builder(2, capnp::AllocationStrategy::FIXED_SIZE);
  auto list = builder.initRoot<schema::Value>().initList(7);
  for (unsigned i = 0; i < list.size(); ++i) list[i].setText(std::string(i * 3, 'a' + i));
  auto flat = capnp::messageToFlatArray(builder);
  const auto segments = builder.getSegmentsForOutput();
  ASSERT_GT(segments.size(), 5u);
  feed(Bytes(flat.asBytes().begin(), flat.asBytes().end()), 13);
  ASSERT_EQ(messages_.size(), 1u);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto got = messages_[0]->getSegment(i);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(got.begin()) % sizeof(capnp::word), 0u);
    EXPECT_EQ(got.asBytes(), segments[i].asBytes());
  }
  EXPECT_EQ(messages_[0]->getSegment(segments.size()).begin(), nullptr);
  auto read = messages_[0]->getRoot<schema::Value>().getList();
  EXPECT_EQ(read[6].getText(), std::string(18, 'g').c_str());
}

TEST_F(FrameReaderTest, ReaderOptionsReachTheMessage) {
  const Bytes bytes = frameOf(4096);
  std::memcpy(reader_.space().begin(), bytes.data(), bytes.size());
  reader_.received(bytes.size());
  auto message = reader_.next({.traversalLimitInWords = 8});
  KJ_IF_MAYBE (m, message) {
    EXPECT_THROW((*m)->getRoot<schema::Value>().getData()[0], kj::Exception);
  } else {
    FAIL();
  }
}

TEST_F(FrameReaderTest, EndBetweenFramesIsNoError) {
  reader_.ended();
  EXPECT_EQ(fault(), "");
}

TEST_F(FrameReaderTest, EndInsideAFrameIsAnErrorAtEveryByte) {
  const Bytes whole = frameOf(50, 4);
  for (std::size_t n = 1; n < whole.size(); ++n) {
    FrameReader reader;
    std::memcpy(reader.space().begin(), whole.data(), n);
    reader.received(n);
    EXPECT_EQ(reader.next(), nullptr);
    EXPECT_FALSE(reader.error());
    reader.ended();
    ASSERT_TRUE(reader.error()) << n;
    const std::string what = reader.error()->what();
    const std::string start =
        "the stream ended in the middle of a frame, " + std::to_string(n) + " of ";
    EXPECT_EQ(what.substr(0, start.size()), start);
    if (n >= 16) {
      EXPECT_EQ(what, start + std::to_string(whole.size()) + " bytes");
    }
    EXPECT_EQ(reader.space().size(), 0u);
  }
}

TEST_F(FrameReaderTest, EndInsideALargeFrameSaysHowMuchIsMissing) {
  Bytes bytes = frameOf(1 << 20);
  const std::size_t whole = bytes.size();
  bytes.resize(500'000);
  feed(bytes);
  reader_.ended();
  EXPECT_EQ(fault(), "the stream ended in the middle of a frame, 500000 of " +
                         std::to_string(whole) + " bytes");
}

TEST_F(FrameReaderTest, TooManySegmentsAreRefusedBeforeTheirTableArrives) {
  feed(table({0xffffffff}));
  EXPECT_EQ(fault(), "a frame claims 4294967296 segments; the limit is 512");
}

TEST_F(FrameReaderTest, SegmentLimitIsExact) {
  std::vector<std::uint32_t> numbers(512 + 1, 0);
  numbers[0] = 511;
  numbers.push_back(0);  // padding
  feed(table(numbers));
  EXPECT_EQ(messages_.size(), 1u);
  feed(table({512}));
  EXPECT_NE(fault(), "");
}

TEST_F(FrameReaderTest, SegmentBeyondCapnProtosLimitIsRefused) {
  feed(table({0, 0xffffffff}));
  EXPECT_EQ(fault(), "a frame claims 4294967295 words in a segment; the limit is 536870911");
}

TEST_F(FrameReaderTest, SumOfSegmentsAboveTheLimitIsRefused) {
  std::vector<std::uint32_t> numbers(512, 0x1fffffff);
  numbers[0] = 510;
  feed(table(numbers));
  EXPECT_NE(fault().find("bytes; the limit is 4294967296"), std::string::npos) << fault();
}

TEST_F(FrameReaderTest, MessageLimitIsExact) {
  const Bytes bytes = frameOf(1000);
  reader_ = FrameReader({.maxMessageBytes = bytes.size()});
  feed(bytes);
  EXPECT_EQ(messages_.size(), 1u);
  reader_ = FrameReader({.maxMessageBytes = bytes.size() - 1});
  feed(bytes);
  EXPECT_EQ(fault(), "a frame claims " + std::to_string(bytes.size()) + " bytes; the limit is " +
                         std::to_string(bytes.size() - 1));
}

TEST_F(FrameReaderTest, LimitsAboveWhatTheBufferCanHoldAreRefused) {
  EXPECT_THROW(FrameReader({.maxSegments = FrameReader::kMostSegments + 1}), std::invalid_argument);
}

TEST_F(FrameReaderTest, MemoryFollowsWhatArrivedNotWhatWasClaimed) {
  feed(table({0, 0x1ffffffe}));  // just below 4 GiB
  EXPECT_EQ(fault(), "");
  EXPECT_LE(reader_.capacity(), 3 * FrameReader::kBufferBytes);
  std::size_t arrived = 8;
  while (arrived < (8u << 20)) {
    feed(Bytes(10'000));
    arrived += 10'000;
    ASSERT_LE(reader_.capacity(), 3 * FrameReader::kBufferBytes + 2 * arrived);
  }
}

TEST_F(FrameReaderTest, MessagesBeforeAFaultAreStillReturned) {
  Bytes bytes = frameOf(10);
  const Bytes wrong = table({0xfffffff0, 7});
  bytes.insert(bytes.end(), wrong.begin(), wrong.end());
  feed(bytes);
  EXPECT_EQ(messages_.size(), 1u);
  EXPECT_NE(fault(), "");
  EXPECT_EQ(reader_.next(), nullptr);
}

TEST_F(FrameReaderTest, RandomBytesNeverTakeMemoryBeyondWhatArrived) {
  std::mt19937 random(20240229);
  for (int round = 0; round < 3000; ++round) {
    reader_ = FrameReader();
    messages_.clear();
    Bytes bytes(random() % 600);
    for (auto& byte : bytes) byte = random();
    // A plausible start lets half of the rounds come past the first check.
    if (bytes.size() >= 8 && round % 2 == 0) {
      bytes[0] = random() % 4;
      bytes[1] = bytes[2] = bytes[3] = 0;
      bytes[6] = bytes[7] = 0;
    }
    feed(bytes, 1 + random() % 50);
    reader_.ended();
    EXPECT_LE(reader_.capacity(), 3 * FrameReader::kBufferBytes);
    for (auto& message : messages_) {
      std::size_t total = 0;
      for (capnp::uint i = 0; i < 600; ++i) total += message->getSegment(i).asBytes().size();
      EXPECT_LT(total, bytes.size());
    }
  }
}

TEST_F(FrameReaderTest, BellsStandBetweenFramesAndAreNoMessages) {
  const Bytes bell = table({FrameReader::kBell, 0});
  Bytes all = bell;
  for (std::size_t size : {5, 300}) {
    const Bytes frame = frameOf(size);
    all.insert(all.end(), frame.begin(), frame.end());
    for (int i = 0; i < 3; ++i) all.insert(all.end(), bell.begin(), bell.end());
  }
  for (const std::size_t step : {std::size_t{1}, std::size_t{SIZE_MAX}}) {
    messages_.clear();
    feed(all, step);
    ASSERT_EQ(messages_.size(), 2u);
    EXPECT_TRUE(holds(*messages_[1], 300));
    EXPECT_TRUE(reader_.takeBell());
    EXPECT_FALSE(reader_.takeBell());
  }
  reader_.ended();
  EXPECT_EQ(fault(), "");
}

TEST_F(FrameReaderTest, HalfABellOrAnotherOneIsAFault) {
  feed(table({FrameReader::kBell, 1}));
  EXPECT_FALSE(reader_.takeBell());
  EXPECT_NE(fault().find("segments; the limit is 512"), std::string::npos);
}

}  // namespace
}  // namespace phial
