// A worker that dies while it reads a request that holds the words "deadly argument": before it
// can know that there is a job, let alone begin it. Linked with --wrap=read.
#include <phial/worker.h>
#include <signal.h>
#include <sys/types.h>

#include <cstring>
#include <string>

extern "C" ssize_t __real_read(int fd, void* buffer, size_t size);

extern "C" ssize_t __wrap_read(int fd, void* buffer, size_t size) {
  static constexpr char kDeadly[] = "deadly argument";
  const ssize_t got = __real_read(fd, buffer, size);
  if (got > 0 &&
      ::memmem(buffer, static_cast<size_t>(got), kDeadly, sizeof kDeadly - 1) != nullptr) {
    ::raise(SIGKILL);
  }
  return got;
}

int main(int argc, char** argv) {
  phial::Worker worker;
  worker.add("take", [](const std::string& what) { return what; });
  return worker.serve(argc, argv);
}
