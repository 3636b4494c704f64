// What a worker can do to itself on purpose, so that a pool can be watched coping with it.
//
// Each fault is the real thing: a real signal, a real half of a frame in the real reply pipe. A job
// calls inflict() and does not return from it. What cannot harm the worker alone is bounded: memory
// by a limit, a forgotten grandchild by a minute, and nothing leaves a core file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace phial::inline v1::cli {

enum class Fault {
  sigkill,     ///< dies of SIGKILL
  sigsegv,     ///< writes to memory that it may not write to
  abort,       ///< calls abort()
  exit,        ///< calls exit(1)
  exitZero,    ///< calls exit(0), as if all were well
  oom,         ///< takes memory under a limit until there is none, and dies of std::bad_alloc
  hang,        ///< never returns
  stop,        ///< stops itself with SIGSTOP; never returns when continued
  closePipe,   ///< closes the reply pipe and lives on
  halfFrame,   ///< writes half a message to the reply pipe and exits
  garbage,     ///< writes random bytes to the reply pipe and lives on
  ignoreTerm,  ///< ignores SIGTERM and never returns
  grandchild,  ///< dies of SIGKILL and leaves a process behind that holds its pipes open

  // Those after which the job returns: see mischief.h.
  progressFlood,    ///< reports progress thousands of times
  logFlood,         ///< writes thousands of lines
  alarm,            ///< leaves an alarm or interval timer behind
  forkReturn,       ///< forks a child that returns from the job as well
  forkExit,         ///< forks a child that calls exit()
  forkExec,         ///< forks a child that executes a program
  closeDescriptor,  ///< closes one of the worker's own descriptors
  surroundings,     ///< changes umask, signal mask and working directory
  thread,           ///< leaves a thread behind
  heed,             ///< returns as soon as it is cancelled
};

/// In the order of faultNames().
inline constexpr std::array kAllFaults = {
    Fault::sigkill,      Fault::sigsegv,       Fault::abort,    Fault::exit,
    Fault::exitZero,     Fault::oom,           Fault::hang,     Fault::stop,
    Fault::closePipe,    Fault::halfFrame,     Fault::garbage,  Fault::ignoreTerm,
    Fault::grandchild,   Fault::progressFlood, Fault::logFlood, Fault::alarm,
    Fault::forkReturn,   Fault::forkExit,      Fault::forkExec, Fault::closeDescriptor,
    Fault::surroundings, Fault::thread,        Fault::heed};

/// "sigkill", ..., "exit", "exit-zero", ..., "close-pipe", ...
const char* faultName(Fault fault);
/// The fault of that name, or nothing.
std::optional<Fault> parseFault(std::string_view name);
/// What it does, in a line for a person.
const char* faultEffect(Fault fault);
/// All names, separated by commas.
std::string faultNames();

/// Whether the job returns as any other, with its result: see mischief.h. All others do not return.
constexpr bool livesOn(Fault fault) { return fault >= Fault::progressFlood; }

/// Whether a worker that does this lives on in silence, so that only a timeout of its job ends it.
bool needsTimeout(Fault fault);

/// Does it to this process. REQUIRES: not livesOn(fault); called in a worker, by a job. `seed`
/// chooses the garbage.
[[noreturn]] void inflict(Fault fault, std::uint64_t seed = 0);

}  // namespace phial::inline v1::cli
