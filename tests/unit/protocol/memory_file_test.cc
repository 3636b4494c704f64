#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/control_page.h>
#include <phial/protocol/memory_file.h>
#include <phial/protocol/shared_memory.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace phial::detail {
namespace {

constexpr std::size_t kPageBytes = 4096;

/// A limit for the size of files, until it is destroyed.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() { ::setrlimit(RLIMIT_FSIZE, &before_); }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
};

template <typename F>
std::error_code errorOf(F f) {
  try {
    f();
  } catch (const std::system_error& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("RLIMIT_FSIZE"));
    return e.code();
  }
  return {};
}

TEST(MemoryFileTest, ASizeAboveTheLimitIsAnErrorAndNoSignal) {
  const FileSizeLimit limit(4 * kPageBytes);
  const auto tooLarge = std::make_error_code(std::errc::file_too_large);
  EXPECT_EQ(errorOf([] { newMemoryFile("test", 5 * kPageBytes); }), tooLarge);
  EXPECT_EQ(errorOf([] { ControlPageMapping::create(); }), tooLarge);
  EXPECT_EQ(errorOf([] { SharedMemory::create(5 * kPageBytes); }), tooLarge);
  EXPECT_GE(newMemoryFile("test", 4 * kPageBytes).get(), 0);
}

TEST(MemoryFileTest, ASealedFileKeepsItsSize) {
  const auto file = newMemoryFile("test", kPageBytes);
  sealMemoryFile(file, kFixedSize);
  EXPECT_EQ(::ftruncate(file, 0), -1);
  EXPECT_EQ(::ftruncate(file, 2 * kPageBytes), -1);
}

TEST(SharedMappingTest, GrowsWithoutADescriptor) {
  auto file = newMemoryFile("test", 16 * kPageBytes);
  const SharedMapping first(file, kPageBytes, SharedMapping::Access::readWrite);
  const SharedMapping whole(file, 16 * kPageBytes, SharedMapping::Access::read);
  file = nullptr;
  const SharedMapping grown(first, 16 * kPageBytes);
  *grown.at(0) = std::byte{1};
  *grown.at(15 * kPageBytes) = std::byte{2};
  EXPECT_EQ(*first.at(0), std::byte{1});
  EXPECT_EQ(*whole.at(15 * kPageBytes), std::byte{2});
}

TEST(SharedMappingTest, GivesMemoryBackWithoutADescriptor) {
  const auto file = newMemoryFile("test", 4 * kPageBytes);
  const SharedMapping mapping(file, 4 * kPageBytes, SharedMapping::Access::readWrite);
  for (std::size_t page = 0; page < 4; ++page) *mapping.at(page * kPageBytes) = std::byte{1};
  const auto blocks = [&] {
    struct stat status{};
    ::fstat(file, &status);
    return status.st_blocks;
  };
  const auto before = blocks();
  mapping.giveBack(2 * kPageBytes, 2 * kPageBytes);
  EXPECT_EQ(blocks(), before / 2);
  EXPECT_EQ(*mapping.at(kPageBytes), std::byte{1});
  EXPECT_EQ(*mapping.at(2 * kPageBytes), std::byte{0});
}

}  // namespace
}  // namespace phial::detail
