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
  /// Counts through `pool`, which is borrowed.
  explicit WordCount(phial::ProcessPool& pool) : pool_(pool) {}

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
  void add(const Chunk& chunk, const phial::Outcome<Counts>& counts);

  phial::ProcessPool& pool_;
  std::vector<Chunk> chunks_;
  Counts counts_;
  std::set<std::string> unreadable_;
};
