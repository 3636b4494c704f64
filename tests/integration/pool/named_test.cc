// Functions that the master does not link: by a phial::Function, and without any types.
#include "tests/children/named.h"

#include <numeric>
#include <tuple>

#include "pool_fixture.h"

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> echo(std::vector<std::string> words) { return words; }

class NamedTest : public PoolTest {
 protected:
  ProcessPool& makeNamedPool(PoolOptions options = {.max = 2}) {
    options.worker = {std::string(PHIAL_CHILDREN) + "/phial_child_named"};
    return makePool(std::move(options));
  }
};

TEST_F(NamedTest, AFunctionIsCalledByItsNameAndType) {
  auto& pool = makeNamedPool();
  EXPECT_EQ(valueOf(pool.deferToProcess<named::kRepeat>("ab", 3)), "ababab");
  EXPECT_EQ(valueOf(pool.deferToProcess<named::kSquare>(-12)), 144);
  EXPECT_EQ(valueOf(pool.with({.label = "x"}).deferToProcess<named::kSquare>(3)), 9);
}

TEST_F(NamedTest, ItCanBeMapped) {
  auto& pool = makeNamedPool();
  EXPECT_THAT(valueOf(pool.map<named::kSquare>(std::vector{1, 2, 3})), ElementsAre(1, 4, 9));
  const std::vector<std::tuple<std::string, int>> calls{{"a", 1}, {"b", 2}};
  EXPECT_THAT(valueOf(pool.map<named::kRepeat>(calls)), ElementsAre("a", "bb"));
}

TEST_F(NamedTest, ItsArgumentsAreCheckedAsThoseOfALinkedOne) {
  auto& pool = makeNamedPool();
  const Failure failure = failureOf(pool.deferToProcess<named::kSquare>(std::int64_t{1} << 40));
  EXPECT_TRUE(failure.check<EncodingError>());
  EXPECT_THAT(failure.message(), HasSubstr("argument 1 of math.square is 1099511627776"));
}

TEST_F(NamedTest, AnotherTypeOrAMissingFunctionIsAFailure) {
  auto& pool = makeNamedPool();
  const Failure other = failureOf(pool.deferToProcess<named::kMistaken>(1, 2));
  EXPECT_TRUE(other.check<EncodingError>()) << other.message();
  EXPECT_THAT(other.message(), HasSubstr("'int (int, int)'"));
  const Failure missing = failureOf(pool.deferToProcess<named::kMissing>());
  EXPECT_TRUE(missing.check<UnknownFunction>()) << missing.message();
  EXPECT_THAT(missing.message(), HasSubstr("'text.repeat'"));
}

TEST_F(NamedTest, ATypeTravelsAsWhatItIsConvertedTo) {
  auto& pool = makeNamedPool();
  const auto hundred = named::Money::ofCents(10000);
  EXPECT_EQ(valueOf(pool.deferToProcess<named::kInterest>(hundred, 0.5)).cents(), 15000);
  EXPECT_EQ(valueOf(pool.call("bank.interest", {10000, 0.5})), AnyValue(std::int64_t{15000}));
  const Failure owed = failureOf(pool.call("bank.interest", {-1, 0.5}));
  EXPECT_TRUE(owed.check<EncodingError>());
  EXPECT_THAT(owed.message(), HasSubstr("argument 1 of bank.interest: there is no negative money"));
  // The result is converted here.
  const Failure negative = failureOf(pool.deferToProcess<named::kInterest>(hundred, -2));
  EXPECT_TRUE(negative.check("std::invalid_argument")) << negative.message();
}

Deferred<std::string> caught(ProcessPool& pool, std::string how) {
  try {
    co_await pool.deferToProcess<named::kWithdraw>(how);
    co_return "nothing";
  } catch (const named::Overdrawn& error) {
    co_return std::string("Overdrawn, ") + error.what();
  } catch (const RemoteError& error) {
    co_return std::string("RemoteError, ") + error.what();
  }
}

