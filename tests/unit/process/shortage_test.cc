#include "master/process/shortage.h"

#include <gtest/gtest.h>
#include <phial/master/process.h>

#include <cerrno>
#include <new>
#include <stdexcept>
#include <system_error>

#include "master/reactor/watches.h"

namespace phial::detail {
namespace {

TEST(ShortageTest, IsWhatPassesAgain) {
  for (const int error : {EMFILE, ENFILE, EAGAIN, ENOMEM}) {
    EXPECT_TRUE(isShortage(SpawnError("pipe2", "/bin/true", error)));
    EXPECT_TRUE(isShortage(std::system_error(error, std::generic_category())));
    EXPECT_TRUE(isShortage(WatchRefused(3, error)));
  }
  EXPECT_TRUE(isShortage(std::bad_alloc()));
}

TEST(ShortageTest, IsNoProgramThatCannotBeStarted) {
  for (const int error : {ENOENT, EACCES, ENOEXEC, EPERM, EFBIG}) {
    EXPECT_FALSE(isShortage(SpawnError("execve", "/nonexistent", error)));
  }
  EXPECT_FALSE(isShortage(std::runtime_error("broken")));
}

}  // namespace
}  // namespace phial::detail
