#include <capnp/any.h>
#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/failure_codec.h>

#include <any>
#include <array>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <variant>

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

struct Sent {
  explicit Sent(const Failure& failure) { encodeFailure(failure, root); }
  Failure decoded() { return decodeFailure(root.asReader()); }

  capnp::MallocMessageBuilder message;
  schema::Failure::Builder root = message.initRoot<schema::Failure>();
};

Failure roundTrip(const Failure& failure) { return Sent(failure).decoded(); }

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

// What a job's function threw, as it comes home.
template <class E>
Failure homeFrom(const E& exception) {
  try {
    throw exception;
  } catch (...) {
    return roundTrip(Failure::currentOfJob("  where it was thrown\n"));
  }
}

// A catch clause for E, as around a co_await, gets it with the same text and the same type.
template <class E>
void expectHome(const E& exception) {
  SCOPED_TRACE(typeid(E).name());
  const Failure failure = homeFrom(exception);
  EXPECT_TRUE(failure.check<E>());
  EXPECT_FALSE(failure.check<RemoteError>());
  EXPECT_TRUE(failure.isRemote());
  EXPECT_TRUE(failure.fromJob());
  EXPECT_EQ(failure.kind(), FailureKind::raised);
  EXPECT_EQ(failure.message(), exception.what());
  EXPECT_EQ(failure.traceback(), "  where it was thrown\n");
  EXPECT_EQ(failure.type(), Failure(exception).type());
  try {
    failure.rethrow();
  } catch (const E& home) {
    EXPECT_STREQ(home.what(), exception.what());
    EXPECT_EQ(Failure::current().type(), failure.type());
  } catch (...) {
    ADD_FAILURE() << "it came home as something else";
  }
  const Failure again = roundTrip(failure);
  EXPECT_EQ(again.type(), failure.type());
  EXPECT_EQ(again.message(), failure.message());
  EXPECT_NE(again.as<E>(), nullptr);
}

TEST(FailureCodecTest, StandardExceptionsComeHomeAsThemselves) {
  expectHome(std::logic_error("text"));
  expectHome(std::invalid_argument("text"));
  expectHome(std::domain_error("text"));
  expectHome(std::length_error("text"));
  expectHome(std::out_of_range(""));
  expectHome(std::runtime_error("text"));
  expectHome(std::range_error("text"));
  expectHome(std::overflow_error("text"));
  expectHome(std::underflow_error("text"));
  expectHome(std::exception());
  expectHome(std::bad_exception());
  expectHome(std::bad_alloc());
  expectHome(std::bad_array_new_length());
  expectHome(std::bad_cast());
  expectHome(std::bad_any_cast());
  expectHome(std::bad_typeid());
  expectHome(std::bad_function_call());
  expectHome(std::bad_weak_ptr());
  expectHome(std::bad_optional_access());
  expectHome(std::bad_variant_access());
}

TEST(FailureCodecTest, AStandardExceptionKeepsATextThatItsTypeDoesNotHave) {
  std::optional<std::bad_variant_access> wrongIndex;
  try {
    std::variant<int, char> number = 1;
    std::get<char>(number) = 'x';
  } catch (const std::bad_variant_access& e) {
    wrongIndex = e;
  }
  expectHome(*wrongIndex);
}

TEST(FailureCodecTest, ErrorsWithACodeBringItHome) {
  expectHome(std::system_error(ENOENT, std::generic_category(), "cannot open /data"));
  expectHome(std::system_error(EACCES, std::system_category()));
  expectHome(std::system_error(std::make_error_code(std::io_errc::stream), "a: b: c"));
  expectHome(std::ios_base::failure("no stream"));
  expectHome(std::future_error(std::future_errc::broken_promise));
  expectHome(std::filesystem::filesystem_error("cannot rename", "/from", "/to",
                                               std::make_error_code(std::errc::cross_device_link)));
  const Failure failure =
      homeFrom(std::system_error(ENOENT, std::generic_category(), "cannot open /data"));
  const auto* error = failure.as<std::system_error>();
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->code(), std::errc::no_such_file_or_directory);
  EXPECT_EQ(error->code().category(), std::generic_category());
  const Failure files = homeFrom(
      std::filesystem::filesystem_error("x", std::make_error_code(std::errc::file_exists)));
  EXPECT_EQ(files.as<std::filesystem::filesystem_error>()->code(), std::errc::file_exists);
}

