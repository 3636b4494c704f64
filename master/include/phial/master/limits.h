// Limits that the kernel applies to a process from its first instruction on.
//
// Each limit is set between fork and exec, so the program never runs without it. Soft and hard
// limit are the same, so the program cannot raise it. If the kernel refuses a limit (one above the
// spawner's own hard limit, a core that does not exist), spawning fails with a SpawnError that
// names the step; a pool reports it as StartupFailed. A value that makes no sense is a
// std::invalid_argument that names the field. For what each limit does see setrlimit(2), sched(7)
// and prctl(2). Limits of the memory in use belong to control groups, which Phial does not make.
#pragma once

#include <phial/master/clock.h>

#include <cstdint>
#include <optional>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Whether a crash writes a core dump.
enum class CoreDumps {
  inherit,  ///< as the spawner's own limit says: usually none
  off,      ///< none, not even one that the system pipes to a program (core(5), "Piping")
  on,       ///< as large as the spawner's hard limit allows
};

/// The limits of one process. Each default leaves the spawner's setting, except that a pool's
/// workers are nicer. Fields stand in the order in which a designated initializer must name them.
struct Limits {
  /// The largest address space, in bytes (RLIMIT_AS). An allocation beyond the limit is refused: in
  /// C++ std::bad_alloc. If the job does not catch it, the job fails and the worker goes on. If the
  /// worker dies of it, the job fails with WorkerDied and DeathCause::memory, when the cause can be
  /// told: the worker notes when operator new is refused, and when a crash leaves ENOMEM in errno,
  /// as after malloc. A stack that cannot grow leaves no note. Default: no limit; 0 is refused.
  ///
  /// Price: address space is more than memory in use. Code, mapped files, each thread's stack and
  /// heap arena (72 MiB a thread with glibc's defaults) count in full. A small worker begins with
  /// about 11 MiB. A program built with a sanitizer needs terabytes.
  std::optional<std::uint64_t> addressSpaceBytes = std::nullopt;

  /// The largest processor time over the whole life of the process (RLIMIT_CPU), rounded up to
  /// seconds; at least 1 s. At the limit the process gets SIGXCPU, and SIGKILL one second of
  /// processor time later. In a pool the limit counts all jobs of a worker, and the job that runs
  /// at the limit fails with WorkerDied. Use it against runaways; to limit one job use
  /// JobOptions::timeout.
  std::optional<Duration> cpuTime = std::nullopt;

  /// One more than the highest descriptor number (RLIMIT_NOFILE). Opening beyond the limit fails
  /// with EMFILE. A worker itself uses about 10 descriptors, and one for each SharedArray that it
  /// holds. 0 is refused.
  std::optional<std::uint64_t> openFiles = std::nullopt;

  /// The largest size of a file that the process writes, memory files included, in bytes
  /// (RLIMIT_FSIZE). A write beyond the limit raises SIGXFSZ, or fails with EFBIG where the signal
  /// is ignored. Pipes are not limited.
  std::optional<std::uint64_t> fileSizeBytes = std::nullopt;

  /// Default inherit: whoever runs the program decides whether dumps are wanted. Price of a dump:
  /// the process's memory is written to disk before its death is known and its replacement starts.
  CoreDumps coreDumps = CoreDumps::inherit;

  /// Added to the spawner's niceness. In a pool from 0 to 39; in spawnProcess a negative value
  /// needs a privilege. If set and the system refuses it, the start fails. Default, not set: 0 in
  /// spawnProcess; 10 in a pool, or 0 where the system refuses the change (a seccomp filter such as
  /// systemd's ~@resources), which is said in the log.
  ///
  /// Why 10: with more busy workers than cores, the scheduler otherwise lets the master's loop wait
  /// for milliseconds. Measured with twice as many busy workers as cores, p99 of a 5 ms heartbeat,
  /// median of several runs: 2.1 ms at niceness 5, 0.5 ms at 10, 0.8 ms at 19. Price: where the
  /// machine does other work, jobs yield to it. For the same reason a worker's first thread asks
  /// for turns of 10 ms at the processor (from Linux 6.12 on).
  std::optional<int> niceness = std::nullopt;

  /// The only cores that the process may run on, by the kernel's numbers. All of them must exist
  /// and be allowed. In a pool every worker gets the same set; PoolOptions::max does not follow it.
  /// Default empty: the spawner's cores.
  std::vector<int> affinity = {};

  /// True: neither the process nor what it starts can gain privileges through a set-user-id program
  /// or a file's capabilities (PR_SET_NO_NEW_PRIVS). Default false.
  bool noNewPrivileges = false;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
