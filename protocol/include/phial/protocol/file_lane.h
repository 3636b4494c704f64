// Carries open files between a master and a worker, beside the two pipes.
//
// A value in shared memory is a file, and a pipe cannot carry files. Each worker therefore also has
// a Unix socket. The files of one job travel as one parcel, which is sent before the message that
// mentions it; the reader of the message then finds the parcel. Meanwhile the kernel holds the
// files: the sender may close them at once, or die. /proc/<pid>/fd would need no socket, but it
// needs a /proc that shows the peer, the right to trace the peer, and a sender that waits until the
// file has been opened.
//
// Parcels arrive in the order in which they were sent, as messages do. Parcels before the requested
// one therefore belong to jobs that are over, and their files are closed.
//
// Trust: the peer may send any number of files of any kind. They lie in the kernel until a message
// asks for them, within the limits of a socket. One call closes a bounded number of them, and the
// cost of closing many is paid on a separate thread.
//
// Thread rule: one thread at a time. No call blocks.
#pragma once

#include <kj/io.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

class FileLane {
 public:
  /// The most files in one parcel.
  static constexpr std::size_t kMostFiles = 4096;
  /// The most files of other parcels that one call closes: as many as one parcel has.
  static constexpr std::size_t kMostPassedBy = kMostFiles;

  struct Ends;
  /// Makes both ends, close-on-exec. Throws std::system_error.
  static Ends create();

  /// Takes over one end.
  explicit FileLane(kj::AutoCloseFd socket) : socket_(kj::mv(socket)) {}
  FileLane(FileLane&&) = default;
  /// Closes the end; on a thread of its own when many unread files go with it.
  ~FileLane();
  /// Takes over the end that the master has left at descriptor `fd`. If there is none, because the
  /// system refuses sockets, files can neither be sent nor received.
  static FileLane adopt(int fd);

  /// Sends a parcel; sends nothing when `files` is empty. The files are borrowed for the call.
  /// Throws EncodingError when the parcel has too many files, alone or together with the files
  /// under way. A peer that is gone is no error here: its pipes report it.
  void send(std::uint64_t parcel, std::span<const int> files);

  /// Returns the parcel of this number, which has `files` files. Throws EncodingError when the
  /// parcel has not arrived completely, when this process can hold no more descriptors, or when
  /// more than kMostPassedBy files that belong to no job lie before it.
  std::vector<kj::AutoCloseFd> receive(std::uint64_t parcel, std::size_t files);

  /// Drops a parcel without reading it.
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

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
