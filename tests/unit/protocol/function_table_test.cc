#include <capnp/message.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/function_table.h>
#include <phial/protocol/value_capnp.h>

#include <array>
#include <numeric>

#include "function_table_twin.h"

static int twin(int n) { return n; }

namespace phial {
namespace {

using testing::HasSubstr;
using Status = FunctionIndex::Status;

bool isPrime(std::uint64_t n) { return n == 7; }
int total(std::span<const int> numbers, std::string_view text, const char* more,
          const std::vector<int>& list, std::tuple<int> alone) {
  int sum = std::get<0>(alone);
  for (const int number : numbers) sum += number;
  for (const int number : list) sum += number;
  return sum + static_cast<int>(text.size() + std::string_view(more).size());
}
std::string taken(std::string&& a, std::string b) { return std::move(a) + std::move(b); }
std::int64_t keyOf(schema::Entry::Reader entry) { return entry.getKey().getInt(); }
double sumOfFixed(std::span<double, 2> pair) { return pair[0] + pair[1]; }
void nothing() noexcept {}
std::string_view borrowed(const std::string& text) { return std::string_view(text).substr(1); }
const std::vector<int>& reference() {
  static const std::vector<int> numbers{1, 2};
  return numbers;
}
std::span<const int> spanned(const std::vector<int>& numbers) { return std::span(numbers).last(1); }
int throwing(int) { throw std::out_of_range("thrown"); }
int overloaded(int) { return 1; }
int overloaded(double) { return 2; }

// A message with the arguments of a call, and one for its result.
class Call {
 public:
  template <class... A>
  explicit Call(const A&... arguments) {
    [[maybe_unused]] auto list = message_.initRoot<schema::Value>().initList(sizeof...(A));
    [[maybe_unused]] capnp::uint index = 0;
    (encode(arguments, list[index++]), ...);
  }

  std::unique_ptr<PreparedCall> prepare(const FunctionTable& table, std::size_t index = 0) {
    return table.list().at(index).handler->prepare(
        readerOf(message_.getRoot<schema::Value>().asReader().getList()));
  }

  // Runs it; the arguments' message is gone by then, unless the call says that it borrows it.
  template <class R>
  R run(const FunctionTable& table, std::size_t index = 0) {
    const auto call = prepare(table, index);
    if (!call->borrows()) message_.initRoot<schema::Value>();
    call->run();
    capnp::MallocMessageBuilder result;
    auto root = result.initRoot<schema::Value>();
    call->encodeResult(writerOf(root));
    EXPECT_EQ(call->resultWords(), root.asReader().totalSize().wordCount);
    return decode<R>(root.asReader());
  }

