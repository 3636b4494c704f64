// Exceptions of the program's own, made again from their description.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/exception_type.h>
#include <phial/protocol/failure.h>

#include <stdexcept>
#include <string>

namespace shop {

class SoldOut : public std::runtime_error {
 public:
  explicit SoldOut(const std::string& what) : std::runtime_error("sold out: " + what) {}
};

struct Closed : std::exception {
  const char* what() const noexcept override { return "closed"; }
};

class Late final : public std::exception {
 public:
  explicit Late(int minutes) : minutes_(minutes) {}
  int minutes() const { return minutes_; }
  const char* what() const noexcept override { return "late"; }

 private:
  int minutes_;
};

}  // namespace shop

namespace phial {
namespace {

Failure of(std::vector<std::string> types, std::string message) {
  return Failure::remote(
      {.types = std::move(types), .message = std::move(message), .fromJob = true});
}

TEST(ExceptionTypeTest, KeepsTheTextWhateverTheConstructorAdds) {
  const ExceptionType<shop::SoldOut> soldOut;
  const ExceptionType<shop::Closed> closed;
  EXPECT_THAT([] { of({"shop::SoldOut"}, "sold out: eggs").rethrow(); },
              ::testing::ThrowsMessage<shop::SoldOut>("sold out: eggs"));
  EXPECT_THAT([] { of({"shop::Closed"}, "closed until nine").rethrow(); },
              ::testing::ThrowsMessage<shop::Closed>("closed until nine"));
  const Failure failure = of({"shop::SoldOut"}, "sold out: eggs");
  EXPECT_EQ(failure.type(), "shop::SoldOut");
  EXPECT_TRUE(failure.check<shop::SoldOut>());
  EXPECT_TRUE(failure.check<std::runtime_error>());
  EXPECT_FALSE(failure.check<RemoteError>());
  ASSERT_NE(failure.as<shop::SoldOut>(), nullptr);
  EXPECT_TRUE(failure.fromJob());
  EXPECT_TRUE(failure.isRemote());
}

TEST(ExceptionTypeTest, OfAnUnknownTypeTheNearestKnownBaseArrives) {
  const ExceptionType<shop::SoldOut> soldOut;
  const Failure failure =
      of({"shop::SoldOutForever", "shop::SoldOut", "std::runtime_error"}, "sold out: tea");
  EXPECT_THROW(failure.rethrow(), shop::SoldOut);
  EXPECT_EQ(failure.type(), "shop::SoldOutForever");
  EXPECT_TRUE(failure.check("shop::SoldOutForever"));
}

TEST(ExceptionTypeTest, AProgramsFunctionMakesWhatNoTextCan) {
  const ExceptionType<shop::Late> late(
      [](const RemoteInfo& info) { return shop::Late(std::stoi(info.message)); });
  try {
    of({"shop::Late"}, "42").rethrow();
  } catch (const shop::Late& error) {
    EXPECT_EQ(error.minutes(), 42);
  }
  // What it throws is what arrives.
  EXPECT_THROW(of({"shop::Late"}, "soon").rethrow(), std::invalid_argument);
}

TEST(ExceptionTypeTest, CountsForAsLongAsItLives) {
  {
    const ExceptionType<shop::Closed> closed;
    EXPECT_THROW(of({"shop::Closed"}, "closed").rethrow(), shop::Closed);
  }
  EXPECT_THROW(of({"shop::Closed"}, "closed").rethrow(), RemoteError);
  EXPECT_TRUE(of({"shop::Closed"}, "closed").check<shop::Closed>());
}

}  // namespace
}  // namespace phial
