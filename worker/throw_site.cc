#include "worker/throw_site.h"

#include <dlfcn.h>
#include <phial/protocol/stack_trace.h>

#include <cstdlib>
#include <optional>

namespace phial::inline v1::detail {
namespace {

thread_local int watching = 0;
thread_local std::optional<StackTrace> latestThrow;

}  // namespace

ThrowSites::ThrowSites() {
  latestThrow.reset();
  ++watching;
}

ThrowSites::~ThrowSites() { --watching; }

std::string ThrowSites::latest() const { return latestThrow ? latestThrow->text() : ""; }

}  // namespace phial::inline v1::detail

extern "C" {

// The Itanium C++ ABI, section 2.4.3, with the second parameter as compilers know it. The next
// definition is the sanitizer's, if any, or the C++ runtime's own. Weak, for a program that links
// the C++ runtime statically has that one too: the linker then takes the runtime's, and a traceback
// begins where the exception was caught.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the ABI's name
[[noreturn, gnu::weak, gnu::visibility("default")]] void __cxa_throw(void* object, void* type,
                                                                     void (*destructor)(void*)) {
  using Throw = void (*)(void*, void*, void (*)(void*));
  static const Throw next = reinterpret_cast<Throw>(::dlsym(RTLD_NEXT, "__cxa_throw"));
  if (phial::detail::watching > 0)
    phial::detail::latestThrow = phial::detail::StackTrace::capture();
  next(object, type, destructor);
  std::abort();
}
}
