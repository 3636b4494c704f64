// A server whose pool is watched: Prometheus reads /metrics, Perfetto shows the trace file.
//
// Each request names its place in the caller's own trace by a traceparent header. The job carries
// it on, so that the trace file says which request a slice belongs to.
#include <event2/buffer.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <phial/master.h>
#include <phial/service.h>
#include <phial/worker.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "options.h"
#include "steps.h"

namespace {

constexpr std::uint64_t kLargest = std::uint64_t{1} << 40;

// The number behind the last slash of a path; 0 if there is none.
std::uint64_t numberOf(const evhttp_request* request) {
  const std::string path = evhttp_request_get_uri(request);
  const std::string digits = path.substr(path.rfind('/') + 1);
  const bool valid = !digits.empty() && digits.size() < 15 &&
                     digits.find_first_not_of("0123456789") == std::string::npos;
  return valid ? std::stoull(digits) : 0;
}

void reply(evhttp_request* request, int status, const std::string& text) {
  evbuffer_add_printf(evhttp_request_get_output_buffer(request), "%s\n", text.c_str());
  evhttp_send_reply(request, status, nullptr, nullptr);
}

void answerSteps(evhttp_request* request, phial::ProcessPool& pool) {
  const std::uint64_t number = numberOf(request);
  if (number == 0 || number > kLargest) {
    return reply(request, HTTP_BADREQUEST, "GET /steps/N, N from 1 to 2^40");
  }
  phial::JobOptions options;
  const char* const trace =
      evhttp_find_header(evhttp_request_get_input_headers(request), "traceparent");
  if (trace != nullptr) options.trace = std::string(trace);
  evhttp_request_own(request);  // it is answered later
  pool.with(options)
      .deferToProcess<collatzSteps>(number)
      .addCallback([request](const std::string& text) { reply(request, HTTP_OK, text); })
      .addErrback([request](const phial::Failure& failure) {
        const bool wrong = failure.check<std::invalid_argument>();
        reply(request, wrong ? HTTP_BADREQUEST : HTTP_SERVUNAVAIL, failure.message());
      });
}

int listenOn(evhttp& http, std::uint16_t port) {
  auto* const socket = evhttp_bind_socket_with_handle(&http, "127.0.0.1", port);
  if (socket == nullptr) throw std::runtime_error("cannot listen on port " + std::to_string(port));
  sockaddr_in bound{};
  socklen_t size = sizeof bound;
  ::getsockname(evhttp_bound_socket_get_fd(socket), reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.sin_port);
}

void serve(const Options& options) {
  phial::Reactor reactor;
  // Before the Metrics, whose route must not outlive it.
  const std::unique_ptr<evhttp, decltype(&evhttp_free)> http(evhttp_new(reactor.base()),
                                                             &evhttp_free);
  if (!http) throw std::runtime_error("libevent has no server for us");
  phial::ProcessPool pool(reactor, {.name = "steps", .max = options.workers});

  phial::Metrics metrics(reactor);
  metrics.add("steps", pool);
  metrics.addRoute(*http);
  std::unique_ptr<phial::TraceFile> trace;
  if (!options.trace.empty()) {
    trace =
        std::make_unique<phial::TraceFile>(reactor, phial::TraceFileOptions{.path = options.trace});
    trace->add("steps", pool);
  }

  evhttp_set_gencb(
      http.get(),
      [](evhttp_request* request, void* jobs) {
        answerSteps(request, *static_cast<phial::ProcessPool*>(jobs));
      },
      &pool);
  std::printf("listening on http://127.0.0.1:%d/\n", listenOn(*http, options.port));
  const phial::SignalWatch ending(reactor, {SIGINT, SIGTERM}, [&] {
    pool.stop({.within = std::chrono::seconds(1)}).addBoth([&](auto&&) { reactor.stop(); });
  });
  reactor.run();
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);
  ::signal(SIGPIPE, SIG_IGN);  // a client may leave while it is answered
  try {
    serve(options);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "metrics: %s\n", error.what());
    return 1;
  }
}
