#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <kj/debug.h>
#include <kj/exception.h>
#include <phial/protocol/failure.h>

#include <cxxabi.h>
#include <pthread.h>
#include <unwind.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

namespace failure_test {

struct Left {
  virtual ~Left() = default;
};
struct Hidden {};
struct Both : std::runtime_error, Left, private Hidden {
  using std::runtime_error::runtime_error;
};
struct Plain {};
struct NullWhat : std::exception {
  const char* what() const noexcept override { return nullptr; }
};
// Thrown in place of what was to be thrown.
struct RefusesToBeCopied : std::runtime_error {
  using std::runtime_error::runtime_error;
  RefusesToBeCopied(const RefusesToBeCopied& other) : std::runtime_error(other) {
    throw std::domain_error("not to be copied");
  }
};

}  // namespace failure_test

namespace phial {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

template <class E>
Failure caught(E exception) {
  try {
    throw exception;
  } catch (...) {
    return Failure::current();
  }
}

TEST(FailureTest, KnowsTypeMessageAndBases) {
  Failure f(std::out_of_range("too far"));
  EXPECT_EQ(f.type(), "std::out_of_range");
  EXPECT_EQ(f.message(), "too far");
  EXPECT_THAT(f.types(), ElementsAre("std::out_of_range", "std::logic_error", "std::exception"));
  EXPECT_FALSE(f.isRemote());
}

TEST(FailureTest, ChecksClassesAsACatchClauseWould) {
  Failure f = caught(failure_test::Both("both"));
  EXPECT_TRUE(f.check<failure_test::Both>());
  EXPECT_TRUE(f.check<std::runtime_error>());
  EXPECT_TRUE(f.check<failure_test::Left>());
  EXPECT_FALSE(f.check<failure_test::Hidden>());
  EXPECT_FALSE(f.check<std::logic_error>());
  EXPECT_TRUE((f.check<std::logic_error, std::exception>()));
}

TEST(FailureTest, ChecksNamesOfTypeAndPublicBases) {
  Failure f = caught(failure_test::Both("both"));
  EXPECT_TRUE(f.check("failure_test::Both"));
  EXPECT_TRUE(f.check("failure_test::Left"));
  EXPECT_TRUE(f.check("std::exception"));
  EXPECT_FALSE(f.check("failure_test::Hidden"));
  EXPECT_FALSE(f.check("Both"));
}

TEST(FailureTest, MadeFromAnExceptionPointerKeepsTheDynamicType) {
  auto pointer = std::make_exception_ptr(std::length_error("long"));
  Failure f(pointer);
  EXPECT_EQ(f.type(), "std::length_error");
  EXPECT_EQ(f.exception(), pointer);
  EXPECT_THROW(Failure{std::exception_ptr()}, std::invalid_argument);
}

TEST(FailureTest, TrapRethrowsWhatItDoesNotKnow) {
  Failure f(std::out_of_range("x"));
  EXPECT_EQ(&f.trap<std::logic_error>(), &f);
  EXPECT_THROW(f.trap<std::runtime_error>(), std::out_of_range);
  EXPECT_THROW(f.rethrow(), std::out_of_range);
}

TEST(FailureTest, AsPointsIntoTheExceptionItself) {
  Failure f(failure_test::Both("inside"));
  Failure copy = f;
  const auto* both = f.as<failure_test::Both>();
  ASSERT_NE(both, nullptr);
  EXPECT_STREQ(both->what(), "inside");
  EXPECT_EQ(copy.as<failure_test::Both>(), both);
  EXPECT_EQ(static_cast<const void*>(f.as<failure_test::Left>()),
            static_cast<const failure_test::Left*>(both));
  EXPECT_EQ(f.as<std::logic_error>(), nullptr);
}

TEST(FailureTest, CurrentOutsideACatchBlockIsAMistake) {
  EXPECT_THROW((void)Failure::current(), std::logic_error);
}

TEST(FailureTest, DescribesWhatIsNoStdException) {
  EXPECT_EQ(caught(42).message(), "42");
  EXPECT_EQ(caught(42).type(), "int");
  EXPECT_EQ(caught("text").message(), "text");
  EXPECT_EQ(caught(std::string("string")).message(), "string");
  EXPECT_EQ(caught(failure_test::Plain()).message(), "exception of type failure_test::Plain");
  EXPECT_TRUE(caught(42).check<int>());
}

TEST(FailureTest, KjExceptionsGiveTheirDescriptionAndTrace) {
  try {
    KJ_FAIL_REQUIRE("the widget is broken");
  } catch (...) {
    Failure f = Failure::current();
    EXPECT_EQ(f.message(), "the widget is broken");
    EXPECT_THAT(f.traceback(), HasSubstr("failure_test.cc"));
    EXPECT_TRUE(f.check<kj::Exception>());
    EXPECT_TRUE(f.check("kj::Exception"));
    ASSERT_NE(f.as<kj::Exception>(), nullptr);
  }
}

TEST(FailureTest, TracebackIsWhereItWasMade) {
  Failure f(std::runtime_error("here"));
  EXPECT_THAT(f.traceback(), HasSubstr("phial_protocol_test"));
  Failure given(std::make_exception_ptr(std::runtime_error("x")), "  from elsewhere\n");
  EXPECT_EQ(given.traceback(), "  from elsewhere\n");
}

Failure remoteKeyError() {
  return Failure::remote(
      {{"app::KeyError", "std::out_of_range", "std::logic_error"}, "no such key", "  app.cc:3\n"});
}

TEST(FailureTest, RemoteIsKnownByNameAndByClass) {
  Failure f = remoteKeyError();
  EXPECT_TRUE(f.isRemote());
  EXPECT_EQ(f.type(), "app::KeyError");
  EXPECT_EQ(f.message(), "no such key");
  EXPECT_EQ(f.traceback(), "  app.cc:3\n");
  EXPECT_TRUE(f.check("app::KeyError"));
  EXPECT_TRUE(f.check<std::out_of_range>());
  EXPECT_FALSE(f.check<std::runtime_error>()) << "though RemoteError is one";
  EXPECT_TRUE(f.check<RemoteError>());
  EXPECT_TRUE(f.check<Error>());
}

TEST(FailureTest, RemoteIsRethrownAsRemoteError) {
  Failure f = remoteKeyError();
  EXPECT_THROW(f.trap<std::runtime_error>(), RemoteError);
  EXPECT_EQ(f.as<std::out_of_range>(), nullptr);
  const auto* error = f.as<RemoteError>();
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->types().front(), "app::KeyError");
  EXPECT_STREQ(error->what(), "no such key");
}

