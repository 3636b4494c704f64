// What the command's own workers do in a stress run.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "master/cli/fault.h"

namespace phial::inline v1::cli {

/// A few microseconds of arithmetic with a result that the master can check.
std::uint64_t scramble(std::uint64_t seed);

/// Fills this process's table: for the template of --warm.
void loadTable();
/// scramble(seed), or something else in a process without the table.
std::uint64_t scrambleByTable(std::uint64_t seed);

/// Inflicts the fault on the worker.
void sabotage(Fault fault, std::uint64_t seed);

/// A value that is not flat, for both ways.
using Parcel = std::map<std::string, std::vector<std::string>>;
Parcel makeParcel(std::uint64_t seed);

/// Does what livesOn(fault), and gives back what it was given.
Parcel play(Fault fault, std::uint64_t seed, const Parcel& parcel);

}  // namespace phial::inline v1::cli
