#include <dlfcn.h>
#include <execinfo.h>
#include <phial/protocol/stack_trace.h>
#include <phial/protocol/type_name.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace phial::inline v1::detail {
namespace {

constexpr int kMaxFrames = 48;

std::string hex(std::uintptr_t value) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%jx", static_cast<std::uintmax_t>(value));
  return text.data();
}

std::string describe(void* frame) {
  auto address = reinterpret_cast<std::uintptr_t>(frame);
  Dl_info info{};
  if (dladdr(frame, &info) == 0 || !info.dli_fname) return "  ?? [" + hex(address) + "]";
  std::string place;
  if (info.dli_sname) {
    auto start = reinterpret_cast<std::uintptr_t>(info.dli_saddr);
    place = demangle(info.dli_sname) + "+" + hex(address - start);
  } else {
    auto start = reinterpret_cast<std::uintptr_t>(info.dli_fbase);
    place = "+" + hex(address - start);
  }
  return std::string("  ") + info.dli_fname + "(" + place + ") [" + hex(address) + "]";
}

}  // namespace

__attribute__((noinline)) StackTrace StackTrace::capture(int skip) {
  std::array<void*, kMaxFrames> frames;  // NOLINT: filled by backtrace
  int count = backtrace(frames.data(), kMaxFrames);
  int first = std::min(count, skip + 1);  // this function is of no interest
  StackTrace trace;
  trace.frames_.assign(frames.begin() + first, frames.begin() + count);
  return trace;
}

std::string StackTrace::text() const {
  std::string text;
  for (void* frame : frames_) text += describe(frame) + "\n";
  return text;
}

}  // namespace phial::inline v1::detail
