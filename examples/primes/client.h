// One client that waits for its answer, which may leave before it is there.
#pragma once

#include <event2/event.h>
#include <event2/http.h>
#include <phial/master.h>

#include <memory>
#include <string>

/// Answers a request with a line of text, at once.
void reply(evhttp_request* request, int status, const std::string& line);

/// A request whose answer is being computed by a job. The job's callbacks own the Client; the
/// Client holds the job, to cancel it when nobody waits any more.
class Client {
 public:
  /// Takes over answering `request`, which stays evhttp's.
  explicit Client(evhttp_request* request);
  ~Client() { leaveConnection(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Cancels `job` if the client leaves first.
  void waitFor(phial::Deferred<void> job) { job_ = std::move(job); }

  /// Sends the answer, if the client is still there.
  void reply(int status, const std::string& line);

 private:
  struct EventFree {
    void operator()(event* e) const { event_free(e); }
  };

  void hungUp();
  void connectionEnds();
  void leaveConnection();

  evhttp_request* request_;  // null once it is answered or gone
  evhttp_connection* connection_;
  const std::string uri_;
  std::unique_ptr<event, EventFree> hangUp_;
  phial::Deferred<void> job_;
};
