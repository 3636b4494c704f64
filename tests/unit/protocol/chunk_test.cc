#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/chunk.h>
#include <phial/protocol/value_capnp.h>

#include <stdexcept>
#include <string>

namespace phial::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

int half(int n) {
  if (n % 2 != 0) throw std::domain_error("odd: " + std::to_string(n));
  return n / 2;
}
void check(const std::string& text) {
  if (text.empty()) throw std::invalid_argument("empty");
}
bool both(bool a, bool b) { return a && b; }
std::string_view first(std::string text) {
  static std::string kept;
  kept = std::move(text);
  return std::string_view(kept).substr(0, 1);
}

template <class E>
Elements<E> elementsOf(Store<E> all) {
  const std::size_t count = all.size();
  return {std::make_shared<Store<E>>(std::move(all)), 0, count};
}

template <class T>
T roundTrip(const T& value) {
  capnp::MallocMessageBuilder message;
  auto builder = message.initRoot<schema::Value>();
  encode(value, builder);
  EXPECT_LE(builder.totalSize().wordCount, encodedWords(value) + 1);
  return decode<T>(builder.asReader());
}

// Notes what a chunk says of itself, and is cancelled from some element on.
class TestScope final : public JobScope {
 public:
  bool cancelled() const override { return at.size() > cancelledAfter; }
  std::string latestThrow() const override { return "where it was thrown"; }
  void atElement(std::optional<std::uint64_t> index) override { at.push_back(index); }
  void startElement() override { ++started; }

  std::size_t cancelledAfter = 1000;
  std::size_t started = 0;
  std::vector<std::optional<std::uint64_t>> at;
};

TEST(ChunkTest, CallsTheFunctionForEachElement) {
  const auto result = runChunk<half>({}, elementsOf<int>({2, 4, 6}));
  EXPECT_THAT(result.values, ElementsAre(1, 2, 3));
  EXPECT_TRUE(result.failures.empty());
}

TEST(ChunkTest, StopsAtTheFirstFailure) {
  const auto result = runChunk<half>({}, elementsOf<int>({2, 3, 4, 5}));
  EXPECT_THAT(result.values, ElementsAre(1));
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_EQ(result.failures[0].first, 1U);
  EXPECT_TRUE(result.failures[0].second.check<std::domain_error>());
}

TEST(ChunkTest, CollectsAllOutcomes) {
  const auto result =
      runChunk<half>({.mode = ChunkMode::collectAll}, elementsOf<int>({2, 3, 4, 5}));
  EXPECT_THAT(result.values, ElementsAre(1, 2));
  ASSERT_EQ(result.failures.size(), 2U);
  EXPECT_EQ(result.failures[1].first, 3U);
  EXPECT_EQ(result.failures[1].second.message(), "odd: 5");
}

TEST(ChunkTest, RunsAPartOfTheElements) {
  const auto all = elementsOf<int>({2, 4, 6, 8});
  EXPECT_THAT(runChunk<half>({}, roundTrip(all.part(1, 2))).values, ElementsAre(2, 3));
}

TEST(ChunkTest, BorrowedResultsAreKept) {
  EXPECT_THAT(runChunk<first>({}, elementsOf<std::string>({"ab", "cd"})).values,
              ElementsAre("a", "c"));
}

TEST(ChunkTest, ItsElementsAreTuplesForSeveralParameters) {
  const auto result = runChunk<both>(
      {}, roundTrip(elementsOf<std::tuple<bool, bool>>({{true, true}, {true, false}})));
  EXPECT_THAT(roundTrip(result).values, ElementsAre(true, false));
}

TEST(ChunkTest, TellsItsJobWhichElementItIsAt) {
  TestScope scope;
  (void)runChunk<half>({.first = 70}, elementsOf<int>({2, 4}));
  EXPECT_THAT(scope.at, ElementsAre(70U, 71U, std::nullopt));
}

TEST(ChunkTest, AFailureHasTheTracebackThatItsJobKnows) {
  const TestScope scope;
  const auto result = runChunk<half>({}, elementsOf<int>({3}));
  EXPECT_EQ(result.failures.at(0).second.traceback(), "where it was thrown");
}

TEST(ChunkTest, GivesUpBetweenElementsWhenItIsCancelled) {
  TestScope scope;
  scope.cancelledAfter = 1;
  const auto result = runChunk<half>({}, elementsOf<int>({2, 4, 6}));
  EXPECT_THAT(result.values, ElementsAre(1));
  ASSERT_EQ(result.failures.size(), 1U);
  EXPECT_TRUE(result.failures[0].second.check<CancelledError>());
}

TEST(ChunkTest, ResultsAndFailuresTravel) {
  const auto sent = runChunk<half>({.mode = ChunkMode::collectAll}, elementsOf<int>({2, 3, 4}));
  const auto got = roundTrip(sent);
  EXPECT_THAT(got.values, ElementsAre(1, 2));
  ASSERT_EQ(got.failures.size(), 1U);
  EXPECT_EQ(got.failures[0].first, 1U);
  EXPECT_EQ(got.failures[0].second.type(), "std::domain_error");
  EXPECT_TRUE(got.failures[0].second.isRemote());
  EXPECT_EQ(got.nanoseconds, sent.nanoseconds);
  EXPECT_GT(got.wireBytes, 0U);
}

TEST(ChunkTest, NoResultsTravelAsTheirNumber) {
  const auto got = roundTrip(
      runChunk<check>({.mode = ChunkMode::collectAll}, elementsOf<std::string>({"a", "", "b"})));
  EXPECT_EQ(got.values.size(), 2U);
  EXPECT_EQ(got.failures.size(), 1U);
}

TEST(ChunkTest, ANumberOfResultsOutOfAllProportionIsRefused) {
  capnp::MallocMessageBuilder message;
  auto list = message.initRoot<schema::Value>().initList(3);
  list[0].setUint(~std::uint64_t{0});
  list[1].initList(0);
  list[2].setUint(1);
  EXPECT_THROW((void)decode<ChunkResult<void>>(message.getRoot<schema::Value>().asReader()),
               EncodingError);
}

TEST(ChunkTest, ItsNameIsThatOfTheFunction) {
  EXPECT_EQ(chunkName<half>(), "map of phial::detail::(anonymous namespace)::half");
}

TEST(ChunkTest, AddingItTwiceIsAddingItOnce) {
  FunctionTable table;
  addChunk<half>(table);
  addChunk<half>(table);
  ASSERT_EQ(table.list().size(), 1U);
  capnp::MallocMessageBuilder message;
  auto arguments = message.initRoot<schema::Value>().initList(2);
  encode(ChunkOrder{}, arguments[0]);
  encode(elementsOf<int>({8}), arguments[1]);
  const auto call = table.list()[0].handler->prepare(readerOf(arguments.asReader()));
  call->run();
  EXPECT_GT(call->resultWords(), 0U);
}

}  // namespace
}  // namespace phial::detail
