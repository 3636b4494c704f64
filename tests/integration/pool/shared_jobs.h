// What workers do with shared arrays.
#pragma once

#include <phial/protocol/shared_array.h>
#include <phial/protocol/value_capnp.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace jobs {

using Numbers = phial::SharedArray<std::uint64_t>;

std::uint64_t addUp(const Numbers& numbers);
/// As a value, and in part.
std::vector<std::uint64_t> addUpEach(std::vector<Numbers> all);
std::size_t countOf(phial::SharedArray<std::byte> bytes);
/// 0, 1, 2, ...
Numbers makeNumbers(std::size_t count);
std::vector<Numbers> makeMany(std::size_t arrays);
/// What it was given.
Numbers passOn(const Numbers& numbers);
/// Writes where nobody lets it.
void writeTo(const Numbers& numbers);
/// Holds what it was given, announces itself at `path` and never returns.
void holdAndHang(const Numbers& numbers, const std::string& path);
/// Makes an array, waits for `path`, and returns it.
Numbers makeAndWait(std::size_t count, const std::string& path);
/// Makes an array and dies by SIGKILL with it.
Numbers makeAndDie(std::size_t count);
/// How many shared memories this process has open or mapped.
std::size_t sharedMemories();

/// Sends, as the file of the array that it returns, one that could shrink under its reader.
Numbers sendAShrinkingFile();
/// Sends 100 files that nobody asked for, then returns an array.
Numbers sendStrayFiles();

/// An array that its encoder says has come with the message, and has not.
struct Phantom {
  std::uint32_t file = 0;
};
Phantom claimAFile();

}  // namespace jobs

template <>
struct phial::Codec<jobs::Phantom> {
  static std::uint64_t words(const jobs::Phantom&) { return 32; }
  static void write(const jobs::Phantom& phantom, ValueWriter to) {
    auto shared = builderOf(to).initShared();
    shared.setElement("unsigned 64-bit integers");
    shared.setElementBytes(8);
    shared.setCount(1);
    shared.setFile(phantom.file);
  }
  static jobs::Phantom read(ValueReader value) {
    phial::decode<jobs::Numbers>(value);
    return {};
  }
};
