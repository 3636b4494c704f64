#include "http_client.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <cerrno>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace {

[[noreturn]] void failSystemCall(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

HttpClient::HttpClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (fd_ == -1) failSystemCall("socket");
  sockaddr_in server{};
  server.sin_family = AF_INET;
  server.sin_port = htons(port);
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
    failSystemCall("connect");
  }
}

void HttpClient::send(const std::string& method, const std::string& target) {
  const std::string request = method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    failSystemCall("send");
  }
}

Response HttpClient::receive() {
  Response response;
  std::istringstream head(readUntil("\r\n\r\n"));
  std::string line;
  head >> line >> response.status;
  std::getline(head, line);
  while (std::getline(head, line)) {
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    for (char& c : name) c = static_cast<char>(std::tolower(c));
    response.headers[name] = line.substr(colon + 2, line.find('\r') - colon - 2);
  }
  const std::size_t length = std::stoul(response.headers.at("content-length"));
  while (received_.size() < length) readMore();
  response.body = received_.substr(0, length);
  received_.erase(0, length);
  return response;
}

void HttpClient::disconnect() {
  if (fd_ != -1) ::close(fd_);
  fd_ = -1;
}

HttpClient& HttpClient::firstAnswered(const std::vector<HttpClient*>& clients) {
  std::vector<pollfd> watched;
  for (const auto* client : clients) watched.push_back({client->fd_, POLLIN, 0});
  if (::poll(watched.data(), watched.size(), -1) == -1) failSystemCall("poll");
  for (std::size_t i = 0; i < clients.size(); ++i) {
    if (watched[i].revents != 0) return *clients[i];
  }
  throw std::logic_error("poll woke for nothing");
}

std::string HttpClient::readUntil(const std::string& mark) {
  std::size_t at = 0;
  while ((at = received_.find(mark)) == std::string::npos) readMore();
  const std::string text = received_.substr(0, at + mark.size());
  received_.erase(0, text.size());
  return text;
}

void HttpClient::readMore() {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (got == -1) failSystemCall("recv");
  if (got == 0) throw std::runtime_error("the server hung up after: " + received_);
  received_.append(buffer.data(), static_cast<std::size_t>(got));
}
