// Traces of real pools.
#include <phial/master/job_event.h>
#include <phial/service/trace_file.h>
#include <signal.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "service_fixture.h"

namespace phial {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TraceFileTest : public ServiceTest {
 protected:
  TraceFile& makeTrace(TraceFileOptions options) {
    if (options.path.empty()) options.path = path_;
    options.onError = [this](std::string_view text) { errors_.emplace_back(text); };
    trace_ = std::make_unique<TraceFile>(reactor_, std::move(options));
    return *trace_;
  }
  json read() {
    valueOf(trace_->flush());
    return json::parse(contents(path_));
  }
  static std::vector<json> named(const json& events, const std::string& name) {
    std::vector<json> found;
    for (const auto& event : events) {
      if (event.at("name") == name) found.push_back(event);
    }
    return found;
  }

  const std::string path_ = folder_.path("trace.json");
  std::vector<std::string> errors_;
  std::unique_ptr<TraceFile> trace_;
};

TEST_F(TraceFileTest, AJobIsThreeSlicesOnItsWorkersRow) {
  auto& pool = makePool({.max = 1});
  makeTrace({}).add("images", pool);
  valueOf(pool.with({.label = "a \"b\"\n"}).deferToProcess<jobs::twice>(1));
  const json events = read();
  const auto runs = named(events, "jobs::twice");
  ASSERT_EQ(runs.size(), 3U) << "begin and end of the wait, and the run: " << events.dump(1);
  EXPECT_EQ(runs[0]["ph"], "b");
  EXPECT_EQ(runs[1]["ph"], "e");
  EXPECT_EQ(runs[2]["ph"], "X");
  EXPECT_EQ(runs[2]["tid"], 1);
  EXPECT_EQ(runs[2]["args"]["label"], "a \"b\"\n");
  EXPECT_EQ(runs[2]["args"]["outcome"], "succeeded");
  const auto decode = named(events, "decode").at(0);
  const auto encode = named(events, "encode").at(0);
  const auto end = [](const json& slice) {
    return slice["ts"].get<double>() + slice["dur"].get<double>();
  };
  EXPECT_GT(decode["dur"].get<double>(), 0);
  EXPECT_GT(encode["dur"].get<double>(), 0);
  EXPECT_NEAR(end(decode), runs[2]["ts"].get<double>(), 0.01);
  EXPECT_NEAR(end(runs[2]), encode["ts"].get<double>(), 0.01);
  std::map<std::string, std::string> names;
  for (const auto& event : events) {
    if (event["ph"] == "M")
      names[event["name"].get<std::string>() + event["tid"].dump()] = event["args"]["name"];
  }
  EXPECT_EQ(names["process_name0"], "images");
  EXPECT_EQ(names["thread_name1"], "worker 1");
}

TEST_F(TraceFileTest, DeathsAndFailuresAreSeen) {
  auto& pool = makePool({.max = 1});
  makeTrace({}).add("p", pool);
  EXPECT_FALSE(await(pool.deferToProcess<jobs::dieOf>(SIGKILL)).ok());
  const json events = read();
  const auto deaths = named(events, "died: crash");
  ASSERT_EQ(deaths.size(), 1U);
  EXPECT_EQ(deaths[0]["ph"], "i");
  EXPECT_EQ(deaths[0]["tid"], 1);
  EXPECT_EQ(named(events, "jobs::dieOf").back()["args"]["failure"], "phial::WorkerDied");
}

TEST_F(TraceFileTest, JobsOfOneWorkerDoNotOverlap) {
  auto& pool = makePool({.max = 2});
  makeTrace({}).add("p", pool);
  std::vector<Deferred<int>> all;
  for (int i = 0; i < 2000; ++i) all.push_back(pool.deferToProcess<jobs::twice>(i));
  valueOf(gatherResults(std::move(all)));
  std::map<int, std::vector<std::pair<double, double>>> rows;
  for (const auto& event : read()) {
    if (event["ph"] != "X") continue;
    const double begin = event["ts"];
    rows[event["tid"]].push_back({begin, begin + event["dur"].get<double>()});
  }
  std::size_t slices = 0;
  for (auto& [row, spans] : rows) {
    slices += spans.size();
    std::ranges::sort(spans);
    for (std::size_t i = 1; i < spans.size(); ++i) {
      EXPECT_LE(spans[i - 1].second, spans[i].first + 0.002) << "row " << row;
    }
  }
  EXPECT_EQ(slices, 3U * 2000U);
  EXPECT_EQ(trace_->jobs(), 2000U);
  EXPECT_EQ(trace_->jobsLeftOut(), 0U);
}

TEST_F(TraceFileTest, IsCompleteWithoutAnEnd) {
  auto& pool = makePool({.max = 1});
  makeTrace({}).add("p", pool);
  for (int i = 0; i < 5; ++i) {
    valueOf(pool.deferToProcess<jobs::twice>(1));
    EXPECT_TRUE(read().is_array());
  }
  trace_.reset();
  EXPECT_TRUE(json::parse(contents(path_)).is_array());
}

TEST_F(TraceFileTest, FilesAreBoundedAndEachNamesItsRows) {
  auto& pool = makePool({.max = 1});
  auto& trace = makeTrace({.maxFileBytes = 64 << 10, .maxFiles = 3});
  trace.add("p", pool);
  for (int round = 0; round < 10; ++round) {
    std::vector<Deferred<int>> all;
    for (int i = 0; i < 100; ++i) all.push_back(pool.deferToProcess<jobs::twice>(i));
    valueOf(gatherResults(std::move(all)));
    valueOf(trace.flush());
  }
  std::set<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
    files.insert(file.path().filename());
    const json events = json::parse(contents(file.path()));
    EXPECT_FALSE(named(events, "process_name").empty());
    EXPECT_FALSE(named(events, "thread_name").empty());
    EXPECT_LE(file.file_size(), 66U << 10);
  }
  EXPECT_THAT(files, ElementsAre("trace.json", "trace.json.1", "trace.json.2"));
}