TEST(FailureTest, RemoteStaysRemoteWhenRethrownAndCaughtAgain) {
  try {
    remoteKeyError().rethrow();
  } catch (...) {
    Failure again = Failure::current();
    EXPECT_TRUE(again.isRemote());
    EXPECT_TRUE(again.check("app::KeyError"));
    EXPECT_EQ(again.traceback(), "  app.cc:3\n");
  }
}

TEST(FailureTest, RethrownAndCaughtAgainItKeepsItsTraceback) {
  Failure f(std::make_exception_ptr(std::runtime_error("x")), "  where it was thrown\n");
  try {
    f.trap<std::logic_error>();
  } catch (...) {
    EXPECT_EQ(Failure::current().traceback(), "  where it was thrown\n");
  }
  try {
    throw std::runtime_error("another");
  } catch (...) {
    EXPECT_EQ(Failure::current().message(), "another");
  }
}

TEST(FailureTest, RemoteWithoutTypesIsUnknown) {
  EXPECT_EQ(Failure::remote({{}, "?", ""}).type(), "unknown");
}

TEST(FailureTest, OfAnElementItKnowsTheIndexAndIsOtherwiseTheSame) {
  const Failure plain = Failure::remote({{"std::domain_error"}, "odd", "  where\n"});
  const Failure of = plain.atIndex(17);
  EXPECT_EQ(plain.index(), std::nullopt);
  EXPECT_EQ(of.index(), 17U);
  EXPECT_TRUE(of.check<std::domain_error>());
  EXPECT_EQ(of.message(), "odd");
  EXPECT_EQ(of.traceback(), "  where\n  element 17 of the range\n");
  EXPECT_EQ(of.exception(), plain.exception());
  try {
    of.rethrow();
  } catch (...) {
    EXPECT_EQ(Failure::current().index(), 17U);
  }
}

TEST(FailureTest, AnExceptionWithoutATextIsNamedByItsType) {
  const Failure f = caught(failure_test::NullWhat());
  EXPECT_EQ(f.type(), "failure_test::NullWhat");
  EXPECT_EQ(f.message(), "exception of type failure_test::NullWhat");
  const char* nothing = nullptr;
  EXPECT_EQ(caught(nothing).message(), "null");
}

TEST(FailureTest, AnExceptionThatCannotBeCopiedIsReplacedByWhatItsCopyThrew) {
  const failure_test::RefusesToBeCopied original("original");
  try {
    throw original;  // NOLINT: the copy is what is tried
  } catch (...) {
    EXPECT_EQ(Failure::current().type(), "std::domain_error");
  }
}

