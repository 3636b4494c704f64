#include "stream_jobs.h"

#include <phial/worker.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace stream_jobs {
namespace {

std::optional<phial::Emit<std::string>> kept;

std::string thrownBy(const std::function<void()>& f) {
  try {
    f();
    return "nothing";
  } catch (const std::exception& e) {
    return e.what();
  }
}

std::string wait(const std::string& path) {
  std::ifstream fifo(path);
  return {std::istreambuf_iterator<char>(fifo), {}};
}

}  // namespace

std::string step(const std::string& path) {
  if (path == "throw") throw std::out_of_range(path);
  if (!path.empty()) wait(path);
  return path;
}

void count(int items, phial::Emit<int> emit) {
  for (int i = 0; i < items; ++i) emit(i);
}

void tiles(const std::vector<std::string>& names, const phial::Emit<Tile>& emit) {
  for (const auto& name : names) emit({name, std::vector<double>(names.size(), 0.5)});
}

void texts(std::size_t bytes, int items, phial::Emit<std::string> emit) {
  for (int i = 0; i < items; ++i) {
    emit(std::string(bytes, static_cast<char>('a' + i % 26)));
  }
}

void manyStrings(int count, phial::Emit<std::vector<std::string>> emit) {
  emit(std::vector<std::string>(static_cast<std::size_t>(count), "a string of some length"));
  emit({"last"});
}

void nothing(phial::Emit<int>) {}

void numbered(int items, phial::Emit<pid_t> emit) {
  emit(::getpid());
  count(items, emit);
}

void countAndThrow(int items, phial::Emit<int> emit) {
  count(items, emit);
  throw std::out_of_range("no more numbers");
}

void countAndDie(int items, int signal, phial::Emit<int> emit) {
  count(items, emit);
  ::raise(signal);
}

void countAndWait(int items, const std::string& path, phial::Emit<int> emit) {
  count(items, emit);
  wait(path);
  emit(items);
}

void dieOnceAndCount(const std::string& path, int items, phial::Emit<int> emit) {
  if (!std::filesystem::exists(path)) {
    std::ofstream(path) << "here\n";
    ::raise(SIGKILL);
  }
  count(items, emit);
}

void dieInALargeItem(phial::Emit<std::string> emit) {
  emit("whole");
  // emit() waits in the middle of it, since nobody reads.
  std::thread([] {
    std::string state = "R";
    while (state != "S") {
      std::ifstream stat("/proc/" + std::to_string(::getpid()) + "/stat");
      for (int i = 0; i < 3; ++i) stat >> state;
      std::this_thread::yield();
    }
    ::raise(SIGKILL);
  }).detach();
  emit(std::string(std::size_t{8} << 20, 'x'));
}

void countForEver(const std::string& path, phial::Emit<std::uint64_t> emit) {
  std::uint64_t emitted = 0;
  const std::string thrown = thrownBy([&] {
    for (;; ++emitted) emit(emitted);
  });
  std::ofstream(path, std::ios::app) << emitted << ' ' << thrown << '\n';
}

void emitFromThread(phial::Emit<std::string> emit) {
  emit("1");
  std::string thrown;
  std::thread([&] { thrown = thrownBy([&] { emit("2"); }); }).join();
  emit(thrown);
}

void emitInChild(phial::Emit<std::string> emit) {
  emit("1");
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto thrown = thrownBy([&] { emit("2"); });
    const bool wrote = ::write(ends[1], thrown.data(), thrown.size()) > 0;
    ::_exit(wrote ? 0 : 1);
  }
  ::close(ends[1]);
  std::string said(1000, ' ');
  const auto got = ::read(ends[0], said.data(), said.size());
  said.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  emit(said);
}

void emitTooMuch(std::size_t bytes, phial::Emit<std::string> emit) {
  emit("1");
  const auto thrown = thrownBy([&] { emit(std::string(bytes, 'x')); });
  emit(thrown);
}

void emitUnwritable(phial::Emit<Fickle> emit) {
  emit({1, false});
  const bool threw = thrownBy([&] { emit({2, true}); }) == "it refuses";
  emit({threw ? 3 : 0, false});
}

void keep(phial::Emit<std::string> emit) {
  emit("kept");
  kept.emplace(emit);
}

std::string useKept() {
  return thrownBy([] { (*kept)("late"); });
}

void countWhileWanted(phial::Emit<int> emit) {
  emit(1);
  while (!phial::currentJob().cancelled()) std::this_thread::yield();
}

}  // namespace stream_jobs

void phial::Codec<stream_jobs::Fickle>::write(const stream_jobs::Fickle& fickle,
                                              phial::ValueWriter to) {
  to.setText("a text that is replaced, or left half way");
  if (fickle.refuses) throw phial::EncodingError("it refuses");
  to.setInt(fickle.number);
}

stream_jobs::Fickle phial::Codec<stream_jobs::Fickle>::read(phial::ValueReader from) {
  return {phial::decode<int>(from), false};
}
