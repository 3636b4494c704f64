// The sizes at which a value begins to travel or to be kept in another way.
//
// A result or the arguments of a job are copied into a message, or the message refers to them; the
// message goes through the pipe, or through an arena (arena.h); the peer reads it at once, or in
// pieces between other work. Each change of the way has its size here, and so has each cache. The
// figures were measured on two cores of a virtual machine.
//
//   constant               size     beyond it                         why this size
//
//   the way of a message
//   kResultRoomWords      256 KiB   a result ends its batch           40 KB results: 2.1 times as
//   many
//                                                                     jobs a second as with
//                                                                     messages alone, 0.52 times
//                                                                     with 32 KiB
//   kBatchArgumentWords    32 KiB   a job goes into the next batch    a pipe takes 64 KiB at once
//   kCopiedMessageBytes    64 KiB   the pipe refers to a message      a copy of 64 KiB takes about
//   6 us
//                                                                     into warm memory
//   kRunBytes             128 KiB   the next message begins a new     a run is written by one call;
//                                   run                               appending to a longer one
//                                   copies it
//   kFlushBytes            64 KiB   written before the turn ends      what a pipe takes at once
//   kHighWaterBytes         1 MiB   a writer waits                    the width that a pipe is
//   given kArenaMessageBytes    256 KiB   a message goes through the arena  a pipe copies twice, in
//   pieces kMostHintWords        512 KiB   a first segment is not larger     a large value has
//   segments of its
//                                                                     own, and most are not copied
//
//   what is done in pieces, so that the loop's turn stays short
//   kReadBytes            256 KiB   a read or fetch goes on later     fresh memory takes 3 us a KiB
//   kFetchHereBytes       576 KiB   fetched on another thread         waiting for a thread takes as
//   long;
//                                                                     holds the largest chunk of a
//                                                                     map, 512 KiB and its message
//   kArenaPieceBytes       64 KiB   copied to an arena in pieces      0.2 ms into fresh memory, 6
//   us
//                                                                     into warm memory
//   kPieceBytes           128 KiB   a value is read or written in     0.1 ms into fresh memory
//                                   pieces
//   kElementCost            256 B   counted for each element          a piece has at most 512
//   elements,
//                                                                     each with an allocation
//   kLargeBytes             2 MiB   freed on another thread, and      freeing less takes a fraction
//   of a
//                                   filled in huge pages              millisecond; one huge page
//
//   what is kept
//   kReceiveBufferBytes   128 KiB   a frame has memory of its own     smaller frames share a buffer
//   kSpareBytes           256 KiB   a write buffer is freed           a burst fills about 64 KiB a
//   turn kCountedBytes          64 KiB   a message counts as held          smaller ones are bounded
//   by their
//                                                                     number
//   kMostHeldBytes         64 MiB   the worker waits                  results that wait to be read
//   PoolOptions::cacheBytes 256 MiB warm memory is given back         four results of 64 MiB
//
// Times and the numbers of jobs in a batch are in master/pool/schedule.h. Limits of what a peer may
// send are with the code that checks them.
#pragma once

#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

inline constexpr std::size_t kResultRoomWords = 32768;
inline constexpr std::uint64_t kBatchArgumentWords = 4096;
inline constexpr std::size_t kCopiedMessageBytes = std::size_t{64} << 10;
inline constexpr std::size_t kRunBytes = std::size_t{128} << 10;
inline constexpr std::size_t kFlushBytes = std::size_t{64} << 10;
inline constexpr std::size_t kHighWaterBytes = std::size_t{1} << 20;
inline constexpr std::size_t kArenaMessageBytes = std::size_t{256} << 10;
inline constexpr std::uint64_t kMostHintWords = std::uint64_t{1} << 16;

inline constexpr std::size_t kReadBytes = std::size_t{256} << 10;
inline constexpr std::size_t kFetchHereBytes = std::size_t{576} << 10;
inline constexpr std::size_t kArenaPieceBytes = std::size_t{64} << 10;
inline constexpr std::size_t kPieceBytes = std::size_t{128} << 10;
inline constexpr std::size_t kElementCost = 256;
inline constexpr std::size_t kLargeBytes = std::size_t{2} << 20;

inline constexpr std::size_t kReceiveBufferBytes = std::size_t{128} << 10;
inline constexpr std::size_t kSpareBytes = std::size_t{256} << 10;
inline constexpr std::size_t kCountedBytes = std::size_t{64} << 10;
inline constexpr std::uint64_t kMostHeldBytes = std::uint64_t{64} << 20;

/// What a message needs beside its arguments or its result: a bound, for the checks against
/// PoolOptions::maxMessageBytes on either side.
inline constexpr std::uint64_t kEnvelopeBytes = 1024;

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
