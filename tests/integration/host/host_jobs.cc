#include "host_jobs.h"

#include <phial/protocol/worker_contract.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace host {

int addOne(int n) { return n + 1; }
int myUser() { return static_cast<int>(::getuid()); }
int myNiceness() { return ::getpriority(PRIO_PROCESS, 0); }
std::string myDirectory() { return std::filesystem::current_path(); }

std::string variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());
  return value != nullptr ? value : "(none)";
}

void hang() {
  for (;;) ::pause();
}

void dropLifelineAndHang() {
  ::close(phial::kLifelineFd);
  hang();
}

void leaveOrphansAndDie(int count) {
  for (int i = 0; i < count; ++i) {
    if (::fork() == 0) hang();
  }
  die();
}

void die() { ::raise(SIGKILL); }

int sizeOf(const phial::SharedArray<int>& array) { return static_cast<int>(array.size()); }

}  // namespace host
