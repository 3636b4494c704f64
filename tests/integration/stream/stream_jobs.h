// What the workers of the stream tests do. The test program is its own worker.
#pragma once

#include <phial/worker/emit.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace stream_jobs {

struct Tile {
  std::string name;
  std::vector<double> pixels;
  bool operator==(const Tile&) const = default;
};

/// Cannot be written when it is told so.
struct Fickle {
  int number;
  bool refuses;
};

/// Waits for the FIFO at `path`, if it is not empty. Returns `path`, or throws when it says so.
std::string step(const std::string& path);

/// 0, 1, 2 and so on.
void count(int items, phial::Emit<int> emit);
void tiles(const std::vector<std::string>& names, const phial::Emit<Tile>& emit);
void texts(std::size_t bytes, int items, phial::Emit<std::string> emit);
/// One item of so many strings, and a small one.
void manyStrings(int count, phial::Emit<std::vector<std::string>> emit);
void nothing(phial::Emit<int> emit);
/// Emits its own process id, then `items` numbers.
void numbered(int items, phial::Emit<pid_t> emit);

/// Count, then throw, die by this signal, or wait for the FIFO at `path` and count on.
void countAndThrow(int items, phial::Emit<int> emit);
void countAndDie(int items, int signal, phial::Emit<int> emit);
void countAndWait(int items, const std::string& path, phial::Emit<int> emit);
/// Dies before its first item unless the file at `path` exists, which it makes.
void dieOnceAndCount(const std::string& path, int items, phial::Emit<int> emit);
/// Half of an item that is larger than the memory for items, then SIGKILL.
void dieInALargeItem(phial::Emit<std::string> emit);

/// Counts until emit() throws, then adds a line to the file at `path`: how often it had emitted,
/// and what was thrown.
void countForEver(const std::string& path, phial::Emit<std::uint64_t> emit);

/// Emit a number, what emit() throws when it is used wrongly, and a number.
void emitFromThread(phial::Emit<std::string> emit);
void emitInChild(phial::Emit<std::string> emit);
void emitTooMuch(std::size_t bytes, phial::Emit<std::string> emit);
void emitUnwritable(phial::Emit<Fickle> emit);
/// Keeps its Emit beyond its end.
void keep(phial::Emit<std::string> emit);
/// What emit() throws that another job has kept.
std::string useKept();

/// Counts until it is told to give up, by cancelled() alone.
void countWhileWanted(phial::Emit<int> emit);

}  // namespace stream_jobs

template <>
struct phial::Codec<stream_jobs::Fickle> {
  static std::uint64_t words(const stream_jobs::Fickle&) { return 3; }
  static void write(const stream_jobs::Fickle& fickle, phial::ValueWriter to);
  static stream_jobs::Fickle read(phial::ValueReader from);
};
