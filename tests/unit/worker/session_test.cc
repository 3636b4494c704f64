#include "worker/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace phial::detail {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> sessionEnds;

struct SessionFirst {
  int number = 0;
  ~SessionFirst() { sessionEnds.push_back("first"); }
};
struct SessionSecond {
  ~SessionSecond() { sessionEnds.push_back("second"); }
};
struct SessionThrower {
  SessionThrower() { throw std::runtime_error("no"); }
};
struct SessionUnruly {
  ~SessionUnruly() noexcept(false) { throw std::runtime_error("no"); }
};

/// As CurrentJob does it for a job of a lease.
template <class S>
S& of(Session& session, std::uint64_t lease) {
  const SessionType type{std::type_index(typeid(S)), []() -> void* { return new S(); },
                         [](void* object) { delete static_cast<S*>(object); }};
  return *static_cast<S*>(session.of(lease, type));
}

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() { sessionEnds.clear(); }
  Session session_;
};

TEST_F(SessionTest, EachTypeHasOneObject) {
  of<SessionFirst>(session_, 1).number = 5;
  of<SessionSecond>(session_, 1);
  EXPECT_EQ(of<SessionFirst>(session_, 1).number, 5);
  session_.end();
}

TEST_F(SessionTest, ObjectsAreDestroyedInReverseOrder) {
  of<SessionFirst>(session_, 1);
  of<SessionSecond>(session_, 1);
  session_.end();
  EXPECT_THAT(sessionEnds, ElementsAre("second", "first"));
  session_.end();
  EXPECT_THAT(sessionEnds, ElementsAre("second", "first"));
}

TEST_F(SessionTest, AnotherLeaseBeginsAnew) {
  of<SessionFirst>(session_, 1).number = 5;
  EXPECT_EQ(of<SessionFirst>(session_, 2).number, 0);
  EXPECT_THAT(sessionEnds, ElementsAre("first"));
  session_.end();
}

TEST_F(SessionTest, AConstructorThatThrowsLeavesNothing) {
  EXPECT_THROW(of<SessionThrower>(session_, 1), std::runtime_error);
  EXPECT_THROW(of<SessionThrower>(session_, 1), std::runtime_error);
  session_.end();
}

TEST_F(SessionTest, ADestructorThatThrowsIsALineAndTheOthersFollow) {
  of<SessionFirst>(session_, 1);
  of<SessionUnruly>(session_, 1);
  ::testing::internal::CaptureStderr();
  session_.end();
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), ::testing::HasSubstr("SessionUnruly"));
  EXPECT_THAT(sessionEnds, ElementsAre("first"));
}

}  // namespace
}  // namespace phial::detail
