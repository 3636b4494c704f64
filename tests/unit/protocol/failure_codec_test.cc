#include <capnp/any.h>
#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/failure_codec.h>

#include <stdexcept>
#include <string>

namespace failure_codec_test {

struct SheepError : std::out_of_range {
  using std::out_of_range::out_of_range;
};

}  // namespace failure_codec_test

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Wire {
  explicit Wire(const Failure& failure) { encodeFailure(failure, root); }
  Failure decoded() { return decodeFailure(root.asReader()); }

  capnp::MallocMessageBuilder message;
  schema::Failure::Builder root = message.initRoot<schema::Failure>();
};

Failure roundTrip(const Failure& failure) { return Wire(failure).decoded(); }

TEST(FailureCodecTest, AnExceptionKeepsItsTypesMessageAndTraceback) {
  const Failure failure = roundTrip(Failure(
      std::make_exception_ptr(failure_codec_test::SheepError("no wool")), "  sheep.cc:3\n"));
  EXPECT_TRUE(failure.isRemote());
  EXPECT_THAT(failure.types(), ElementsAre("failure_codec_test::SheepError", "std::out_of_range",
                                           "std::logic_error", "std::exception"));
  EXPECT_EQ(failure.message(), "no wool");
  EXPECT_EQ(failure.traceback(), "  sheep.cc:3\n");
  EXPECT_TRUE(failure.check<RemoteError>());
  EXPECT_TRUE(failure.check<std::logic_error>());
  EXPECT_TRUE(failure.check("failure_codec_test::SheepError"));
  EXPECT_FALSE(failure.check<std::runtime_error>());
}

TEST(FailureCodecTest, WhatIsNoClassArrivesByNameAndText) {
  const Failure number = roundTrip(Failure(std::make_exception_ptr(42)));
  EXPECT_EQ(number.type(), "int");
  EXPECT_EQ(number.message(), "42");
  EXPECT_TRUE(number.check("int"));
}

TEST(FailureCodecTest, PhialsOwnErrorsArriveAsTheirClass) {
  const Failure unknown = roundTrip(Failure(UnknownFunction("no sheep here")));
  EXPECT_NE(unknown.as<UnknownFunction>(), nullptr);
  EXPECT_FALSE(unknown.isRemote());
  EXPECT_EQ(unknown.message(), "no sheep here");
  EXPECT_NE(roundTrip(Failure(EncodingError("x"))).as<EncodingError>(), nullptr);
  EXPECT_NE(roundTrip(Failure(CancelledError("x"))).as<CancelledError>(), nullptr);
}

TEST(FailureCodecTest, WhatWasRemoteAlreadyPassesOnAsItWas) {
  const Failure twice =
      roundTrip(Failure::remote({{"py::KeyError", "py::Error"}, "key", "line 1"}));
  EXPECT_THAT(twice.types(), ElementsAre("py::KeyError", "py::Error"));
  EXPECT_EQ(twice.message(), "key");
  EXPECT_EQ(twice.traceback(), "line 1");
}

TEST(FailureCodecTest, EmptyAndUnprintableTextsSurvive) {
  EXPECT_EQ(roundTrip(Failure(std::runtime_error(""))).message(), "");
  const std::string noText =
      "a\x01"
      "b\xff";
  EXPECT_EQ(roundTrip(Failure(std::runtime_error(noText))).message(), noText);
}

TEST(FailureCodecTest, AMessageOfAMegabyteIsClippedAndSaysSo) {
  constexpr std::size_t kLimit = 1 << 20;
  const std::string fits(kLimit, 'x');
  EXPECT_EQ(roundTrip(Failure(std::runtime_error(fits))).message(), fits);
  const std::string clipped = roundTrip(Failure(std::runtime_error(fits + "yz"))).message();
  EXPECT_EQ(clipped, fits + " ... (clipped)");
  const Failure traced = roundTrip(
      Failure(std::make_exception_ptr(std::runtime_error("")), std::string(3 * kLimit, 't')));
  EXPECT_THAT(traced.traceback(), EndsWith(" ... (clipped)"));
  EXPECT_LT(traced.traceback().size(), kLimit + 100);
}

TEST(FailureCodecTest, TheSizeBoundHolds) {
  const std::string huge(3 << 20, 'x');
  for (const Failure& failure :
       {Failure(std::runtime_error("short")), Failure(std::runtime_error(huge)),
        Failure(std::make_exception_ptr(1)), Failure(EncodingError("")),
        Failure(std::make_exception_ptr(std::runtime_error(huge)), huge),
        Failure::remote({std::vector<std::string>(100, "a"), "", ""}),
        Failure::remote({std::vector<std::string>(3, std::string(1000, 't')), "m", "t"})}) {
    EXPECT_LE(Wire(failure).message.sizeInWords(), failureWords(failure)) << failure.type();
  }
}

TEST(FailureCodecTest, NothingAtAllIsAnUnknownRemoteError) {
  capnp::MallocMessageBuilder message;
  const Failure failure = decodeFailure(message.initRoot<schema::Failure>().asReader());
  EXPECT_TRUE(failure.isRemote());
  EXPECT_EQ(failure.type(), "unknown");
}

TEST(FailureCodecTest, AKindFromTheFutureIsTheUsersOwn) {
  Wire wire(Failure(std::runtime_error("from afar")));
  wire.root.setKind(static_cast<schema::Failure::Kind>(4711));
  EXPECT_EQ(wire.decoded().message(), "from afar");
  EXPECT_TRUE(wire.decoded().check<std::runtime_error>());
}

TEST(FailureCodecTest, APointerOutOfTheMessageIsAnEncodingErrorWhereverItIs) {
  const unsigned pointers = [] {
    Wire wire(Failure(std::runtime_error("x")));
    return capnp::AnyStruct::Builder(capnp::toAny(wire.root)).getPointerSection().size();
  }();
  ASSERT_EQ(pointers, 3U);
  for (unsigned broken = 0; broken < pointers; ++broken) {
    Wire wire(Failure(std::make_exception_ptr(std::runtime_error("fine")), "trace"));
    auto data = capnp::AnyStruct::Builder(capnp::toAny(wire.root)).getDataSection();
    // A list pointer that leads out of the message. The pointers follow the data section.
    constexpr capnp::byte kOutside[] = {0xfd, 0xff, 0xff, 0x7f, 0x0d, 0, 0, 0};
    std::copy(std::begin(kOutside), std::end(kOutside), data.end() + 8 * broken);
    const Failure failure = wire.decoded();
    ASSERT_TRUE(failure.check<EncodingError>()) << broken;
    EXPECT_THAT(failure.message(), StartsWith("a failure arrived that cannot be read: "));
    EXPECT_THAT(failure.message(), HasSubstr("pointer"));
  }
}

}  // namespace
}  // namespace phial
