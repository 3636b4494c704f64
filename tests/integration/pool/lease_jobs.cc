#include "lease_jobs.h"

#include <phial/worker.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace phial::lease_jobs {
namespace {

struct Sum {
  int number = 0;
};
struct Thrower {
  Thrower() { throw std::runtime_error("the session cannot be made"); }
};
struct Unruly {
  ~Unruly() noexcept(false) { throw std::runtime_error("the session cannot be ended"); }
};
struct Slow {
  std::string path;
  ~Slow() { std::ifstream(path).get(); }
};
struct Teller {
  std::string path;
  ~Teller() {
    if (!path.empty()) std::ofstream(path, std::ios::app) << ::getpid() << '\n';
  }
};

int global = 0;

}  // namespace

int add(int number) { return currentJob().session<Sum>().number += number; }
std::string append(const std::string& text) { return currentJob().session<std::string>() += text; }
void tellEnd(const std::string& path) { currentJob().session<Teller>().path = path; }
void makeThrower() { currentJob().session<Thrower>(); }
void makeUnruly() { currentJob().session<Unruly>(); }
void makeSlow(const std::string& path) { currentJob().session<Slow>().path = path; }

std::string askFromThread() {
  CurrentJob& job = currentJob();
  std::string said = "nothing";
  std::thread([&] {
    try {
      job.session<Sum>();
    } catch (const std::logic_error& e) {
      said = e.what();
    }
  }).join();
  return said;
}

int exchangeGlobal(int number) { return std::exchange(global, number); }
void crashUnless(pid_t pid) {
  if (::getpid() != pid) ::raise(SIGKILL);
}
void throwAlways() { throw std::runtime_error("not here"); }
std::uint64_t count(std::uint64_t number) { return number; }

}  // namespace phial::lease_jobs
