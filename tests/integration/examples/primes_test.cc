#include <sched.h>
#include <signal.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "expectations.h"
#include "http_client.h"

namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The slow one: 2^61 - 1. The slowest of all: the largest prime below 2^64.
constexpr const char* kSlow = "2305843009213693951";
constexpr const char* kSlowest = "18446744073709551557";

std::string lastWord(const std::string& line) { return line.substr(line.rfind(' ') + 1); }

// Waits until a process has spent CPU time, much more than a worker does for a small job.
void waitUntilItComputes(pid_t pid) {
  constexpr long kTicks = 10;
  const long before = cpuTicksOf(pid);
  while (cpuTicksOf(pid) < before + kTicks) ::sched_yield();
}

class PrimesTest : public testing::Test {
 protected:
  // The server, once it is listening and its own child has been reaped.
  void start(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {PRIMES_PROGRAM, "--port", "0"});
    server_.emplace(options);
    const auto url = server_->waitForLine("listening on http://127.0.0.1:");
    port_ = static_cast<std::uint16_t>(std::stoul(url.substr(url.rfind(':') + 1)));
    const auto line = server_->waitForLine("started as process");
    child_ = std::stoi(lastWord(line));
    childEnd_ = server_->waitForLine("has ended");
  }

  // Asks, and waits until the server has taken the request up.
  void ask(HttpClient& client, const std::string& target) {
    client.send("GET", target);
    server_->waitForLine(target);
  }

  Ended end(int signal) {
    server_->signal(signal);
    return server_->wait();
  }

  Response get(const std::string& target) { return HttpClient(port_).get(target); }

  void expectBad(const std::string& target, const std::string& reason) {
    SCOPED_TRACE(target);
    const auto response = get(target);
    EXPECT_EQ(response.status, 400);
    EXPECT_THAT(response.body, HasSubstr(reason));
    EXPECT_THAT(linesOf(response.body), testing::SizeIs(1));
  }

  std::optional<Program> server_;
  std::uint16_t port_ = 0;
  pid_t child_ = 0;
  std::string childEnd_;
};

TEST_F(PrimesTest, TellsPrimesFromOthersInThePoolAndInline) {
  start();
  for (const std::string where : {"/isprime/", "/isprime-inline/"}) {
    const auto prime = get(where + "2147483647");
    EXPECT_EQ(prime.status, 200);
    EXPECT_EQ(prime.headers.at("content-type"), "text/plain; charset=utf-8");
    EXPECT_EQ(prime.body, "2147483647 is prime\n");
    EXPECT_EQ(get(where + "2147483649").body, "2147483649 is not prime\n");
    EXPECT_EQ(get(where + "0").body, "0 is not prime\n");
    EXPECT_EQ(get(where + "1").body, "1 is not prime\n");
    EXPECT_EQ(get(where + "2").body, "2 is prime\n");
    EXPECT_EQ(get(where + "9").body, "9 is not prime\n");
    EXPECT_EQ(get(where + "18446744073709551615").body, "18446744073709551615 is not prime\n");
  }
  expectSuccess(end(SIGTERM));
}

TEST_F(PrimesTest, AnswersSeveralRequestsOnOneConnection) {
  start();
  HttpClient client(port_);
  EXPECT_EQ(client.get("/isprime/7").body, "7 is prime\n");
  EXPECT_EQ(client.get("/isprime/8").body, "8 is not prime\n");
  EXPECT_EQ(client.get("/isprime-inline/9").body, "9 is not prime\n");
  EXPECT_THAT(client.get("/").body, HasSubstr("/isprime-inline/"));
  client.disconnect();
  const Ended ended = end(SIGTERM);
  expectSuccess(ended);
  EXPECT_THAT(ended.out, Not(HasSubstr("has gone"))) << "nothing was left unanswered";
}

TEST_F(PrimesTest, AnswersOthersWhileThePoolComputes) {
  start();
  HttpClient slow(port_);
  ask(slow, std::string("/isprime/") + kSlow);
  HttpClient quick(port_);
  quick.send("GET", "/");
  EXPECT_EQ(&HttpClient::firstAnswered({&slow, &quick}), &quick);
  EXPECT_EQ(quick.receive().status, 200);
  EXPECT_EQ(slow.receive().body, std::string(kSlow) + " is prime\n");
  expectSuccess(end(SIGTERM));
}

TEST_F(PrimesTest, AnswersNobodyWhileItComputesInline) {
  start();
  HttpClient slow(port_);
  ask(slow, std::string("/isprime-inline/") + kSlow);
  HttpClient quick(port_);
  quick.send("GET", "/");
  EXPECT_EQ(&HttpClient::firstAnswered({&slow, &quick}), &slow);
  EXPECT_EQ(slow.receive().body, std::string(kSlow) + " is prime\n");
  EXPECT_EQ(quick.receive().status, 200);
  expectSuccess(end(SIGTERM));
}

