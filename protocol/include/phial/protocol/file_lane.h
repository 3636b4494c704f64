// The way for open files between a master and a worker, beside the two pipes.
//
// A value that lies in shared memory is a file, and a pipe carries none. So each worker has a Unix
// socket too. What belongs to one job travels as one parcel, put there before the message that
// tells of it; whoever reads the message finds the parcel. The kernel holds the files in between:
// the sender may close them at once, or die. /proc/<pid>/fd would need no socket, but needs a /proc
// that shows the peer, the right to trace it, and a sender that waits until it was read.
//
// Parcels arrive in the order in which they were sent, and messages do too. So whatever lies before
// the parcel that is asked for belongs to jobs that are over, and is let go.
//
// Trust: the peer may send what it likes, any number of files of any kind. They lie in the kernel
// until a message asks for them, within the bounds of a socket. One call lets go of a bounded
// number of them; and what closing a file costs, many times over, is paid on a thread of its own.
//
// Thread rule: one thread at a time. No call blocks.
#pragma once

#include <kj/io.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace phial::detail {

class FileLane {
 public:
  /// The most files in one parcel.
  static constexpr std::size_t kMostFiles = 4096;
  /// The most files of other parcels that one call lets go: as many as one parcel has.
  static constexpr std::size_t kMostPassedBy = kMostFiles;

  struct Ends;
  /// Both ends, close-on-exec. Throws std::system_error.
  static Ends create();

  /// Takes over one end.
  explicit FileLane(kj::AutoCloseFd socket) : socket_(kj::mv(socket)) {}
  FileLane(FileLane&&) = default;
  /// Closes the end; on a thread of its own when many unread files go with it.
  ~FileLane();
  /// Takes over the end that the master left at descriptor `fd`, if it did: there may be none where
  /// the system refuses sockets. Then files can neither be sent nor received.
  static FileLane adopt(int fd);

  /// Sends a parcel; nothing when `files` is empty. The files are borrowed for the call. Throws
  /// EncodingError when it holds too many files, for itself or on top of those that are under way.
  /// A peer that is gone is no error: its pipes tell of that.
  void send(std::uint64_t parcel, std::span<const int> files);

  /// The parcel of this number, of so many files. Throws EncodingError when it has not arrived
  /// whole, when this process can hold no more descriptors, or when more than kMostPassedBy files
  /// that belong to no job lie before it.
  std::vector<kj::AutoCloseFd> receive(std::uint64_t parcel, std::size_t files);

  /// Lets a parcel go unread.
  void discard(std::uint64_t parcel, std::size_t files) noexcept;

 private:
  struct Label;

  using Files = std::vector<kj::AutoCloseFd>;
  bool receivePart(std::uint64_t parcel, Files& files, Files& others);

  kj::AutoCloseFd socket_;
};

struct FileLane::Ends {
  kj::AutoCloseFd master;
  kj::AutoCloseFd worker;
};

}  // namespace phial::detail
