#include "phial/protocol/shared_array.h"

#include <capnp/message.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <kj/io.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/value_capnp.h>

#include <array>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/protocol/memory_watch.h"

namespace phial {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Point {
  double x;
  double y;
};
enum class Color : std::uint16_t { red, green };

/// A value with its parcel, as a job would carry them.
class Letter {
 public:
  template <class T>
  explicit Letter(const T& value) {
    const detail::OutgoingFiles enclosed;
    encode(value, root());
    for (const int fd : enclosed.files()) files_.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
  }
  schema::Value::Builder root() { return message_.getRoot<schema::Value>(); }
  std::size_t files() const { return files_.size(); }

  template <class T>
  T open() {
    const detail::IncomingFiles enclosed(std::exchange(files_, {}));
    return decode<T>(root().asReader());
  }
  template <class T>
  std::string refusal() {
    try {
      open<T>();
    } catch (const EncodingError& error) {
      return error.what();
    }
    return "no error";
  }

 private:
  capnp::MallocMessageBuilder message_;
  std::vector<kj::AutoCloseFd> files_;
};

TEST(SharedArrayTest, IsAnArray) {
  SharedArray<int> array(3);
  EXPECT_THAT(array, ElementsAre(0, 0, 0));
  const auto elements = array.writable();
  std::iota(elements.begin(), elements.end(), 1);
  const SharedArray<int> copy = array;
  EXPECT_THAT(copy.span(), ElementsAre(1, 2, 3));
  EXPECT_EQ(copy.data(), array.data());
  EXPECT_EQ(copy[2], 3);
  EXPECT_THAT(SharedArray<int>::copyOf(array.span().subspan(1)), ElementsAre(2, 3));
}

TEST(SharedArrayTest, AnEmptyOneHoldsNoFile) {
  EXPECT_TRUE(SharedArray<int>().empty());
  EXPECT_TRUE(SharedArray<int>(0).writable().empty());
  Letter letter{SharedArray<int>(0)};
  EXPECT_EQ(letter.files(), 0u);
  EXPECT_TRUE(letter.open<SharedArray<int>>().empty());
}

TEST(SharedArrayTest, SizesThatNoMemoryHasAreRefused) {
  EXPECT_THROW(SharedArray<double>(SIZE_MAX / 8), std::bad_alloc);
  EXPECT_THROW(SharedArray<double>(SIZE_MAX), std::bad_alloc);
  EXPECT_THROW(SharedArray<std::byte>(std::size_t{1} << 60), std::exception);
}

TEST(SharedArrayTest, ArrivesWhereItLiesAndReadOnly) {
  auto sent = SharedArray<double>::copyOf(std::array{1.5, 2.5});
  Letter letter(sent);
  auto received = letter.open<SharedArray<double>>();
  EXPECT_THAT(received, ElementsAre(1.5, 2.5));
  sent.writable()[0] = 7;
  EXPECT_THAT(received, ElementsAre(7, 2.5)) << "no copy was made";
  EXPECT_THROW(received.writable(), std::logic_error);
}

TEST(SharedArrayTest, CanBePassedOn) {
  Letter first(SharedArray<int>::copyOf(std::array{1, 2}));
  Letter second(first.open<SharedArray<int>>());
  EXPECT_THAT(second.open<SharedArray<int>>(), ElementsAre(1, 2));
}

TEST(SharedArrayTest, TravelsInsideOtherValues) {
  using Parts = std::pair<std::vector<SharedArray<int>>, std::optional<SharedArray<Point>>>;
  const auto a = SharedArray<int>::copyOf(std::array{1});
  const auto b = SharedArray<int>::copyOf(std::array{2, 3});
  const auto c = SharedArray<Point>::copyOf(std::array{Point{4, 5}});
  Letter letter(Parts{{a, b, a}, c});
  EXPECT_EQ(letter.files(), 4u);
  const auto [list, point] = letter.open<Parts>();
  EXPECT_THAT(list, ElementsAre(ElementsAre(1), ElementsAre(2, 3), ElementsAre(1)));
  EXPECT_EQ(point->span()[0].y, 5);
}

TEST(SharedArrayTest, OneFileThatIsNamedTwiceIsOneMapping) {
  using Pair = std::pair<SharedArray<int>, SharedArray<int>>;
  Letter letter(Pair{SharedArray<int>(2), SharedArray<int>(2)});
  letter.root().getList()[1].getShared().setFile(0);
  const auto [a, b] = letter.open<Pair>();
  EXPECT_EQ(a.data(), b.data());
}

TEST(SharedArrayTest, TakesTheSameWordsWhateverItsSize) {
  const auto words = encodedWords(SharedArray<int>(1));
  EXPECT_EQ(encodedWords(SharedArray<int>(std::size_t{1} << 34)), words);
  Letter letter(SharedArray<int>(1));
  EXPECT_LE(letter.root().asReader().totalSize().wordCount + 2, words + 2);
}

TEST(SharedArrayTest, ElementsMustBeThoseThatWereSent) {
  EXPECT_EQ(Letter(SharedArray<float>(1)).refusal<SharedArray<int>>(),
            "expected a SharedArray of signed 32-bit integers, found a SharedArray of 32-bit "
            "floating-point numbers");
  EXPECT_THAT(Letter(SharedArray<Point>(1)).refusal<SharedArray<double>>(), HasSubstr("Point"));
  EXPECT_THAT(Letter(std::vector{1}).refusal<SharedArray<int>>(),
              HasSubstr("found packed signed 32-bit integers"));
  EXPECT_THAT(Letter(SharedArray<int>(1)).refusal<std::vector<int>>(),
              HasSubstr("found a SharedArray of signed 32-bit integers"));
  EXPECT_EQ(Letter(SharedArray<Color>(1)).open<SharedArray<std::uint16_t>>().size(), 1u);

  Letter other(SharedArray<Point>(1));
  other.root().getShared().setElementBytes(8);
  EXPECT_EQ(other.refusal<SharedArray<Point>>(), "expected elements of 16 bytes, found 8");
}

TEST(SharedArrayTest, NonsenseIsAnEncodingError) {
  Letter longer(SharedArray<int>(100));
  longer.root().getShared().setCount(2'000);
  EXPECT_THAT(longer.refusal<SharedArray<int>>(), HasSubstr("bytes of 8000"));
  Letter endless(SharedArray<int>(1));
  endless.root().getShared().setCount(UINT64_MAX / 2);
  EXPECT_THAT(endless.refusal<SharedArray<int>>(), HasSubstr("a SharedArray claims"));
  Letter elsewhere(SharedArray<int>(1));
  elsewhere.root().getShared().setFile(1);
  EXPECT_THAT(elsewhere.refusal<SharedArray<int>>(), HasSubstr("has not come with the message"));
  using Pair = std::pair<SharedArray<int>, SharedArray<int>>;
  Letter sizes(Pair{SharedArray<int>(1), SharedArray<int>(2)});
  sizes.root().getList()[1].getShared().setFile(0);
  EXPECT_THAT(sizes.refusal<Pair>(), HasSubstr("different sizes"));
}

TEST(SharedArrayTest, TravelsOnlyWithAJob) {
  capnp::MallocMessageBuilder message;
  EXPECT_THROW(encode(SharedArray<int>(1), message.initRoot<schema::Value>()), EncodingError);
  Letter letter(SharedArray<int>(1));
  EXPECT_THROW(decode<SharedArray<int>>(letter.root().asReader()), EncodingError);
  letter.open<SharedArray<int>>();
}

TEST(SharedArrayTest, ItsLastHandleFreesIt) {
  SharedArray<int> array(1'000);
  const MemoryWatch watch(sharedMemoryFiles().at(0));
  Letter letter(array);
  array = {};
  EXPECT_FALSE(watch.freed());
  auto received = letter.open<SharedArray<int>>();
  auto copy = received;
  received = {};
  EXPECT_FALSE(watch.freed());
  copy = {};
  watch.awaitFreed();
}

}  // namespace
}  // namespace phial
