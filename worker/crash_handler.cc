#include "worker/crash_handler.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "worker/own_process.h"
#include "worker/refused_memory.h"

namespace phial::inline v1::detail {
namespace {

constexpr int kMaxFrames = 64;
// writeStack(), writeTrace() and the handler itself.
constexpr int kHandlerFrames = 3;
constexpr unsigned kStuckSeconds = 2;

// Handlers take no argument: what they need is here.
std::atomic<const ControlPageMapping*> mapping{nullptr};
std::atomic<bool> writing{false};
std::atomic<int> fatalSignal{0};

// Text in memory that the master reads. Each piece counts as soon as it is there: the next may be
// the cause of another crash.
class TraceText {
 public:
  explicit TraceText(TraceMemory& memory) : memory_(memory) { memory_.bytes.store(0); }

  TraceText& operator<<(std::string_view text) {
    const auto used = memory_.bytes.load(std::memory_order_relaxed);
    const auto size = std::min(text.size(), memory_.text.size() - used);
    std::memcpy(memory_.text.data() + used, text.data(), size);
    memory_.bytes.store(used + static_cast<std::uint32_t>(size), std::memory_order_release);
    return *this;
  }
  TraceText& number(std::uint64_t value, int base) {
    std::array<char, 24> digits;  // NOLINT: filled by to_chars
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr;
    if (base == 16) *this << "0x";
    return *this << std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
  }
  std::string_view all() const { return {memory_.text.data(), memory_.bytes.load()}; }

 private:
  TraceMemory& memory_;
};

const char* nameOf(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV";
    case SIGBUS:
      return "SIGBUS";
    case SIGFPE:
      return "SIGFPE";
    case SIGILL:
      return "SIGILL";
    case SIGABRT:
      return "SIGABRT";
    default:
      return "its master is about to end it";
  }
}

#if defined(__x86_64__) || defined(__aarch64__)
constexpr bool kKnowsContext = true;
#else
constexpr bool kKnowsContext = false;
#endif

// Where the thread was when the signal came; 0 when this cannot be told here.
std::uintptr_t interrupted([[maybe_unused]] const void* context) {
#if defined(__x86_64__)
  return static_cast<std::uintptr_t>(
      static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return static_cast<const ucontext_t*>(context)->uc_mcontext.pc;
#else
  return 0;
#endif
}

// Who called what cannot be unwound, such as a call through a null pointer.
std::uintptr_t callerOnStack([[maybe_unused]] const void* context) {
#if defined(__x86_64__)
  const auto stack = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RSP];
  return *reinterpret_cast<const std::uintptr_t*>(stack);
#elif defined(__aarch64__)
  return static_cast<const ucontext_t*>(context)->uc_mcontext.regs[30];
#else
  return 0;
#endif
}

// As StackTrace::text() does, for which the master completes it: names stay mangled.
void writeFrame(TraceText& text, std::uintptr_t address) {
  Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(address), &info) == 0 || info.dli_fname == nullptr) {
    (text << "  ?? [").number(address, 16) << "]\n";
    return;
  }
  const bool named = info.dli_sname != nullptr;
  const auto start = reinterpret_cast<std::uintptr_t>(named ? info.dli_saddr : info.dli_fbase);
  text << "  " << info.dli_fname << "(" << (named ? info.dli_sname : "") << "+";
  (text.number(address - start, 16) << ") [").number(address, 16) << "]\n";
}

__attribute__((noinline)) void writeStack(TraceText& text, const void* context) {
  const auto at = interrupted(context);
  Dl_info module{};
  const bool wild = kKnowsContext && ::dladdr(reinterpret_cast<void*>(at), &module) == 0;
  std::uintptr_t caller = 0;
  if (wild) {
    // To unwind from where no code is may be the next crash: this can be told without. The stack
    // itself is read only here, for where code is it may have overflowed.
    writeFrame(text, at);
    caller = callerOnStack(context);
    writeFrame(text, caller);
  }
  std::array<void*, kMaxFrames> frames;  // NOLINT: filled by backtrace
  const int count = ::backtrace(frames.data(), kMaxFrames);
  void** const end = frames.data() + count;
  // The handler's own frames come first.
  void** first = std::find(frames.data(), end, reinterpret_cast<void*>(at));
  if (first != end && wild) {
    ++first;
    if (first != end && *first == reinterpret_cast<void*>(caller)) ++first;
  } else if (first == end && !wild) {
    first = frames.data() + std::min(count, kHandlerFrames);
  }
  for (; first != end; ++first) writeFrame(text, reinterpret_cast<std::uintptr_t>(*first));
}

