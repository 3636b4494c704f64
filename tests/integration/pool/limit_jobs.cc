#include "limit_jobs.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <new>
#include <stdexcept>
#include <thread>

#include "jobs.h"

namespace jobs {
namespace {

#ifdef PHIAL_ADDRESS_SANITIZER
// The sanitizer's operator new ends the process where the standard's asks the new-handler: so here
// is what the standard says.
void* standardNew(std::size_t bytes) {
  for (;;) {
    void* memory =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) return memory;
    const std::new_handler handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}
void standardDelete(void* memory, std::size_t bytes) { ::munmap(memory, bytes); }
#else
void* standardNew(std::size_t bytes) { return ::operator new(bytes); }
void standardDelete(void* memory, std::size_t) { ::operator delete(memory); }
#endif

// Not to be optimised away with what is done to it.
char* mallocOf(std::uint64_t bytes) {
  char* volatile memory = static_cast<char*>(std::malloc(bytes));
  return memory;
}

}  // namespace

void allocate(std::uint64_t bytes) { standardDelete(standardNew(bytes), bytes); }

void allocateOrAbort(std::uint64_t bytes) {
  char* const memory = mallocOf(bytes);
  if (memory == nullptr) std::abort();
  std::free(memory);
}

// Sanitizers would say what is wrong here and end the process in their own way.
__attribute__((no_sanitize("undefined"))) void allocateAndWrite(std::uint64_t bytes) {
  char* const memory = mallocOf(bytes);
  *const_cast<volatile char*>(memory) = 'x';
  std::free(memory);
}

void allocateInAThread(std::uint64_t bytes) {
  std::thread([bytes] { allocate(bytes); }).join();
}

std::uint64_t addressSpaceInUse() { return std::stoull(myStatus("VmSize")) * 1024; }

void computeIgnoringTheLimit() {
  ::signal(SIGXCPU, SIG_IGN);
  compute();
}

int openUntilRefused() {
  std::vector<int> files;
  int fd = -1;
  while ((fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0) files.push_back(fd);
  const int error = errno;
  for (const int one : files) ::close(one);
  return error;
}

void writeFile(const std::string& path, std::uint64_t bytes) {
  std::ofstream file(path);
  file << std::string(bytes, 'x') << std::flush;
  if (!file) throw std::runtime_error("cannot write " + path);
}

int myNiceness() { return ::getpriority(PRIO_PROCESS, 0); }

std::vector<int> myCores() {
  cpu_set_t mask;
  if (::sched_getaffinity(0, sizeof mask, &mask) != 0) throw std::runtime_error("no affinity");
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core) {
    if (CPU_ISSET(core, &mask)) cores.push_back(core);
  }
  return cores;
}

std::string myStatus(const std::string& name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":")) return line.substr(name.size() + 2);
  }
  throw std::runtime_error("no " + name);
}

}  // namespace jobs
