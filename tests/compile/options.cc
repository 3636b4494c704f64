// Each struct of options with one field named and the others left out, as users write it, compiles
// without a warning under -Wextra. Those of the network are in a library of its own.
#include <phial/master/cooperator.h>
#include <phial/master/deferred_list.h>
#include <phial/master/deferred_queue.h>
#include <phial/master/fiber.h>
#include <phial/master/process.h>
#include <phial/master/process_output.h>
#include <phial/master/process_protocol.h>
#include <phial/master/reactor_thread.h>
#include <phial/master/thread_pool.h>
#include <phial/testing.h>

#include "tests/compile/common.h"

using namespace std::chrono_literals;

[[maybe_unused]] const phial::SpawnOptions kProgram{.executable = "/bin/true"};
[[maybe_unused]] const phial::SpawnOptions kFolder{.directory = "/"};
[[maybe_unused]] const phial::SpawnOptions kEnvironment{
    .environment = {.base = phial::Environment::Base::empty}};
[[maybe_unused]] const phial::SpawnOptions kChanges{.environment = {.changes = {{"LANG", "C"}}}};
[[maybe_unused]] const phial::SpawnOptions kLimits{.limits = {.niceness = 5}};
[[maybe_unused]] const phial::SpawnOptions kTerminal{.pty = phial::Pty{.columns = 132}};
[[maybe_unused]] const phial::ProcessSpawnOptions kChild{.directory = "/"};
[[maybe_unused]] const phial::RunOptions kRun{.input = std::string("text")};
[[maybe_unused]] const phial::PoolOptions kPool{.max = 2};
[[maybe_unused]] const phial::PoolOptions kPoolLimits{
    .limits = {.coreDumps = phial::CoreDumps::off}};
[[maybe_unused]] const phial::PoolOptions kRestart{.restart = {.failedStarts = 3}};
[[maybe_unused]] const phial::JobOptions kJob{.timeout = 5s};
[[maybe_unused]] const phial::MapOptions kMap{.chunk = 10};
[[maybe_unused]] const phial::MapOptions kOrder{.order = phial::Order::completion};
[[maybe_unused]] const phial::StopOptions kStop{.within = 5s};
[[maybe_unused]] const phial::RestartOptions kPauses{.failedStarts = 3};
[[maybe_unused]] const phial::FiberOptions kStack{.stackBytes = 65536};
[[maybe_unused]] const phial::DeferredListOptions kList{.consumeErrors = true};
[[maybe_unused]] const phial::DeferredQueueOptions kQueue{.backlog = 1};
[[maybe_unused]] const phial::CooperatorOptions kSlices{.slice = 5ms};
[[maybe_unused]] const phial::ThreadPoolOptions kThreads{.max = 2};
[[maybe_unused]] const phial::ReactorThreadOptions kThread{.name = "loop"};
[[maybe_unused]] const phial::testing::TestPoolOptions kTest{.maxQueue = 5};
