#include "client.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include <cstdio>

void reply(evhttp_request* request, int status, const std::string& line) {
  evkeyvalq* headers = evhttp_request_get_output_headers(request);
  evhttp_add_header(headers, "Content-Type", "text/plain; charset=utf-8");
  evbuffer* body = evhttp_request_get_output_buffer(request);
  evbuffer_add(body, line.data(), line.size());
  evbuffer_add(body, "\n", 1);
  evhttp_send_reply(request, status, nullptr, nullptr);
}

Client::Client(evhttp_request* request)
    : request_(request),
      connection_(evhttp_request_get_connection(request)),
      uri_(evhttp_request_get_uri(request)) {
  evhttp_connection_set_closecb(
      connection_,
      [](evhttp_connection*, void* self) { static_cast<Client*>(self)->connectionEnds(); }, this);
  // evhttp does not read from a connection whose request is being answered, so that it would not
  // notice a client that leaves. (One that shuts down only its sending side counts as gone.)
  const int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(connection_));
  hangUp_.reset(event_new(
      evhttp_connection_get_base(connection_), fd, EV_CLOSED,
      [](evutil_socket_t, short, void* self) { static_cast<Client*>(self)->hungUp(); }, this));
  // If the system has no room for it, all that is lost is that the job runs on for nobody. (An
  // exception must not leave here: the caller is C.)
  if (hangUp_) event_add(hangUp_.get(), nullptr);
}

void Client::reply(int status, const std::string& line) {
  if (request_ == nullptr) return;
  evhttp_request* request = request_;
  leaveConnection();  // evhttp uses it for the client's next request
  ::reply(request, status, line);
}

// The connection's end takes the request with it, and calls connectionEnds() first.
void Client::hungUp() { evhttp_connection_free(connection_); }

void Client::connectionEnds() {
  leaveConnection();
  std::printf("%s: the client has gone, its job is cancelled\n", uri_.c_str());
  job_.cancel();  // destroys this, whom the job's callbacks own
}

void Client::leaveConnection() {
  if (request_ == nullptr) return;
  evhttp_connection_set_closecb(connection_, nullptr, nullptr);
  hangUp_.reset();
  request_ = nullptr;
}
