#include "word_count.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <system_error>

phial::Deferred<void> WordCount::run(const std::vector<std::string>& paths) {
  for (const auto& path : paths) cut(path);
  std::vector<phial::Deferred<void>> lanes;
  const std::size_t count = std::min(maxInFlight_, chunks_.size());
  lanes.reserve(count);
  for (std::size_t lane = 0; lane < count; ++lane) lanes.push_back(oneAfterTheOther());
  // All of them to their end, whatever happens to one: they use this object.
  std::optional<phial::Failure> failure;
  for (auto& lane : lanes) {
    co_await lane.addErrback([&](const phial::Failure& first) {
      if (!failure) failure = first;
      next_ = chunks_.size();
    });
  }
  if (failure) failure->rethrow();
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

phial::Deferred<void> WordCount::oneAfterTheOther() {
  while (next_ < chunks_.size()) co_await countNext();
}

phial::Deferred<void> WordCount::countNext() {
  const Chunk& chunk = chunks_[next_++];
  return pool_.deferToProcess<countWords>(chunk)
      .addCallback([this](const Counts& counts) {
        for (const auto& [word, count] : counts) counts_[word] += count;
      })
      .addErrback([this, &chunk](const phial::Failure& failure) {
        // The file was there when it was cut. That it is not now is no reason to end.
        if (!failure.check<std::system_error>()) failure.rethrow();
        unreadable(chunk.path, failure.message());
      });
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
