// A large result that is read piece by piece.
#include <capnp/message.h>
#include <gtest/gtest.h>
#include <phial/master/detail/job.h>
#include <phial/protocol/value_capnp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/lone_job.h"

namespace phial::detail {
namespace {

/// A job that expects an R, and what it got.
template <class R>
class Expecting {
 public:
  Expecting() : job_(makeJob<R>(owner_, 1)), deferred_(deferredOf(job_)) {}
  ~Expecting() {
    if (!job_->fired()) deferred_.cancel();
    std::move(deferred_).addErrback([](const Failure&) { return R(); });
  }
  Expecting(const Expecting&) = delete;
  Expecting& operator=(const Expecting&) = delete;

  Job& job() { return *job_; }
  R result() {
    job_->succeed();
    R result;
    deferred_ = std::move(deferred_).addCallback([&](R value) {
      result = std::move(value);
      return R();
    });
    return result;
  }

 private:
  NotingOwner owner_;
  Ref<TypedJob<R>> job_;
  Deferred<R> deferred_;
};

/// A result of 64 MiB that begins to be read. A machine that copies it in one slice would have a
/// memory of 200 GB/s.
class LargeResultReadingTest : public ::testing::Test {
 protected:
  LargeResultReadingTest() {
    encode(numbers_, message_->initRoot<schema::Value>());
    reading_ =
        expecting_.job().beginReading(readerOf(message_->getRoot<schema::Value>().asReader()));
  }

  const std::vector<double> numbers_ = std::vector<double>((64 << 20) / sizeof(double), 1.5);
  const BorrowedBytes borrowed_;
  // Its destructor may throw, a test's may not.
  const std::unique_ptr<capnp::MallocMessageBuilder> message_ =
      std::make_unique<capnp::MallocMessageBuilder>();
  Expecting<std::vector<double>> expecting_;
  std::unique_ptr<ResultReading> reading_;
};

TEST_F(LargeResultReadingTest, TakesManySlices) {
  ASSERT_NE(reading_, nullptr);
  int slices = 1;
  while (!reading_->step()) ++slices;
  EXPECT_GT(slices, 1);
  expecting_.job().acceptRead(*reading_);
  EXPECT_EQ(expecting_.result(), numbers_);
}

TEST_F(LargeResultReadingTest, StoppedItGoesNoFurther) {
  ASSERT_FALSE(reading_->step());
  EXPECT_FALSE(reading_->stopped());
  reading_->stop();
  EXPECT_TRUE(reading_->step());
  EXPECT_TRUE(reading_->stopped());
}

TEST(ResultReadingTest, SmallResultsAndThoseOfOtherFormsAreReadAtOnce) {
  capnp::MallocMessageBuilder message;
  auto value = message.initRoot<schema::Value>();
  encode(std::vector<double>(1000), value);
  Expecting<std::vector<double>> numbers;
  EXPECT_EQ(numbers.job().beginReading(readerOf(value.asReader())), nullptr);
  encode(std::vector<std::string>(1000, "text"), value);
  Expecting<std::vector<std::string>> texts;
  EXPECT_EQ(texts.job().beginReading(readerOf(value.asReader())), nullptr);
}

TEST(ResultReadingTest, ManyStringsAreReadInSlicesBesideTheLoop) {
  const std::vector<std::string> texts(100'000, "text");
  capnp::MallocMessageBuilder message;
  auto value = message.initRoot<schema::Value>();
  encode(texts, value);
  Expecting<std::vector<std::string>> expecting;
  const auto reading = expecting.job().beginReading(readerOf(value.asReader()));
  ASSERT_NE(reading, nullptr);
  EXPECT_EQ(reading->where(), SteppedWork::Where::beside);
  int slices = 1;
  while (!reading->step()) ++slices;
  EXPECT_GT(slices, 1);
  expecting.job().acceptRead(*reading);
  EXPECT_EQ(expecting.result(), texts);
}

TEST(ResultReadingTest, AResultThatCannotBeReadSaysSoWhenItIsAccepted) {
  capnp::MallocMessageBuilder message;
  auto value = message.initRoot<schema::Value>();
  std::vector<std::vector<std::string>> texts(100'000);
  encode(texts, value);
  Expecting<std::vector<std::string>> expecting;
  const auto reading = expecting.job().beginReading(readerOf(value.asReader()));
  ASSERT_NE(reading, nullptr);
  while (!reading->step()) {
  }
  EXPECT_THROW(expecting.job().acceptRead(*reading), EncodingError);
}

TEST(ResultReadingTest, AResultThatIsDroppedHalfReadHarmsNobody) {
  capnp::MallocMessageBuilder message;
  auto value = message.initRoot<schema::Value>();
  encode(std::string(std::size_t{16} << 20, 'x'), value);
  Expecting<std::string> expecting;
  auto text = expecting.job().beginReading(readerOf(value.asReader()));
  ASSERT_NE(text, nullptr);
  text->step();
  text.reset();
  encode(std::vector<unsigned char>(std::size_t{16} << 20), value);
  Expecting<std::vector<unsigned char>> bytes;
  auto reading = bytes.job().beginReading(readerOf(value.asReader()));
  ASSERT_NE(reading, nullptr);
  reading->step();
  reading.reset();
}

}  // namespace
}  // namespace phial::detail