TEST_F(PrimesTest, SaysWhatIsWrongWithANumber) {
  start();
  for (const std::string where : {"/isprime/", "/isprime-inline/"}) {
    expectBad(where, "missing");
    expectBad(where + "seven", "\"seven\" is not a number");
    expectBad(where + "%37", "\"%37\" is not a number");
    expectBad(where + "-7", "\"-7\" has a sign");
    expectBad(where + "+7", "\"+7\" has a sign");
    expectBad(where + "7up", "\"up\" follows the number");
    expectBad(where + "7/", "\"/\" follows the number");
    expectBad(where + "7.0", "\".0\" follows the number");
    expectBad(where + "18446744073709551616", "too large");
    expectBad(where + std::string(1000, '9'), "too large");
  }
  EXPECT_EQ(get("/isprime/7").body, "7 is prime\n");
  expectSuccess(end(SIGTERM));
}

TEST_F(PrimesTest, RefusesOtherPagesAndMethods) {
  start();
  EXPECT_EQ(get("/isprime").status, 404);
  EXPECT_EQ(get("/favicon.ico").status, 404);
  for (const std::string method : {"POST", "PUT", "DELETE"}) {
    HttpClient client(port_);
    client.send(method, "/isprime/7");
    const auto response = client.receive();
    EXPECT_EQ(response.status, 405) << method;
    EXPECT_EQ(response.headers.at("allow"), "GET");
  }
  expectSuccess(end(SIGTERM));
}

TEST_F(PrimesTest, CancelsTheJobOfAClientThatLeaves) {
  start({"--workers", "1"});
  EXPECT_EQ(get("/isprime/7").status, 200);
  const auto before = childrenOf(server_->pid());
  ASSERT_EQ(before.size(), 1U);
  {
    HttpClient leaving(port_);
    ask(leaving, std::string("/isprime/") + kSlowest);
    waitUntilItComputes(before.front());
  }
  server_->waitForLine("the client has gone");
  // The one worker does not look whether its job is still wanted; another takes its place.
  EXPECT_EQ(get("/isprime/11").body, "11 is prime\n");
  EXPECT_THAT(childrenOf(server_->pid()), Not(Contains(before.front())));
  const Ended ended = end(SIGTERM);
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.orphans, IsEmpty());
}

TEST_F(PrimesTest, ReportsAJobWhoseWorkerDies) {
  start({"--workers", "1"});
  EXPECT_EQ(get("/isprime/7").status, 200);
  const auto workers = childrenOf(server_->pid());
  ASSERT_EQ(workers.size(), 1U);
  HttpClient client(port_);
  ask(client, std::string("/isprime/") + kSlowest);
  waitUntilItComputes(workers.front());
  ::kill(workers.front(), SIGKILL);
  const auto response = client.receive();
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("its worker was killed by SIGKILL"));
  EXPECT_THAT(linesOf(response.body), testing::SizeIs(1));
  EXPECT_EQ(get("/isprime/7").body, "7 is prime\n");
  const Ended ended = end(SIGTERM);
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.orphans, IsEmpty());
}

TEST_F(PrimesTest, EndsInOrderAtSigtermAndSigint) {
  for (const int signal : {SIGTERM, SIGINT}) {
    SCOPED_TRACE(signal);
    start();
    EXPECT_EQ(get("/isprime/7").status, 200);
    ASSERT_THAT(childrenOf(server_->pid()), Not(IsEmpty()));
    expectSuccess(end(signal));
  }
}

TEST_F(PrimesTest, EndsWhileAJobRunsAndTellsItsClient) {
  start();
  HttpClient client(port_);
  ask(client, std::string("/isprime/") + kSlowest);
  server_->signal(SIGTERM);
  EXPECT_EQ(client.receive().status, 503);
  const Ended ended = server_->wait();
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.orphans, IsEmpty());
}

TEST_F(PrimesTest, ReapsItsOwnChildByItself) {
  start();
  EXPECT_THAT(childEnd_,
              HasSubstr("process " + std::to_string(child_) + " has ended with status 0"));
  EXPECT_FALSE(std::filesystem::exists("/proc/" + std::to_string(child_)));
  EXPECT_EQ(get("/isprime/7").status, 200) << "the pool has children beside it";
  expectSuccess(end(SIGTERM));
}

TEST_F(PrimesTest, RefusesAPortThatIsTaken) {
  start();
  const auto port = std::to_string(port_);
  expectRefusal(runProgram({PRIMES_PROGRAM, "--port", port}), 1, "Address already in use");
  expectSuccess(end(SIGTERM));
}

TEST_F(PrimesTest, HelpNamesTheOptions) { expectHelp(PRIMES_PROGRAM, {"--port", "--workers"}); }

TEST_F(PrimesTest, RefusesWrongArguments) {
  for (const std::string wrong : {"-1", "65536", "http", "80.5", ""}) {
    SCOPED_TRACE(wrong);
    expectRefusal(runProgram({PRIMES_PROGRAM, "--port", wrong}), 2, "--port");
  }
  expectRefusal(runProgram({PRIMES_PROGRAM, "--workers", "0"}), 2, "--workers");
  expectRefusal(runProgram({PRIMES_PROGRAM, "--workers", "many"}), 2, "--workers");
  expectRefusal(runProgram({PRIMES_PROGRAM, "7"}), 2, "7");
}

}  // namespace
