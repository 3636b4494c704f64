#include "master/worker/progress_relay.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "tests/unit/pool_worker/owner_fake.h"
#include "tests/unit/pool_worker/page_fixture.h"

namespace phial::detail {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;
using When = ProgressRelay::When;

class Hearer final : public OwnerFake {
 public:
  void workerProgressed(std::uint64_t job, double fraction, std::string note) override {
    notes.push_back(std::to_string(job) + " " + note);
    fractions.push_back(fraction);
  }
  std::vector<std::string> notes;
  std::vector<double> fractions;
};

class ProgressRelayTest : public PageFixture {
 protected:
  ~ProgressRelayTest() noexcept override = default;
  ProgressRelayTest() {
    send({1, 2});
    begin(1);
  }

  /// The job reports. True: it rings.
  bool post(double fraction, const std::string& note) {
    return worker().progress.post(1, fraction, note);
  }

  ManualClock clock_;
  Hearer owner_;
  ProgressRelay relay_{clock_, jobs_, owner_, [this] { relay_.read(page_); }};
};

TEST_F(ProgressRelayTest, TheFirstReportIsReadAtOnceAndTheNextAfterAWhile) {
  EXPECT_TRUE(post(0.1, "a"));
  EXPECT_EQ(relay_.onBell(), When::atOnce);
  relay_.read(page_);
  EXPECT_THAT(owner_.notes, ElementsAre("1 a"));
  EXPECT_TRUE(post(0.2, "b"));
  EXPECT_EQ(relay_.onBell(), When::later);
  EXPECT_FALSE(post(0.3, "c")) << "the bell is not cleared before its report is due";
  clock_.advance(ProgressRelay::kInterval - milliseconds(1));
  EXPECT_THAT(owner_.notes, ElementsAre("1 a"));
  clock_.advance(milliseconds(1));
  EXPECT_THAT(owner_.notes, ElementsAre("1 a", "1 c"));
}

TEST_F(ProgressRelayTest, AWorkerThatRingsWithoutEndIsReadAtThatRate) {
  post(0.1, "a");
  EXPECT_EQ(relay_.onBell(), When::atOnce);
  EXPECT_EQ(relay_.onBell(), When::later);
  relay_.read(page_);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(relay_.onBell(), When::later);
  EXPECT_EQ(clock_.pending(), 1U);
}

TEST_F(ProgressRelayTest, AReportIsToldOnce) {
  post(0.1, "a");
  relay_.read(page_);
  relay_.read(page_);
  relay_.tell(*jobs_.find(1), {1, 1, 0.1, "a"});
  EXPECT_THAT(owner_.notes, ElementsAre("1 a"));
  relay_.tell(*jobs_.find(1), {2, 1, 1, "done"});
  EXPECT_THAT(owner_.notes, ElementsAre("1 a", "1 done"));
}

TEST_F(ProgressRelayTest, AFractionIsMadeBelievable) {
  post(std::numeric_limits<double>::quiet_NaN(), "");
  relay_.read(page_);
  post(-4, "");
  relay_.read(page_);
  post(1e300, "");
  relay_.read(page_);
  EXPECT_THAT(owner_.fractions, ElementsAre(0, 0, 1));
}

TEST_F(ProgressRelayTest, AReportOfAJobThatHasNotBegunIsNotBelieved) {
  worker().progress.post(2, 0.5, "lies");
  relay_.read(page_);
  EXPECT_THAT(owner_.notes, IsEmpty());
}

}  // namespace
}  // namespace phial::detail
