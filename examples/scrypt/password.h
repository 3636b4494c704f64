// The work: a password's hash, by OpenSSL's scrypt. One call that blocks for as long as it takes.
#pragma once

#include <cstdint>
#include <string>

/// What a hash costs. Memory in bytes: 1024 * 2^cost. Time grows with 2^cost and with passes.
struct ScryptCost {
  std::uint32_t cost = 15;
  std::uint32_t passes = 1;
};

/// A password's hash, with its salt and cost: "scrypt:15:1:<salt>:<key>", in hexadecimal digits.
/// Throws std::runtime_error when OpenSSL refuses the cost.
std::string hashPassword(std::string password, ScryptCost cost);

/// Whether `hash`, of hashPassword, is that of `password`. Throws std::runtime_error.
bool verifyPassword(std::string password, const std::string& hash);
