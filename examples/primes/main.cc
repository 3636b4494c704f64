// An HTTP server as libevent programs are: an event_base of its own, evhttp on it, handlers for its
// signals, a child process that it reaps at SIGCHLD. It was there before the pool. What Phial adds
// is marked below: four places here, and the one line in routes.cc that hands the work over.
#include <arpa/inet.h>
#include <event2/event.h>
#include <event2/http.h>
#include <phial/master.h>  // Phial
#include <phial/worker.h>  // Phial
#include <signal.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "options.h"
#include "own_child.h"
#include "routes.h"

namespace {

constexpr const char* kAddress = "127.0.0.1";
constexpr ev_ssize_t kMaxHeadersBytes = 16 << 10;
constexpr ev_ssize_t kMaxBodyBytes = 16 << 10;
// For a job that nobody waits for any more, before its worker is ended. isPrime does not look.
constexpr auto kPatience = std::chrono::milliseconds(500);
// For the last replies to leave, before the loop ends.
constexpr timeval kFarewell{.tv_sec = 0, .tv_usec = 100'000};

template <auto release>
struct Release {
  template <class T>
  void operator()(T* resource) const {
    release(resource);
  }
};
using Base = std::unique_ptr<event_base, Release<event_base_free>>;
using Http = std::unique_ptr<evhttp, Release<evhttp_free>>;
using Event = std::unique_ptr<event, Release<event_free>>;

// Calls a function whenever a signal arrives, in the loop.
class SignalHandler {
 public:
  SignalHandler(event_base* base, int signal, std::function<void()> f)
      : f_(std::move(f)),
        event_(evsignal_new(
            base, signal,
            [](evutil_socket_t, short, void* self) { static_cast<SignalHandler*>(self)->f_(); },
            this)) {
    if (!event_ || event_add(event_.get(), nullptr) != 0) {
      throw std::runtime_error("cannot handle signal " + std::to_string(signal));
    }
  }
  SignalHandler(const SignalHandler&) = delete;
  SignalHandler& operator=(const SignalHandler&) = delete;

 private:
  std::function<void()> f_;
  Event event_;
};

// Listens and says where.
evhttp_bound_socket* listenOn(evhttp* http, std::uint16_t port) {
  evhttp_bound_socket* socket = evhttp_bind_socket_with_handle(http, kAddress, port);
  if (socket == nullptr) {
    throw std::runtime_error("cannot listen on " + std::string(kAddress) + ":" +
                             std::to_string(port) + ": " + std::strerror(errno));
  }
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(evhttp_bound_socket_get_fd(socket), reinterpret_cast<sockaddr*>(&bound),
                    &size) != 0) {
    throw std::runtime_error(std::string("getsockname: ") + std::strerror(errno));
  }
  std::printf("listening on http://%s:%d/\n", kAddress, ntohs(bound.sin_port));
  return socket;
}

void serve(const Options& options) {
  const Base base(event_base_new());
  const Http http(evhttp_new(base.get()));
  if (!base || !http) throw std::runtime_error("libevent has no loop for us");
  evhttp_set_max_headers_size(http.get(), kMaxHeadersBytes);
  evhttp_set_max_body_size(http.get(), kMaxBodyBytes);
  evhttp_bound_socket* listener = listenOn(http.get(), options.port);

  // Phial joins the loop that is there, and takes nothing from it.
  phial::Reactor reactor(base.get());
  phial::PoolOptions poolOptions{.name = "primes", .max = options.workers, .grace = kPatience};
  phial::ProcessPool pool(reactor, poolOptions);
  // End of Phial's part.

  Routes routes(http.get(), pool);

  const auto end = [&] {
    if (listener != nullptr) evhttp_del_accept_socket(http.get(), listener);
    listener = nullptr;
    std::printf("ending\n");
    // Phial: a job that runs has a moment to end, and no child of the pool outlives it.
    pool.stop({.within = kPatience}).addBoth([&](auto&&) {
      event_base_loopexit(base.get(), &kFarewell);
    });
  };
  const SignalHandler interrupt(base.get(), SIGINT, end);
  const SignalHandler terminate(base.get(), SIGTERM, end);
  std::unique_ptr<OwnChild> child;
  const SignalHandler childEnded(base.get(), SIGCHLD, [&] {
    if (child) child->reap();
  });
  child = std::make_unique<OwnChild>();

  event_base_dispatch(base.get());
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);  // Phial
  const Options options = parseOptions(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // a log that can be followed
  ::signal(SIGPIPE, SIG_IGN);                     // a client may leave while it is answered
  try {
    serve(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "primes: %s\n", error.what());
    return 1;
  }
}
