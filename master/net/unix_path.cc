#include "master/net/unix_path.h"

#include <phial/net/errors.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "master/net/socket.h"

namespace phial::inline v1::detail {
namespace {

bool abstract(const std::string& path) { return path.front() == '\0'; }

std::string shown(const SocketAddress& address) { return readable(address).toString(); }

// Whether a socket lies there to which nobody listens. A listener whose backlog is full refuses
// with EAGAIN, a socket of datagrams with EPROTOTYPE: both live.
bool dead(const std::string& path, const SocketAddress& address) {
  struct stat there{};
  if (::lstat(path.c_str(), &there) != 0 || !S_ISSOCK(there.st_mode)) return false;
  const kj::AutoCloseFd probe = openSocket(AF_UNIX);
  if (probe.get() < 0) throw CannotListen(errno, shown(address));
  return ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

}  // namespace

UnixPath::UnixPath(int fd, std::string path, mode_t mode) : path_(std::move(path)) {
  const auto address = unixAddress(path_);
  if (!address) throw CannotListen(path_.empty() ? EINVAL : ENAMETOOLONG, "unix:" + path_);
  // Linux makes the file with the socket's own mode, less the umask: never wider than asked for.
  ::fchmod(fd, mode);
  int result = ::bind(fd, address->get(), address->size);
  if (result != 0 && errno == EADDRINUSE && !abstract(path_) && dead(path_, *address)) {
    ::unlink(path_.c_str());
    result = ::bind(fd, address->get(), address->size);
  }
  if (result != 0) throw CannotListen(errno, shown(*address));
  if (abstract(path_)) return;
  struct stat made{};
  if (::chmod(path_.c_str(), mode) != 0 || ::lstat(path_.c_str(), &made) != 0) {
    const int code = errno;
    ::unlink(path_.c_str());
    throw CannotListen(code, shown(*address));
  }
  device_ = made.st_dev;
  inode_ = made.st_ino;
}

UnixPath::~UnixPath() {
  if (mark_.inherited() || inode_ == 0) return;
  struct stat there{};
  if (::lstat(path_.c_str(), &there) != 0) return;
  if (there.st_dev == device_ && there.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace phial::inline v1::detail