TEST_F(TraceFileTest, WhatIsTooMuchIsLeftOutAndSaidSo) {
  auto& pool = makePool({.max = 1});
  auto& trace = makeTrace({.maxJobsPerSecond = 100});
  trace.add("p", pool);
  std::vector<Deferred<int>> all;
  for (int i = 0; i < 3000; ++i) all.push_back(pool.deferToProcess<jobs::twice>(i));
  valueOf(gatherResults(std::move(all)));
  valueOf(trace.flush());
  EXPECT_EQ(trace.jobs(), 3000U);
  EXPECT_GT(trace.jobsLeftOut(), 2000U);
  EXPECT_THAT(contents(path_), HasSubstr("jobs left out"));
}

TEST_F(TraceFileTest, ADiskThatCannotBeWrittenIsReportedOnceAndThePoolGoesOn) {
  for (const std::string& path :
       {std::string("/dev/full"), folder_.path("none/trace.json"), std::string("/proc/version")}) {
    errors_.clear();
    auto& pool = makePool({.max = 1});
    auto& trace = makeTrace({.path = path});
    trace.add("p", pool);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(valueOf(pool.deferToProcess<jobs::twice>(4)), 8);
      valueOf(trace.flush());
    }
    EXPECT_EQ(errors_.size(), 1U) << path;
    EXPECT_THAT(errors_.at(0), HasSubstr(path));
    EXPECT_EQ(trace.jobsLeftOut(), 3U);
    trace_.reset();
    endPool();
  }
}

