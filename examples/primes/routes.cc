#include "routes.h"

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "client.h"
#include "number.h"
#include "prime.h"

namespace {

constexpr std::string_view kPooled = "/isprime/";
constexpr std::string_view kInline = "/isprime-inline/";
constexpr const char* kHelp =
    "GET /isprime/N         is N prime? computed in a worker process\n"
    "GET /isprime-inline/N  the same in the server's loop, which answers nobody meanwhile\n"
    "Try both with 2305843009213693951, and ask for this page in the meantime.";

// So that whoever makes requests sees 405 for the wrong ones, not evhttp's 501.
constexpr ev_uint16_t kEveryMethod = EVHTTP_REQ_GET | EVHTTP_REQ_POST | EVHTTP_REQ_HEAD |
                                     EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS |
                                     EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT | EVHTTP_REQ_PATCH;

std::string sentence(std::uint64_t number, bool prime) {
  return std::to_string(number) + (prime ? " is prime" : " is not prime");
}

// A death's circumstances, below its first line, are for the log.
std::string firstLineOf(const std::string& text) { return text.substr(0, text.find('\n')); }

// Whether asking again later may help.
int statusOf(const phial::Failure& failure) {
  const bool later = failure.check<phial::QueueFull, phial::PoolStopped, phial::StartupFailed>();
  return later ? HTTP_SERVUNAVAIL : HTTP_INTERNAL;
}

}  // namespace

Routes::Routes(evhttp* http, phial::ProcessPool& pool) : pool_(pool) {
  evhttp_set_allowed_methods(http, kEveryMethod);
  evhttp_set_gencb(
      http, [](evhttp_request* request, void* self) { static_cast<Routes*>(self)->serve(request); },
      this);
}

void Routes::serve(evhttp_request* request) {
  std::printf("%s\n", evhttp_request_get_uri(request));
  if (evhttp_request_get_command(request) != EVHTTP_REQ_GET) {
    evhttp_add_header(evhttp_request_get_output_headers(request), "Allow", "GET");
    return reply(request, HTTP_BADMETHOD, "this server knows GET alone");
  }
  const char* uriPath = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
  const std::string_view path = uriPath != nullptr ? uriPath : "";
  if (path == "/") return reply(request, HTTP_OK, kHelp);
  if (path.starts_with(kPooled)) {
    return serveNumber(request, path.substr(kPooled.size()), &Routes::answerFromPool);
  }
  if (path.starts_with(kInline)) {
    return serveNumber(request, path.substr(kInline.size()), &Routes::answerInline);
  }
  reply(request, HTTP_NOTFOUND, "no such page; / says what there is");
}

void Routes::serveNumber(evhttp_request* request, std::string_view digits,
                         void (Routes::*answer)(evhttp_request*, std::uint64_t)) {
  const auto parsed = parseNumber(digits);
  if (const auto* bad = std::get_if<BadNumber>(&parsed)) {
    return reply(request, HTTP_BADREQUEST, bad->reason);
  }
  (this->*answer)(request, std::get<std::uint64_t>(parsed));
}

void Routes::answerFromPool(evhttp_request* request, std::uint64_t number) {
  auto client = std::make_shared<Client>(request);
  phial::Deferred<bool> answer = pool_.deferToProcess<isPrime>(number);  // Phial
  client->waitFor(std::move(answer)
                      .addCallback([client, number](bool prime) {
                        client->reply(HTTP_OK, sentence(number, prime));
                      })
                      .addErrback([client](const phial::Failure& failure) {
                        client->reply(statusOf(failure), firstLineOf(failure.message()));
                      }));
}

void Routes::answerInline(evhttp_request* request, std::uint64_t number) {
  reply(request, HTTP_OK, sentence(number, isPrime(number)));
}
