// A fault on its way into a worker, and the place where it goes off.
//
// A job carries the fuse. Which stage it goes off at is the fuse's own: when it is decoded, when
// the job runs, when the result is encoded, or later in the life of the worker that ran it. In the
// master, which encodes and decodes the same type, it is harmless.
#pragma once

#include <phial/protocol/value.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "master/cli/fault.h"
#include "stage.h"

namespace matrix {

struct Fuse {
  Stage stage;
  phial::cli::Fault fault;
  std::uint64_t seed;  // of the garbage
};

/// What the job takes and gives back.
struct Parcel {
  struct Contents {
    Fuse fuse;
    pid_t worker;                  // that ran the job
    std::vector<std::byte> bytes;  // a result that does not fit into a pipe
  } contents;
};

/// Makes this process one in which fuses go off. Each that does leaves a mark in `scratch` first.
void enterWorker(std::string scratch);
/// The mark of the process `pid`.
std::string markOf(const std::string& scratch, pid_t pid);

/// Lets the fault happen if `at` is the fuse's stage. Does not return then.
void pass(const Fuse& fuse, Stage at);
/// What onStop does: lets the fault happen that a job has left for it, if any.
void passStop();

/// What a template does while it prepares: lets the fault happen when it gets SIGUSR1. Its pid is
/// in the scratch folder then.
void armTemplate(const std::string& scratch, const Fuse& fuse);
/// Where armTemplate has left a pid.
std::string templateFile(const std::string& scratch);

// Jobs.

/// Carries a fuse to its stage. Comes back if that is after the job.
Parcel light(Parcel parcel);
/// A bystander: `bytes` bytes that the number determines.
std::vector<std::byte> fillCrate(std::uint64_t number, std::uint32_t bytes);

}  // namespace matrix

template <>
struct phial::Codec<matrix::Parcel> {
  static std::uint64_t words(const matrix::Parcel& parcel);
  static void write(const matrix::Parcel& parcel, ValueWriter to);
  static matrix::Parcel read(ValueReader value);
};