TEST(FailureTest, AnExceptionOfAnotherLanguageIsAFailure) {
  static _Unwind_Exception foreign{};
  foreign.exception_class = 0x52555354;  // of nobody here
  foreign.exception_cleanup = [](_Unwind_Reason_Code, _Unwind_Exception*) {};
  std::optional<Failure> failure;
  try {
    _Unwind_RaiseException(&foreign);
    FAIL() << "nobody caught it";
  } catch (...) {
    failure = Failure::current();
  }
  EXPECT_EQ(failure->message(), "an exception that is not one of C++");
  EXPECT_EQ(std::uncaught_exceptions(), 0) << "KJ would not throw any more";
  EXPECT_THROW((void)Failure::current(), std::logic_error) << "the catch block has been left";
}

TEST(FailureTest, TheEndOfAThreadIsNoFailureAndPassesOn) {
  bool madeOne = false;
  bool unwound = false;
  std::thread([&] {
    struct Unwound {
      ~Unwound() { flag = true; }
      bool& flag;
    } const whenUnwound{unwound};
    try {
      ::pthread_exit(nullptr);
    } catch (...) {
      static_cast<void>(Failure::current());
      madeOne = true;
    }
  }).join();
  EXPECT_FALSE(madeOne);
  EXPECT_TRUE(unwound);
}

TEST(FailureTest, NamesAreWithoutInlineNamespaces) {
  const Failure files = caught(std::filesystem::filesystem_error("x", {}));
  EXPECT_TRUE(files.check("std::filesystem::filesystem_error")) << files.type();
  std::ifstream stream;
  stream.exceptions(std::ios::failbit);
  try {
    stream.open("/nowhere/at/all");
    FAIL() << "it was opened";
  } catch (...) {
    EXPECT_EQ(Failure::current().type(), "std::ios_base::failure");
  }
}

TEST(FailureTest, ANestedExceptionIsNamedByItselfAndItsCausesFollowInTheTraceback) {
  std::optional<Failure> failure;
  try {
    try {
      throw std::out_of_range("no such row");
    } catch (...) {
      std::throw_with_nested(std::runtime_error("cannot read the table"));
    }
  } catch (...) {
    failure = Failure::current();
  }
  EXPECT_EQ(failure->type(), "std::runtime_error");
  EXPECT_EQ(failure->message(), "cannot read the table");
  EXPECT_THAT(failure->traceback(), HasSubstr("  caused by std::out_of_range: no such row\n"));
  EXPECT_TRUE(failure->check<std::nested_exception>());
}

TEST(FailureTest, EachOfPhialsErrorsHasItsKind) {
  EXPECT_EQ(Failure(EncodingError("")).kind(), FailureKind::refused);
  EXPECT_EQ(Failure(UnknownFunction("")).kind(), FailureKind::refused);
  EXPECT_EQ(Failure(QueueFull("")).kind(), FailureKind::overloaded);
  EXPECT_EQ(Failure(TimeoutError("")).kind(), FailureKind::timedOut);
  EXPECT_EQ(Failure(DeadlineExceeded("")).kind(), FailureKind::timedOut);
  EXPECT_EQ(Failure(CancelledError()).kind(), FailureKind::cancelled);
  EXPECT_EQ(Failure(PoolStopped("")).kind(), FailureKind::unavailable);
  EXPECT_EQ(Failure(ProtocolError("")).kind(), FailureKind::internal);
  EXPECT_EQ(Failure(std::runtime_error("")).kind(), FailureKind::raised);
  EXPECT_EQ(caught(42).kind(), FailureKind::raised);
  EXPECT_EQ(remoteKeyError().kind(), FailureKind::raised);
  EXPECT_TRUE(Failure(DeadlineExceeded("")).check<TimeLimit>());
}

TEST(FailureTest, WhatNeverRanSaysSoAndIsOtherwiseTheSame) {
  const Failure stopped(PoolStopped("stopped"));
  EXPECT_TRUE(stopped.mayHaveRun());
  EXPECT_FALSE(stopped.neverRun().mayHaveRun());
  EXPECT_EQ(stopped.neverRun().exception(), stopped.exception());
  EXPECT_FALSE(Failure(QueueFull("")).mayHaveRun());
  EXPECT_FALSE(Failure(UnknownFunction("")).mayHaveRun());
  EXPECT_EQ(stopped.certificate(), nullptr);
}

TEST(FailureTest, CopiesShareTheException) {
  auto watch = std::make_shared<int>(1);
  struct Holder {
    std::shared_ptr<int> held;
  };
  {
    Failure f(Holder{watch});
    Failure copy = f;
    EXPECT_EQ(copy.exception(), f.exception());
    EXPECT_EQ(watch.use_count(), 2);
  }
  EXPECT_EQ(watch.use_count(), 1);
}

}  // namespace
}  // namespace phial
