// A plain HTTP/1.1 client over a loopback socket, one connection an object.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

struct Response {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;
};

class HttpClient {
 public:
  /// Connects to 127.0.0.1. Throws std::system_error.
  explicit HttpClient(std::uint16_t port);
  ~HttpClient() { disconnect(); }
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  void send(const std::string& method, const std::string& target);
  /// Waits for the answer. Throws std::runtime_error if the server hangs up before its end.
  Response receive();
  Response get(const std::string& target) {
    send("GET", target);
    return receive();
  }
  void disconnect();

  /// Waits until one of `clients` has an answer (or its end) to read, and returns the first one
  /// that has. When several have, the one that is named first.
  static HttpClient& firstAnswered(const std::vector<HttpClient*>& clients);

 private:
  std::string readUntil(const std::string& mark);
  void readMore();

  int fd_ = -1;
  std::string received_;
};
