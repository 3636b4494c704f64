// Counts words by map-reduce, as Ampoule's own example does: the map in workers, the reduce here.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstdio>

#include "options.h"
#include "word_count.h"

namespace {

void report(const WordCount& words, const Options& options) {
  for (const auto& word : words.top(options.top)) {
    std::printf("%10lu  %s\n", word.count, word.text.c_str());
  }
  std::printf("%lu words, %zu different, in %zu of %zu files\n", words.total(), words.different(),
              options.files.size() - words.failures(), options.files.size());
}

phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "wordcount", .max = options.workers});
  WordCount words(pool);
  co_await words.run(options.files);
  co_await pool.stop();
  report(words, options);
  co_return words.failures() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "wordcount", run(reactor, options));
}
