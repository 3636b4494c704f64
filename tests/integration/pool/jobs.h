// What the workers of the pool tests do. The test program is its own worker.
#pragma once

#include <phial/protocol/shared_array.h>
#include <phial/protocol/value.h>
#include <sys/types.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace jobs {

struct Sheep {
  std::string name;
  int legs;
  bool operator==(const Sheep&) const = default;
};

/// Nests as deep as it likes.
struct Tree {
  std::vector<Tree> branches;
};

/// Whoever decodes it announces itself by opening the FIFO at `path`, and never gets to the end.
struct Tarpit {
  std::string path;
};

class WoolError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Cannot be written when it is told so.
struct Fickle {
  bool refuses;
};

/// SIGKILL ends whoever writes it, when it is told so.
struct Lethal {
  bool kills;
  std::string text;
};

/// A result that finds no room in the memory for the results of a batch.
inline constexpr std::size_t kGrown = 300'000;

/// What one function does, so that jobs which differ travel in one batch.
enum class Deed {
  nothing,
  note,    ///< adds a line to the file at the path
  crash,   ///< dies of SIGSEGV
  wait,    ///< waitFor(path), and returns what that returns
  grow,    ///< returns kGrown characters
  swell,   ///< returns 64 MiB of characters
  heed,    ///< announceAndHeed(path)
  damage,  ///< overwrites the memory in which workers leave results
};
std::string perform(Deed deed, const std::string& path);
bool welcome(const Fickle& fickle);
/// Adds a line to the file at `path`. A lethal result is large.
Lethal noteLethally(bool kills, const std::string& path);
/// The array with so many characters of text, that is: beside it or, when they are many, ahead of
/// it in a message of their own.
std::pair<phial::SharedArray<int>, std::string> wrap(const phial::SharedArray<int>& array,
                                                     std::size_t characters);

int add(int a, int b);
bool isPrime(std::uint64_t n);
Sheep shear(Sheep sheep);
Tree growTree(int depth);
int heightOf(const Tree& tree);
void doNothing();
pid_t whoAmI();
std::string myLabel();
int descriptorCount();
std::uint64_t sum(const std::vector<std::byte>& bytes);
std::vector<std::byte> makeBytes(std::size_t count);

/// Blocks until somebody opens the FIFO at `path` for writing, then reads it to its end.
std::string waitFor(const std::string& path);
/// Announces itself by opening the FIFO at `path` for writing, and never returns.
void announceAndHang(const std::string& path);
/// The same, but gives up when it is cancelled, and says so.
std::string announceAndHeed(const std::string& path);
/// The same, and does not die of SIGTERM either.
void announceAndIgnoreTerm(const std::string& path);

/// Forks a process that outlives it if it can, writes the numbers of both into the file at `path`,
/// one line each, and never returns.
enum class Hanging { computing, ignoringTerm, blockingSignals, stopped };
void forkAndHang(Hanging how, const std::string& path);

/// Takes memory that it never gives back.
void hoard(std::size_t bytes);
/// The size of the file that the worker runs.
std::uint64_t programSize();
void enter(const Tarpit& tarpit);

/// Never return.
void compute();
void ignoreTermAndHang();

void throwWool(const std::string& message);
void throwNumber();
void complain(const std::string& line);
void printNoise();
void report();
/// Says that it has come so far and ends the worker by SIGABRT.
void reportAndAbort(double fraction);
/// Makes the file at `path`.
void touch(const std::string& path);

/// Ends the worker by a signal.
void dieOf(int signal);
/// Ends the worker by a signal unless the file at `path` exists already; makes it first.
std::string dieOnce(const std::string& path);
void exitWith(int status);
/// Answers 7 after waitFor(path); as soon as the answer lies in the reply pipe, it announces itself
/// at `answered`.
int answerAndTell(const std::string& path, const std::string& answered);
/// Answers 7 after waitFor(path); as soon as the answer lies in the reply pipe, SIGKILL ends the
/// worker.
int answerAndDie(const std::string& path);
void complainAndAbort(const std::string& line);

// Breakers of the protocol.
void writeGarbageAndHang();
void writeHalfAFrameAndDie();
void closeReplyPipeAndHang();
void closeReplyPipeInsideAMessage();

}  // namespace jobs

template <>
struct phial::Codec<jobs::Fickle> {
  static std::uint64_t words(const jobs::Fickle&) { return encodedWords(true); }
  static void write(const jobs::Fickle& fickle, ValueWriter to) {
    if (fickle.refuses) throw jobs::WoolError("I would rather not be written");
    phial::encode(fickle.refuses, to);
  }
  static jobs::Fickle read(ValueReader value) { return {phial::decode<bool>(value)}; }
};

template <>
struct phial::Codec<jobs::Lethal> {
  static std::uint64_t words(const jobs::Lethal& lethal) { return encodedWords(lethal.text); }
  static void write(const jobs::Lethal& lethal, ValueWriter to) {
    if (lethal.kills) jobs::dieOf(SIGKILL);
    phial::encode(lethal.text, to);
  }
  static jobs::Lethal read(ValueReader value) { return {false, phial::decode<std::string>(value)}; }
};

template <>
struct phial::Codec<jobs::Tarpit> {
  static std::uint64_t words(const jobs::Tarpit& tarpit) { return encodedWords(tarpit.path); }
  static void write(const jobs::Tarpit& tarpit, ValueWriter to) { phial::encode(tarpit.path, to); }
  static jobs::Tarpit read(ValueReader value) {
    jobs::announceAndHang(phial::decode<std::string>(value));
    return {};
  }
};
