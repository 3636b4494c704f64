// Static probes for perf, bpftrace and SystemTap, of the provider "phial".
//
//   bpftrace -e 'usdt:./program:phial:death { printf("worker %d, cause %d\n", arg0, arg2) }'
//
// | probe    | in     | arguments                                                            |
// | submit   | master | job, function's name (not ended by NUL), its length                  |
// | dispatch | master | job, worker                                                          |
// | start    | worker | job                                                                  |
// | end      | worker | job, running time in nanoseconds                                     |
// | death    | master | worker, pid, phial::DeathCause as a number                           |
//
// A probe that nobody watches is one nop. Without <sys/sdt.h> (systemtap-sdt-dev) when Phial is
// built, there are none. Nothing here is for users.
#pragma once

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define PHIAL_PROBE1(name, a) STAP_PROBE1(phial, name, a)
#define PHIAL_PROBE2(name, a, b) STAP_PROBE2(phial, name, a, b)
#define PHIAL_PROBE3(name, a, b, c) STAP_PROBE3(phial, name, a, b, c)
#else
#define PHIAL_PROBE1(name, a) static_cast<void>(0)
#define PHIAL_PROBE2(name, a, b) static_cast<void>(0)
#define PHIAL_PROBE3(name, a, b, c) static_cast<void>(0)
#endif
