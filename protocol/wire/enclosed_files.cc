#include "phial/protocol/enclosed_files.h"

#include <kj/io.h>
#include <phial/protocol/error.h>

#include <string>
#include <utility>

namespace phial::inline v1::detail {
namespace {

thread_local OutgoingFiles* outgoing = nullptr;
thread_local IncomingFiles* incoming = nullptr;

}  // namespace

struct IncomingFiles::Item {
  kj::AutoCloseFd file;
  std::shared_ptr<SharedMemory> memory;
};

OutgoingFiles::OutgoingFiles(FileParcel& parcel)
    : parcel_(parcel), outer_(std::exchange(outgoing, this)) {}
OutgoingFiles::~OutgoingFiles() { outgoing = outer_; }

std::uint32_t OutgoingFiles::enclose(std::shared_ptr<SharedMemory> memory) {
  if (outgoing == nullptr) {
    throw EncodingError("a SharedArray travels only as a part of a job's arguments or result");
  }
  FileParcel& parcel = outgoing->parcel_;
  parcel.files_.push_back(memory->fd());
  parcel.memory_.push_back(std::move(memory));
  return parcel.size() - 1;
}

IncomingFiles::IncomingFiles(std::vector<kj::AutoCloseFd> files)
    : outer_(std::exchange(incoming, this)) {
  items_.reserve(files.size());
  for (auto& file : files) items_.push_back({kj::mv(file), nullptr});
}

IncomingFiles::~IncomingFiles() {
  incoming = outer_;
  for (auto& item : items_) {
    if (!item.memory) releaseFile(kj::mv(item.file));
  }
}

std::shared_ptr<SharedMemory> IncomingFiles::take(std::uint32_t place, std::size_t bytes) {
  if (incoming == nullptr || place >= incoming->items_.size()) {
    throw EncodingError("a SharedArray's memory has not come with the message");
  }
  Item& item = incoming->items_[place];
  if (!item.memory) item.memory = SharedMemory::adopt(kj::mv(item.file), bytes);
  if (item.memory->bytes() < bytes) {
    throw EncodingError("two SharedArrays of different sizes claim the same memory");
  }
  return item.memory;
}

}  // namespace phial::inline v1::detail
