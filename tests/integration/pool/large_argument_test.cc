// In which ways a large argument can be given, and that none of them loses a byte.
#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "arena_jobs.h"
#include "pool_fixture.h"

namespace phial {
namespace {

using jobs::digest;
using jobs::Words;
using testing::HasSubstr;

constexpr std::size_t kWords = (std::size_t{4} << 20) / sizeof(std::uint64_t);

class LargeArgumentTest : public PoolTest {
 protected:
  LargeArgumentTest() { makePool({.max = 1}); }
};

TEST_F(LargeArgumentTest, ItsCallerMayChangeWhatWasCopied) {
  for (const std::size_t count : {std::size_t{10}, std::size_t{20'000}, kWords}) {
    auto words = jobs::someWords(count);
    const auto expected = digest(words);
    auto first = pool_->deferToProcess<jobs::digest>(words);
    auto second = pool_->deferToProcess<jobs::digestInPlace>(words);
    words.assign(count, 0);
    EXPECT_EQ(valueOf(std::move(first)), expected);
    EXPECT_EQ(valueOf(std::move(second)), expected);
  }
}

TEST_F(LargeArgumentTest, WhatWasGivenAwayIsNotCopied) {
  auto words = jobs::someWords(kWords);
  const auto expected = digest(words);
  auto job = pool_->deferToProcess<jobs::digestInPlace>(std::move(words));
  EXPECT_TRUE(words.empty());  // NOLINT(bugprone-use-after-move): that it was moved is the point
  EXPECT_EQ(valueOf(std::move(job)), expected);
}

TEST_F(LargeArgumentTest, WhatIsSharedIsHeldUntilTheJobHasSettled) {
  const auto words = std::make_shared<const Words>(jobs::someWords(kWords));
  for (int i = 0; i < 2; ++i) {
    auto job = pool_->deferToProcess<jobs::digestInPlace>(words);
    EXPECT_EQ(words.use_count(), 2);
    EXPECT_EQ(valueOf(std::move(job)), digest(*words));
    runUntil([&] { return words.use_count() == 1; });
  }
}

TEST_F(LargeArgumentTest, AnyParameterThatKeepsWhatItIsGivenCanShareIt) {
  const auto words = std::make_shared<Words>(jobs::someWords(10));
  EXPECT_EQ(valueOf(pool_->deferToProcess<jobs::digest>(words)), digest(*words));
  EXPECT_EQ(valueOf(pool_->deferToProcess<jobs::sendBack>(words)), *words);
  const auto text = std::make_shared<const std::string>("text");
  EXPECT_EQ(valueOf(pool_->deferToProcess<jobs::sendTextBack>(text)), "text");
}

TEST_F(LargeArgumentTest, ANullPointerIsAnEncodingError) {
  const std::shared_ptr<const Words> none;
  const auto failure = failureOf(pool_->deferToProcess<jobs::digest>(none));
  EXPECT_TRUE(failure.check<EncodingError>());
  EXPECT_THAT(failure.message(), HasSubstr("a null pointer"));
}

TEST_F(LargeArgumentTest, ASpanOfAnyNumberOfBytesIsReadWhereItLies) {
  for (const std::size_t odd : {0u, 1u, 7u}) {
    for (const std::size_t size : {std::size_t{512} << 10, std::size_t{4} << 20}) {
      const std::vector<unsigned char> bytes(size + odd, 'x');
      EXPECT_TRUE(valueOf(pool_->deferToProcess<jobs::bytesLieInTheArena>(bytes))) << bytes.size();
    }
  }
}

TEST_F(LargeArgumentTest, LargeTextArrivesAsItWas) {
  for (const std::size_t odd : {0u, 3u}) {
    std::string text((std::size_t{16} << 20) + odd, 'a');
    text.back() = 'z';
    EXPECT_TRUE(valueOf(pool_->deferToProcess<jobs::sendTextBack>(text)) == text);
  }
}

}  // namespace
}  // namespace phial
