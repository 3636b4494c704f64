#include "log_jobs.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace log_jobs {

int print(int lines) {
  for (int i = 0; i < lines; ++i) std::printf("i%d\n", i % 100);
  return lines;
}

int printAndWait(int lines) {
  print(lines);
  for (;;) ::pause();
}

void printToStderrAndAbort(int lines) {
  for (int i = 0; i < lines; ++i) std::fprintf(stderr, "line %d\n", i);
  std::abort();
}

}  // namespace log_jobs