TEST_F(NamedTest, ARegisteredExceptionComesHomeAsItself) {
  auto& pool = makeNamedPool();
  EXPECT_EQ(valueOf(caught(pool, "by 5")), "RemoteError, overdrawn: by 5");
  const ExceptionType<named::Overdrawn> overdrawn;
  EXPECT_EQ(valueOf(caught(pool, "by 5")), "Overdrawn, overdrawn: by 5");
  EXPECT_EQ(valueOf(caught(pool, "deep")), "Overdrawn, overdrawn: by far");
  const Failure failure = failureOf(pool.deferToProcess<named::kWithdraw>("deep"));
  EXPECT_EQ(failure.type(), "named::DeeplyOverdrawn");
  EXPECT_TRUE(failure.check<named::DeeplyOverdrawn>());
  EXPECT_TRUE(failure.fromJob());
  EXPECT_EQ(failure.kind(), FailureKind::raised);
}

TEST_F(NamedTest, ACallWithoutTypesCarriesWhatItIsGiven) {
  auto& pool = makeNamedPool();
  EXPECT_EQ(valueOf(pool.call("text.repeat", {"ab", 2})), AnyValue("abab"));
  const AnyValue::Map tree{{"a", AnyValue::List{1, 2}}, {"b", AnyValue::List{}}};
  const AnyValue sums = valueOf(pool.call("tree", {tree, 2}));
  EXPECT_EQ(sums.toString(), "{\"a\":6}");
  EXPECT_EQ((sums.to<std::map<std::string, double>>()), (std::map<std::string, double>{{"a", 6}}));
}

TEST_F(NamedTest, ACallWithoutTypesFailsAsAnyOther) {
  auto& pool = makeNamedPool();
  EXPECT_TRUE(failureOf(pool.call("no.such", {})).check<UnknownFunction>());
  const Failure few = failureOf(pool.call("text.repeat", {"ab"}));
  EXPECT_TRUE(few.check<EncodingError>());
  EXPECT_EQ(few.message(), "text.repeat takes 2 arguments, 1 was given");
  EXPECT_TRUE(failureOf(pool.call("text.repeat", {2, 2})).check<EncodingError>());
  const Failure thrown = failureOf(pool.call("bank.withdraw", {"all"}));
  EXPECT_TRUE(thrown.check("named::Overdrawn"));
  const Submitter later = pool;
  valueOf(pool.stop());
  EXPECT_TRUE(failureOf(pool.call("text.repeat", {"a", 1})).check<PoolStopped>());
  pool_.reset();
  EXPECT_TRUE(failureOf(later.call("text.repeat", {"a", 1})).check<PoolStopped>());
}

TEST_F(NamedTest, AMillionValuesTravelBesideTheLoop) {
  auto& pool = makePool({.max = 1});
  const AnyValue::List words(300'000, AnyValue("a word of some length that needs memory"));
  valueOf(pool.deferToProcess<echo>(std::vector<std::string>()));
  const AnyValue echoed = valueOf(pool.call(functionName<echo>(), {words}));
  EXPECT_EQ(echoed, AnyValue(words));
}

TEST_F(NamedTest, ALambdaIsAFunctionToo) {
  auto& pool = makePool({.max = 1});
  EXPECT_EQ(valueOf(pool.deferToProcess<[](int a, int b) { return 10 * a + b; }>(4, 2)), 42);
  EXPECT_EQ(valueOf(pool.deferToProcess<[](int a, int b) { return a - b; }>(4, 2)), 2);
  EXPECT_THAT(valueOf(pool.map<[](int n) { return -n; }>(std::vector{1, 2})), ElementsAre(-1, -2));
}

TEST_F(NamedTest, ALambdaOfAnotherBuildIsNotTakenForAnother) {
  auto& pool = makeNamedPool();
  const Failure failure = failureOf(pool.deferToProcess<[](int n) { return n; }>(4));
  EXPECT_TRUE(failure.check<UnknownFunction>());
  EXPECT_THAT(failure.message(), HasSubstr("give it a name"));
}

}  // namespace
}  // namespace phial
