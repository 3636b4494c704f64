// What a master and its template process agree on. See worker_contract.h for workers.
//
// A template is the worker's program. It finds a packet socket where a worker finds its requests,
// and a memory file with the call that prepares it. It makes the call, says so, and forks one
// worker in advance: the spare. The spare is a sibling of the template and a child of the master.
// It introduces itself, waits until the master connects it, and then is a worker like any other.
// The template forks the next spare as soon as this one is connected, so that the master never
// waits for a fork.
//
// A spare leaves the template's process group only when it is connected. Every child of the master
// is therefore known to it, or ends and is reaped with the template's group.
#pragma once

#include <phial/protocol/worker_contract.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// In place of a worker's number, in kWorkerVariable.
inline constexpr const char* kTemplateName = "template";

/// Descriptors of a template: the socket to its master, and a memory file that holds MasterInfo,
/// Function and Job as messages behind each other. The job's files are the parcel
/// kPreparationParcel in socket at kFileLaneFd. The other numbers of a worker's descriptors are
/// taken by /dev/null.
inline constexpr int kTemplateSocketFd = kRequestFd;
inline constexpr int kPreparationFd = kReplyFd;
inline constexpr std::uint64_t kPreparationParcel = 0;

/// From the template or its spare: what follows the header is text.
struct TemplateReport {
  enum class Kind : std::uint32_t {
    prepared,  ///< the call has returned
    failed,    ///< it has not, or workers cannot be forked from what it has left: the text says why
    spare,     ///< a process waits to be connected; with its pidfd and its socket
    refused,   ///< a process could not be forked: `error`; the template tries again
  };
  Kind kind;
  std::int32_t pid;
  std::int32_t error;
};

/// To a spare, with its descriptors in the order of their numbers: 1, 2, then kRequestFd to
/// kFileLaneFd without those that it does not get.
struct SpareConnection {
  std::uint64_t worker;  ///< its number in the pool
  std::uint32_t arenas;  ///< 1 if it gets kRequestArenaFd and kReplyArenaFd
  std::uint32_t files;   ///< 1 if it gets kFileLaneFd
};

template <class Header>
std::string packed(const Header& header, std::string_view text = {}) {
  static_assert(std::is_trivially_copyable_v<Header>);
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes.append(text);
}

/// Nothing if there are too few bytes.
template <class Header>
std::optional<Header> unpacked(std::string_view bytes) {
  static_assert(std::is_trivially_copyable_v<Header>);
  Header header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  return header;
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