 private:
  capnp::MallocMessageBuilder message_;
};

template <auto F>
FunctionTable tableOf() {
  FunctionTable table;
  table.add<F>();
  return table;
}

template <class F>
std::string errorOf(F f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(FunctionTableTest, RunsFunctionWithDecodedArguments) {
  EXPECT_TRUE(Call(std::uint64_t{7}).run<bool>(tableOf<isPrime>()));
  EXPECT_FALSE(Call(std::uint64_t{8}).run<bool>(tableOf<isPrime>()));
}

TEST(FunctionTableTest, ParametersMayBorrowWhatTheCallOwns) {
  EXPECT_EQ(Call(std::vector{1, 2}, std::string("abc"), std::string("de"), std::vector{10},
                 std::tuple(100))
                .run<int>(tableOf<total>()),
            118);
  EXPECT_EQ(Call(std::string("a"), std::string("b")).run<std::string>(tableOf<taken>()), "ab");
  EXPECT_EQ(Call(std::array{1.5, 2.0}).run<double>(tableOf<sumOfFixed>()), 3.5);
  Message<schema::Entry> entry;
  entry.builder().initKey().setInt(5);
  EXPECT_EQ(Call(entry).run<std::int64_t>(tableOf<keyOf>()), 5);
}

TEST(FunctionTableTest, ASpanOfNumbersIsReadWhereItLiesInTheMessage) {
  capnp::MallocMessageBuilder message;
  auto arguments = message.initRoot<schema::Value>().initList(1);
  encode(std::vector{1.5, 2.5}, arguments[0]);
  FunctionTable table;
  const double* seen = nullptr;
  table.add("look", [&seen](std::span<const double> numbers) {
    seen = numbers.data();
    return numbers[1];
  });
  const auto call = table.list().at(0).handler->prepare(readerOf(arguments.asReader()));
  EXPECT_TRUE(call->borrows());
  call->run();
  const auto chunk = arguments[0].asReader().getPacked().getChunks()[0];
  EXPECT_EQ(static_cast<const void*>(seen), chunk.begin());
}

TEST(FunctionTableTest, ASpanOfNumbersThatLieInPiecesIsACopy) {
  capnp::MallocMessageBuilder message;
  auto arguments = message.initRoot<schema::Value>().initList(1);
  const std::array numbers{1, 2, 3, 4, 5};
  detail::encodePacked(detail::NumberType::int32, std::as_bytes(std::span(numbers)),
                       writerOf(arguments[0]), 8);
  FunctionTable table;
  table.add("sum",
            [](std::span<const int> all) { return std::accumulate(all.begin(), all.end(), 0); });
  const auto call = table.list().at(0).handler->prepare(readerOf(arguments.asReader()));
  call->run();
  capnp::MallocMessageBuilder result;
  call->encodeResult(writerOf(result.initRoot<schema::Value>()));
  EXPECT_EQ(decode<int>(result.getRoot<schema::Value>().asReader()), 15);
}

TEST(FunctionTableTest, OnlySpansOfNumbersBorrowTheMessage) {
  const auto borrows = [](const FunctionTable& table, Call call) {
    return call.prepare(table)->borrows();
  };
  EXPECT_TRUE(borrows(tableOf<total>(), Call(std::vector{1}, std::string(), std::string(),
                                             std::vector{1}, std::tuple(1))));
  EXPECT_FALSE(borrows(tableOf<isPrime>(), Call(7u)));
  EXPECT_FALSE(borrows(tableOf<spanned>(), Call(std::vector{1})));
  EXPECT_FALSE(borrows(tableOf<sumOfFixed>(), Call(std::array{1.0, 2.0})));
}

TEST(FunctionTableTest, ASpanOfOtherNumbersIsRefusedByName) {
  EXPECT_THAT(errorOf([] {
                Call(std::vector{1.5}, std::string(), std::string(), std::vector{1}, std::tuple(1))
                    .run<int>(tableOf<total>());
              }),
              HasSubstr("expected packed signed 32-bit integers, found packed 64-bit"));
}

TEST(FunctionTableTest, BorrowedResultsAreCopiedBeforeTheirArgumentsGo) {
  EXPECT_EQ(Call(std::string(100, 'x')).run<std::string>(tableOf<borrowed>()),
            std::string(99, 'x'));
  EXPECT_EQ(Call().run<std::vector<int>>(tableOf<reference>()), (std::vector{1, 2}));
  EXPECT_EQ(Call(std::vector{1, 2, 3}).run<std::vector<int>>(tableOf<spanned>()), std::vector{3});
}

TEST(FunctionTableTest, ResultOfVoidFunctionIsNothing) {
  Call().run<std::monostate>(tableOf<nothing>());
}

TEST(FunctionTableTest, ExceptionOfTheFunctionPassesThrough) {
  const auto table = tableOf<throwing>();
  const auto call = Call(1).prepare(table);
  EXPECT_THROW(call->run(), std::out_of_range);
}

TEST(FunctionTableTest, WrongArgumentCountIsNamed) {
  const auto table = tableOf<isPrime>();
  EXPECT_EQ(errorOf([&] { Call(1u, 2u).prepare(table); }),
            "phial::(anonymous namespace)::isPrime takes 1 argument, 2 were given");
  EXPECT_THAT(errorOf([&] { Call(1u, 2u).prepare(tableOf<nothing>()); }),
              HasSubstr("nothing takes 0 arguments, 2 were given"));
  EXPECT_THAT(errorOf([&] { Call(std::string()).prepare(tableOf<taken>()); }),
              HasSubstr("taken takes 2 arguments, 1 was given"));
}

TEST(FunctionTableTest, WrongArgumentIsNamedByPosition) {
  FunctionTable table;
  table.add("pair", [](int, int) { return 0; });
  EXPECT_EQ(errorOf([&] { Call(1, std::string("two")).prepare(table); }),
            "argument 2 of pair: expected a signed 32-bit integer, found text");
}

TEST(FunctionTableTest, CallableIsFoundByItsNameAndKeepsItsState) {
  FunctionTable table;
  table.add("count", [n = 0](int by) mutable { return n += by; });
  table.add("standard", std::function<int(int)>([](int n) { return -n; }));
  table.add("pointer", &isPrime);
  EXPECT_EQ(table.find("count", "int (int)").index, 0u);
  EXPECT_EQ(Call(2).run<int>(table), 2);
  EXPECT_EQ(Call(3).run<int>(table), 5);
  EXPECT_EQ(Call(3).run<int>(table, table.find("standard").index), -3);
  EXPECT_TRUE(Call(7u).run<bool>(table, table.find("pointer").index));
}

TEST(FunctionTableTest, AddingAFunctionAgainChangesNothing) {
  FunctionTable table = tableOf<isPrime>();
  table.add<&isPrime>();
  table.add(tableOf<isPrime>());
  EXPECT_EQ(table.list().size(), 1u);
  EXPECT_TRUE(Call(7u).run<bool>(table));
}

TEST(FunctionTableTest, OverloadsAreTwoFunctions) {
  FunctionTable table;
  table.add<static_cast<int (*)(int)>(overloaded)>();
  table.add<static_cast<int (*)(double)>(overloaded)>();
  const auto name = functionName<static_cast<int (*)(int)>(overloaded)>();
  EXPECT_EQ(table.find(name).status, Status::ambiguous);
  EXPECT_EQ(Call(1.0).run<int>(table, table.find(name, "int (double)").index), 2);
  EXPECT_EQ(Call(1).run<int>(table, table.find(name, "int (int)").index), 1);
}

TEST(FunctionTableTest, StaticFunctionsOfOneNameInTwoFilesCannotBeCalled) {
  FunctionTable table = tableOf<twin>();
  EXPECT_EQ(Call(1).run<int>(table), 1);
  addOtherTwin(table);
  EXPECT_EQ(table.find("twin", "int (int)").status, Status::ambiguous);
  for (std::size_t index : {0, 1}) {
    EXPECT_THROW(Call(1).prepare(table, index), UnknownFunction);
    EXPECT_THAT(errorOf([&] { Call(1).prepare(table, index); }),
                HasSubstr("two functions called 'twin' of type 'int (int)'"));
  }
}

TEST(FunctionTableTest, CallablesOfOneNameCannotBeCalled) {
  FunctionTable table;
  table.add("f", [] { return 1; });
  table.add("f", [] { return 2; });
  EXPECT_THROW(Call().prepare(table), UnknownFunction);
}

TEST(FunctionTableTest, TablesAreJoinedInOrder) {
  FunctionTable table = tableOf<isPrime>();
  FunctionTable other = tableOf<nothing>();
  other.add("one", [] { return 1; });
  table.add(other);
  EXPECT_EQ(table.list().size(), 3u);
  EXPECT_EQ(table.list()[2].name, "one");
  EXPECT_EQ(Call().run<int>(table, 2), 1);
}

TEST(LinkedFunctionsTest, HoldsWhatATemplateNamesAnywhereInTheProgram) {
  const auto found = linkedFunctions().find("linkedFromAfar", "int (int)");
  ASSERT_EQ(found.status, Status::found);
  EXPECT_EQ(Call(4).run<int>(linkedFunctions(), found.index), 4);
}

}  // namespace
}  // namespace phial
