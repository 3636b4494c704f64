// What workers do with large messages.
#pragma once

#include <phial/protocol/value.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace jobs {

using Words = std::vector<std::uint64_t>;

/// Some words that are not all the same.
Words someWords(std::size_t count);
/// Of the words, in a way that tells their order.
std::uint64_t digest(const Words& words);
std::uint64_t digestInPlace(std::span<const std::uint64_t> words);
/// What it was given.
Words sendBack(Words words);
/// Holds what it was given, announces itself at `path` and never returns.
void holdSpanAndHang(std::span<const std::uint64_t> words, const std::string& path);
/// Whether the span lies in the worker's view of the master's arena.
bool liesInTheArena(std::span<const std::uint64_t> words);
bool bytesLieInTheArena(std::span<const unsigned char> bytes);
/// What it was given.
std::string sendTextBack(std::string text);
/// Writes to what it was given to read.
void writeToSpan(std::span<const std::uint64_t> words);

/// Returns so many words; dies by SIGKILL while they are written to the arena.
Words dieWriting(std::size_t count);
/// Returns so many words, and writes over the arena all the time.
Words scribble(std::size_t count);
/// Says in the pipe that a message lies in the arena at `offset`, and hangs.
void refer(std::uint32_t slot, std::uint64_t offset, std::uint64_t bytes);
/// Gives up all that the arenas hold, then returns the words.
Words freeEverything(std::size_t count);

}  // namespace jobs