TEST_F(TraceFileTest, EndsBeforeOrAfterItsPoolsAndInsideTheirCalls) {
  auto& pool = makePool({.max = 1});
  makeTrace({}).add("p", pool);
  valueOf(pool.deferToProcess<jobs::twice>(1).addCallback([&](int) { trace_.reset(); }));
  EXPECT_EQ(valueOf(pool.deferToProcess<jobs::twice>(2)), 4);
  makeTrace({}).add("q", pool);
  valueOf(pool.deferToProcess<jobs::twice>(2));
  pool_.reset();
  makePool({.max = 1});
  trace_->add("r", *pool_);
  valueOf(pool_->deferToProcess<jobs::twice>(2));
  std::set<std::string> names;
  for (const auto& event : named(read(), "process_name")) names.insert(event["args"]["name"]);
  EXPECT_THAT(names, ElementsAre("q", "r"));
}

TEST_F(TraceFileTest, AFlushFiresAlsoWhenTheTraceEnds) {
  auto& trace = makeTrace({});
  bool fired = false;
  trace.flush().addCallback([&] { fired = true; });
  trace_.reset();
  EXPECT_TRUE(fired);
}

TEST_F(TraceFileTest, ChecksItsOptions) {
  EXPECT_THROW(TraceFile(reactor_, {.path = ""}), std::invalid_argument);
  EXPECT_THROW(TraceFile(reactor_, {.path = "x", .maxFileBytes = 1}), std::invalid_argument);
  EXPECT_THROW(TraceFile(reactor_, {.path = "x", .maxFiles = 0}), std::invalid_argument);
  EXPECT_THROW(TraceFile(reactor_, {.path = "x", .maxJobsPerSecond = 0}), std::invalid_argument);
}

TEST_F(TraceFileTest, AForkedChildLeavesTheFileToItsParent) {
#ifdef PHIAL_THREAD_SANITIZER
  GTEST_SKIP() << "it does not support children of a fork that go on";
#endif
  auto& pool = makePool({.max = 1});
  makeTrace({}).add("p", pool);
  valueOf(pool.deferToProcess<jobs::twice>(1));
  const pid_t child = ::fork();
  if (child == 0) {
    trace_.reset();
    ::_exit(7);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(named(read(), "jobs::twice").size(), 3U);
}

TEST_F(TraceFileTest, BatchObserversGetTheirKindsBeforeTheDeferredsFire) {
  struct Counter : BatchObserver {
    bool wants(JobEvent::Kind kind) const override { return kind == JobEvent::Kind::settled; }
    void jobEvents(std::span<const JobEvent> events) override {
      for (const auto& event : events) settled += event.kind == JobEvent::Kind::settled ? 1 : 0;
    }
    int settled = 0;
  };
  auto& pool = makePool({.max = 1});
  const auto counter = std::make_shared<Counter>();
  const auto observation = pool.observe(counter);
  int fired = 0;
  std::vector<Deferred<void>> all;
  for (int i = 0; i < 1000; ++i) {
    all.push_back(pool.deferToProcess<jobs::twice>(i).addCallback(
        [&](int) { EXPECT_GE(counter->settled, ++fired); }));
  }
  valueOf(gatherResults(std::move(all)));
  EXPECT_EQ(counter->settled, 1000);
}

TEST_F(TraceFileTest, WhatAnObserverOverridesIsFoundWhereverItStandsAmongTheBases) {
  struct Other {
    virtual ~Other() = default;
    virtual void other() {}
    int state = 0;
  };
  struct Base : Other, PoolObserver {
    void jobDispatched(const JobReport& job) override {
      PoolObserver::jobDispatched(job);
      ++dispatched;
    }
    int dispatched = 0;
  };
  struct Derived : virtual Base {
    void jobSettled(const JobReport&) override { ++settled; }
    int settled = 0;
  };
  struct Nothing : PoolObserver {};
  auto& pool = makePool({.max = 1});
  const auto derived = std::make_shared<Derived>();
  const std::shared_ptr<PoolObserver> asBase = derived;
  const auto nothing = pool.observe(std::make_shared<Nothing>());
  const auto observation = pool.observe(asBase);
  for (int i = 0; i < 3; ++i) valueOf(pool.deferToProcess<jobs::twice>(i));
  EXPECT_EQ(derived->dispatched, 3);
  EXPECT_EQ(derived->settled, 3);
}

}  // namespace
}  // namespace phial