TEST(FailureCodecTest, ACodeOfAnotherCategoryIsDescribed) {
  struct Weather final : std::error_category {
    const char* name() const noexcept override { return "weather"; }
    std::string message(int) const override { return "rain"; }
  };
  static const Weather weather;
  const Failure failure = homeFrom(std::system_error(7, weather, "no picnic"));
  EXPECT_TRUE(failure.check<std::system_error>());
  EXPECT_EQ(failure.as<std::system_error>(), nullptr);
  EXPECT_NE(failure.as<RemoteError>(), nullptr);
  ASSERT_TRUE(failure.code());
  EXPECT_EQ(failure.code()->value, 7);
  EXPECT_EQ(failure.code()->category, "weather");
}

TEST(FailureCodecTest, ANestedExceptionComesHomeAsTheOuterOneAndNamesItsCauses) {
  std::optional<Failure> failure;
  try {
    try {
      throw std::out_of_range("no such row");
    } catch (...) {
      std::throw_with_nested(std::invalid_argument("bad table"));
    }
  } catch (...) {
    failure = roundTrip(Failure::currentOfJob("  where\n"));
  }
  EXPECT_NE(failure->as<std::invalid_argument>(), nullptr);
  EXPECT_EQ(failure->traceback(), "  where\n  caused by std::out_of_range: no such row\n");
}

template <class E>
void expectRaised(const E& thrown, const char* name) {
  const Failure failure = homeFrom(thrown);
  EXPECT_FALSE(failure.check<E>()) << "Phial did not report it";
  EXPECT_TRUE(failure.check(name));
  EXPECT_EQ(failure.type(), name);
  EXPECT_TRUE(failure.fromJob());
  EXPECT_EQ(failure.kind(), FailureKind::raised);
  EXPECT_TRUE(failure.mayHaveRun());
  EXPECT_EQ(failure.certificate(), nullptr);
  EXPECT_NE(failure.as<RemoteError>(), nullptr);
  EXPECT_EQ(failure.message(), thrown.what());
}

TEST(FailureCodecTest, AnErrorOfPhialsThatAJobThrowsIsWhatTheJobRaised) {
  expectRaised(CancelledError("by me"), "phial::CancelledError");
  expectRaised(QueueFull("mine"), "phial::QueueFull");
  expectRaised(EncodingError("my letter"), "phial::EncodingError");
  expectRaised(UnknownFunction("of mine"), "phial::UnknownFunction");
  expectRaised(PoolStopped("the swimming pool"), "phial::PoolStopped");
}

TEST(FailureCodecTest, WhatTheWorkerReportsItselfIsNotFromTheJob) {
  const Failure refused = roundTrip(Failure(EncodingError("argument 1")).neverRun());
  EXPECT_FALSE(refused.fromJob());
  EXPECT_EQ(refused.kind(), FailureKind::refused);
  EXPECT_FALSE(refused.mayHaveRun());
  EXPECT_TRUE(roundTrip(Failure(EncodingError("the result"))).mayHaveRun());
  const Failure memory = roundTrip(Failure(std::bad_alloc()).neverRun());
  EXPECT_NE(memory.as<std::bad_alloc>(), nullptr);
  EXPECT_FALSE(memory.fromJob());
  EXPECT_FALSE(memory.mayHaveRun());
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
        Failure(std::system_error(1, std::generic_category())),
        Failure(std::make_exception_ptr(std::runtime_error(huge)), huge),
        Failure::remote({std::vector<std::string>(100, "a"), "", ""}),
        Failure::remote({std::vector<std::string>(3, std::string(1000, 't')), "m", "t"})}) {
    EXPECT_LE(Sent(failure).message.sizeInWords(), failureWords(failure)) << failure.type();
  }
}

TEST(FailureCodecTest, NothingAtAllIsAnUnknownRemoteError) {
  capnp::MallocMessageBuilder message;
  const Failure failure = decodeFailure(message.initRoot<schema::Failure>().asReader());
  EXPECT_TRUE(failure.isRemote());
  EXPECT_EQ(failure.type(), "unknown");
}

TEST(FailureCodecTest, AKindFromTheFutureIsTheUsersOwn) {
  Sent wire(Failure(std::runtime_error("from afar")));
  wire.root.setKind(static_cast<schema::Failure::Kind>(4711));
  EXPECT_EQ(wire.decoded().message(), "from afar");
  EXPECT_TRUE(wire.decoded().check<std::runtime_error>());
}

TEST(FailureCodecTest, APointerOutOfTheMessageIsAnEncodingErrorWhereverItIs) {
  const unsigned pointers = [] {
    Sent wire(Failure(std::runtime_error("x")));
    return capnp::AnyStruct::Builder(capnp::toAny(wire.root)).getPointerSection().size();
  }();
  ASSERT_EQ(pointers, 4U);
  for (unsigned broken = 0; broken < pointers; ++broken) {
    Sent wire(
        Failure(std::make_exception_ptr(std::system_error(1, std::generic_category())), "trace"));
    wire.root.setKind(schema::Failure::Kind::USER);
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
