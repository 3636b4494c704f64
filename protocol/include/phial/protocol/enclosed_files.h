// The files that belong to the values of one message, while the message is written or read.
//
// A value in a message names a file by its place in the message's parcel (file_lane.h). Codecs are
// plain functions of a value and a builder: they enclose files in, and take files from, the parcel
// that is open on their thread.
//
// Thread rule: a parcel belongs to the thread that opened it. Parcels nest; the innermost one
// counts.
#pragma once

#include <phial/protocol/shared_memory.h>

#include <cstdint>
#include <memory>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// The files that a message is to enclose.
class FileParcel {
 public:
  /// For FileLane::send. Borrowed.
  const std::vector<int>& files() const { return files_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(files_.size()); }

 private:
  friend class OutgoingFiles;
  std::vector<std::shared_ptr<SharedMemory>> memory_;
  std::vector<int> files_;
};

/// The parcel of the message that is being written.
class OutgoingFiles {
 public:
  OutgoingFiles() : OutgoingFiles(own_) {}
  /// Encloses files in `parcel`: for a message that is written in pieces.
  explicit OutgoingFiles(FileParcel& parcel);
  ~OutgoingFiles();
  OutgoingFiles(const OutgoingFiles&) = delete;
  OutgoingFiles& operator=(const OutgoingFiles&) = delete;

  /// Encloses `memory` in the parcel that is open on this thread, and returns its place there. The
  /// memory is held until the parcel is gone. Throws EncodingError when no parcel is open.
  static std::uint32_t enclose(std::shared_ptr<SharedMemory> memory);

  /// For FileLane::send. Borrowed.
  const std::vector<int>& files() const { return parcel_.files(); }
  std::uint32_t size() const { return parcel_.size(); }

 private:
  FileParcel own_;
  FileParcel& parcel_;
  OutgoingFiles* const outer_;
};

/// The parcel of the message that is being read.
class IncomingFiles {
 public:
  explicit IncomingFiles(std::vector<kj::AutoCloseFd> files);
  /// Closes the files that nobody has taken.
  ~IncomingFiles();
  IncomingFiles(const IncomingFiles&) = delete;
  IncomingFiles& operator=(const IncomingFiles&) = delete;

  /// Returns the memory at `place` of the parcel that is open on this thread; the same memory each
  /// time. Throws EncodingError when there is none, or as SharedMemory::adopt does.
  static std::shared_ptr<SharedMemory> take(std::uint32_t place, std::size_t bytes);

 private:
  struct Item;

  IncomingFiles* const outer_;
  std::vector<Item> items_;
};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
