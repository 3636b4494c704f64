#include "master/reactor/owner_thread.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace phial::inline v1::detail {
namespace {

// As the system's tools show it: "4711 (render)".
std::string nameOfThisThread() {
  std::array<char, 16> name{};  // the kernel's limit
  if (::pthread_getname_np(::pthread_self(), name.data(), name.size()) != 0) name[0] = '\0';
  return std::to_string(::gettid()) + " (" + name.data() + ")";
}

}  // namespace

OwnerThread::OwnerThread() : name_(nameOfThisThread()) {}

void OwnerThread::refuse(const char* call) const {
  throw std::logic_error(std::string(call) + " was called on thread " + nameOfThisThread() +
                         ", but its Reactor belongs to thread " + name_ +
                         ": from another thread call Reactor::callFromThread, and make the call in "
                         "the function that it runs");
}

}  // namespace phial::inline v1::detail
