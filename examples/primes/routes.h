// What the server answers to which path.
#pragma once

#include <event2/http.h>
#include <phial/master.h>

/// The pages of the server. Borrows both for its life, which ends before the loop runs again.
class Routes {
 public:
  Routes(evhttp* http, phial::ProcessPool& pool);

 private:
  void serve(evhttp_request* request);
  void serveNumber(evhttp_request* request, std::string_view digits,
                   void (Routes::*answer)(evhttp_request*, std::uint64_t));
  void answerFromPool(evhttp_request* request, std::uint64_t number);
  void answerInline(evhttp_request* request, std::uint64_t number);

  phial::ProcessPool& pool_;
};
