#include "word_count.h"

#include <algorithm>
#include <cstdio>
#include <span>
#include <system_error>

phial::Deferred<void> WordCount::run(const std::vector<std::string>& paths) {
  for (const auto& path : paths) cut(path);
  return pool_.forEachOutcome<countWords>(
      std::span(chunks_), [this](std::size_t index, const phial::Outcome<Counts>& counts) {
        add(chunks_[index], counts);
      });
}

void WordCount::cut(const std::string& path) {
  try {
    const auto chunks = chunksOf(path);
    chunks_.insert(chunks_.end(), chunks.begin(), chunks.end());
  } catch (const std::system_error& error) {
    unreadable(path, error.what());
  }
}

void WordCount::unreadable(const std::string& path, const std::string& reason) {
  const bool isNew = unreadable_.insert(path).second;
  if (isNew) std::fprintf(stderr, "wordcount: %s\n", reason.c_str());
}

void WordCount::add(const Chunk& chunk, const phial::Outcome<Counts>& counts) {
  // The file was there when it was cut. That it is not now is no reason to end.
  if (!counts.ok() && counts.failure().check<std::system_error>()) {
    return unreadable(chunk.path, counts.failure().message());
  }
  for (const auto& [word, count] : counts.value()) counts_[word] += count;
}

std::vector<WordCount::Word> WordCount::top(std::size_t n) const {
  std::vector<Word> words;
  words.reserve(counts_.size());
  for (const auto& [text, count] : counts_) words.push_back({text, count});
  const auto end = words.begin() + static_cast<std::ptrdiff_t>(std::min(n, words.size()));
  std::partial_sort(words.begin(), end, words.end(), [](const Word& a, const Word& b) {
    return a.count != b.count ? a.count > b.count : a.text < b.text;
  });
  words.erase(end, words.end());
  return words;
}

std::uint64_t WordCount::total() const {
  std::uint64_t sum = 0;
  for (const auto& [word, count] : counts_) sum += count;
  return sum;
}
