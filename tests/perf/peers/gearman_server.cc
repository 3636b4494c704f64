#include "tests/perf/peers/gearman_server.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "tests/perf/common/stopwatch.h"

namespace perf {
namespace {

constexpr double kStartSeconds = 5;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int newSocket() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) throw std::runtime_error("there is no socket to be had");
  return socket;
}

// One that the system gives away now; somebody may take it before gearmand does, which then fails.
std::uint16_t freePort() {
  const int socket = newSocket();
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  if (!bound) throw std::runtime_error("there is no free port");
  return ntohs(address.sin_port);
}

bool accepts(std::uint16_t port) {
  const int socket = newSocket();
  const sockaddr_in address = loopback(port);
  const bool connected =
      ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  ::close(socket);
  return connected;
}

[[noreturn]] void become(const std::string& executable, std::uint16_t port) {
  endWithParent();
  const auto portOption = "--port=" + std::to_string(port);
  // Run by root it insists on being told whom to be.
  const char* user = ::geteuid() == 0 ? "--user=root" : nullptr;
  ::execl(executable.c_str(), "gearmand", "--listen=127.0.0.1", portOption.c_str(),
          "--log-file=none", user, nullptr);
  ::_exit(127);
}

}  // namespace

void endWithParent() { ::prctl(PR_SET_PDEATHSIG, SIGKILL); }

void endChild(pid_t child) {
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

GearmanServer::GearmanServer(const std::string& executable) : port_(freePort()) {
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) become(executable, port_);
  const Stopwatch stopwatch;
  while (!accepts(port_)) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      throw std::runtime_error(executable + " ended instead of listening");
    }
    if (stopwatch.seconds() > kStartSeconds) {
      endChild(pid_);
      throw std::runtime_error(executable + " does not listen");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

GearmanServer::~GearmanServer() { endChild(pid_); }

}  // namespace perf