void writeTrace(int signal, const siginfo_t* info, const void* context) {
  const auto* const control = mapping.load(std::memory_order_relaxed);
  if (control == nullptr || writing.exchange(true)) return;
  TraceText text(control->trace());
  text << nameOf(signal);
  const bool ofInstruction = info->si_code > 0 && signal != SIGABRT && signal != SIGURG;
  if (ofInstruction) {
    (text << " at address ").number(reinterpret_cast<std::uintptr_t>(info->si_addr), 16);
  }
  text << ", in\n";
  writeStack(text, context);
  const auto all = text.all();
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, all.data(), all.size());
  writing.store(false);
}

void setHandler(int signal, void (*handler)(int, siginfo_t*, void*), int flags) {
  struct sigaction action{};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
  ::sigaction(signal, &action, nullptr);
}

void onStuck(int, siginfo_t*, void*) { ::raise(fatalSignal.load(std::memory_order_relaxed)); }

void boundByAlarm(int signal) {
  fatalSignal.store(signal, std::memory_order_relaxed);
  setHandler(SIGALRM, &onStuck, 0);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  ::alarm(kStuckSeconds);
}

// The default action is in force again when this runs.
void onFatal(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const bool sent = info->si_code <= 0;  // by kill, raise or abort; otherwise by an instruction
  const bool byOther = sent && info->si_pid != ::getpid();
  if (!inForkedChild()) {
    if (error == ENOMEM && !byOther) RefusedMemory::noteCrash();
    boundByAlarm(signal);
    writeTrace(signal, info, context);
  }
  // An instruction that is at fault will be so again, with the state that a core should show.
  if (sent) ::raise(signal);
}

void onEndRequest(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const auto* const control = mapping.load(std::memory_order_relaxed);
  const int end = control->page().endSignal.load(std::memory_order_acquire);
  // Some program's own SIGURG, or one that reached a child of a job.
  if (end <= 0 || end >= NSIG || inForkedChild()) return;
  writeTrace(signal, info, context);
  // The group that the master gave us, which a job may have left.
  if (::kill(-::getpid(), end) != 0) ::kill(::getpid(), end);
  errno = error;
}

// A service manager stops a service by SIGTERM to each of its processes. What ends a worker is its
// master, or the worker itself.
void onTerminate(int signal, siginfo_t* info, void*) {
  const auto* const control = mapping.load(std::memory_order_relaxed);
  const bool asked = control->page().endSignal.load(std::memory_order_acquire) == signal;
  const bool own = info->si_pid == ::getpid() || info->si_pid == ::getppid();
  if (info->si_code <= 0 && !own && !asked) return;
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

bool isDefault(int signal) {
  struct sigaction now{};
  return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_DFL;
}

// For a stack that has overflowed.
void useAlternateStack() {
  alignas(16) static std::array<char, 64 * 1024> memory;
  stack_t now{};
  if (::sigaltstack(nullptr, &now) != 0 || (now.ss_flags & SS_DISABLE) == 0) return;
  stack_t ours{};
  ours.ss_sp = memory.data();
  ours.ss_size = memory.size();
  ::sigaltstack(&ours, nullptr);
}

}  // namespace

void handleFatalSignals(const ControlPageMapping& control) {
  mapping.store(&control, std::memory_order_relaxed);
  // The first call loads the unwinder, which a handler must not.
  void* frame = nullptr;
  ::backtrace(&frame, 1);
  useAlternateStack();
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    if (isDefault(signal))
      setHandler(signal, &onFatal, static_cast<int>(SA_RESETHAND) | SA_NODEFER);
  }
  if (isDefault(SIGURG)) setHandler(SIGURG, &onEndRequest, SA_RESTART);
  const bool leave = control.page().leavesTerm.load(std::memory_order_relaxed) != 0;
  if (leave && isDefault(SIGTERM)) setHandler(SIGTERM, &onTerminate, SA_RESTART);
}

}  // namespace phial::inline v1::detail
