// The work: the words in one chunk of a file. Runs in a worker, which reads the file by itself, so
// that no text passes through the master.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "chunks.h"

/// How often each word occurs.
using Counts = std::unordered_map<std::string, std::uint64_t>;

/// Counts the words that begin in `chunk`; the last one may end behind it. A word is a run of ASCII
/// letters and digits and of bytes above 127 (which make the other letters of UTF-8); ASCII capital
/// letters count as small ones. Throws std::system_error with the path and the reason.
Counts countWords(Chunk chunk);
