// Map-reduce: workers count the words of chunks, the master adds the counts up.
#pragma once

#include <phial/master.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "chunks.h"
#include "count_words.h"

class WordCount {
 public:
  /// Counts through `pool`, which is borrowed, with at most `maxInFlight` chunks at a time: their
  /// results wait in memory until the loop comes to them.
  WordCount(phial::ProcessPool& pool, std::size_t maxInFlight)
      : pool_(pool), maxInFlight_(maxInFlight) {}

  /// Counts all files. A file that cannot be read is reported on stderr, once, and left out; any
  /// other failure is the Deferred's. REQUIRES: called once, and this outlives the Deferred.
  phial::Deferred<void> run(const std::vector<std::string>& paths);

  struct Word {
    std::string text;
    std::uint64_t count;
  };
  /// The `n` most frequent words, those of equal count in alphabetical order.
  std::vector<Word> top(std::size_t n) const;

  std::uint64_t total() const;
  std::size_t different() const { return counts_.size(); }
  /// Files that could not be read.
  std::size_t failures() const { return unreadable_.size(); }

 private:
  void cut(const std::string& path);
  void unreadable(const std::string& path, const std::string& reason);
  phial::Deferred<void> oneAfterTheOther();
  phial::Deferred<void> countNext();

  phial::ProcessPool& pool_;
  const std::size_t maxInFlight_;
  std::vector<Chunk> chunks_;
  std::size_t next_ = 0;
  Counts counts_;
  std::set<std::string> unreadable_;
};
