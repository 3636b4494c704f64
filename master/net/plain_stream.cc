#include <phial/net/errors.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

#include "master/net/stream.h"

namespace phial::inline v1::detail {
namespace {

// Enough for one call, since evbuffers join small pieces.
constexpr std::size_t kPieces = 16;

Io refused(Io::Status again) {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {.status = again};
  return {.status = Io::Status::failed, .failure = Failure(ConnectionLost(errno))};
}

class PlainStream final : public Stream {
 public:
  using Stream::Stream;

  Io read(std::span<char> to) override {
    const ssize_t got = ::recv(fd(), to.data(), to.size(), 0);
    if (got < 0) return refused(Io::Status::wantsRead);
    if (got == 0) return {.status = Io::Status::ended};
    return {.bytes = static_cast<std::size_t>(got)};
  }

  Io write(OutputBuffer& from) override {
    std::array<iovec, kPieces> pieces{};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = from.front(pieces);
    const ssize_t sent = ::sendmsg(fd(), &message, MSG_NOSIGNAL);
    if (sent < 0) return refused(Io::Status::wantsWrite);
    from.drop(static_cast<std::size_t>(sent));
    return {.bytes = static_cast<std::size_t>(sent)};
  }

  Io endWriting() override {
    ::shutdown(fd(), SHUT_WR);
    return {};
  }
};

}  // namespace

void Stream::close(Closing how) {
  if (fd_.get() < 0) return;
  if (how == Closing::byReset) {
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  } else {
    ::shutdown(fd(), SHUT_RDWR);
  }
  drop();
}

std::unique_ptr<Stream> plainStream(kj::AutoCloseFd fd) {
  return std::make_unique<PlainStream>(kj::mv(fd));
}

}  // namespace phial::inline v1::detail
