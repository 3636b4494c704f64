#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <vector>

#include "master/process/resident_memory.h"

namespace phial::detail {
namespace {

TEST(ResidentMemoryTest, GrowsWithWhatIsTouched) {
  constexpr std::size_t kBytes = 64 << 20;
  const auto before = residentBytes(getpid());
  ASSERT_TRUE(before.has_value());
  const std::vector<std::byte> touched(kBytes, std::byte{1});
  const auto after = residentBytes(getpid());
  ASSERT_TRUE(after.has_value());
  EXPECT_GT(*after, *before + kBytes / 2);
  EXPECT_EQ(touched.back(), std::byte{1});
}

TEST(ResidentMemoryTest, IsNothingOfAProcessThatIsGone) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  EXPECT_EQ(residentBytes(child), std::nullopt);
}

}  // namespace
}  // namespace phial::detail
