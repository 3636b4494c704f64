#include "count_words.h"

#include <stdio.h>

#include <cerrno>
#include <memory>
#include <system_error>

namespace {

bool isWordByte(int byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= '0' && byte <= '9') || byte > 127;
}

char lowered(int byte) {
  return static_cast<char>(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
}

// The bytes of a file from some place on, one at a time.
class Bytes {
 public:
  Bytes(const std::string& path, std::uint64_t offset)
      : path_(path), file_(::fopen(path.c_str(), "rbe"), &::fclose) {
    if (!file_ || ::fseeko(file_.get(), static_cast<off_t>(offset), SEEK_SET) != 0) fail();
  }

  // EOF at the end of the file.
  int next() {
    const int byte = ::getc_unlocked(file_.get());
    if (byte == EOF && ::ferror(file_.get()) != 0) fail();
    return byte;
  }

 private:
  [[noreturn]] void fail() const { throw std::system_error(errno, std::generic_category(), path_); }

  const std::string& path_;
  const std::unique_ptr<FILE, int (*)(FILE*)> file_;
};

}  // namespace

Counts countWords(Chunk chunk) {
  // From one byte before: it tells whether a word begins at the chunk's first byte, or goes on.
  const std::uint64_t before = chunk.offset == 0 ? 0 : 1;
  Bytes bytes(chunk.path, chunk.offset - before);
  bool inside = before == 1 && isWordByte(bytes.next());
  bool ours = false;
  Counts counts;
  std::string word;
  for (std::uint64_t at = 0; at < chunk.lengthBytes || (inside && ours); ++at) {
    const int byte = bytes.next();
    if (byte != EOF && isWordByte(byte)) {
      if (!inside) ours = true;
      inside = true;
      if (ours) word += lowered(byte);
      continue;
    }
    if (inside && ours) ++counts[word];
    word.clear();
    inside = ours = false;
    if (byte == EOF) break;  // the file may have become shorter
  }
  return counts;
}
