// Workers that write what they like in the place of items: each costs its own stream alone.
#include "stream_fixture.h"

namespace phial {
namespace {

using ::testing::HasSubstr;

inline constexpr Function<void(Emit<int>)> kHarm{"harm"};

class HostileStreamTest : public StreamTest {
 protected:
  Failure failureOfStream(const char* manner) {
    auto& pool = makePool(
        {.worker = {std::string(PHIAL_CHILDREN) + "/phial_child_hostile", manner}, .max = 1});
    auto stream = pool.stream<kHarm>();
    Failure failure = failureOf(stream.next());
    EXPECT_EQ(failureOf(stream.next()).message(), failure.message()) << "asked again";
    return failure;
  }
};

TEST_F(HostileStreamTest, AWorkerThatIgnoresItsCreditIsEndedWithTheReason) {
  for (const char* manner : {"stream without credit", "stream that counts wrong"}) {
    const Failure failure = failureOfStream(manner);
    EXPECT_TRUE(failure.check<ProtocolError>()) << failure.type();
    EXPECT_THAT(failure.describe(), HasSubstr("it counts more items into its stream")) << manner;
    EXPECT_EQ(pool_->stats().deaths, 1u);
  }
}

TEST_F(HostileStreamTest, AnItemOfAnImpossibleSizeEndsTheWorkerWithTheReason) {
  for (const char* manner : {"stream of too large an item", "stream of an empty item"}) {
    const Failure failure = failureOfStream(manner);
    EXPECT_TRUE(failure.check<ProtocolError>()) << failure.type();
    EXPECT_THAT(failure.describe(), HasSubstr("words in a stream")) << manner;
    EXPECT_EQ(pool_->stats().deaths, 1u);
  }
}

TEST_F(HostileStreamTest, AnItemThatCannotBeReadFailsTheStream) {
  const Failure failure = failureOfStream("stream of garbage");
  EXPECT_TRUE(failure.check<EncodingError>()) << failure.type();
  EXPECT_THAT(failure.message(), HasSubstr("an item cannot be read"));
}

}  // namespace
}  // namespace phial
