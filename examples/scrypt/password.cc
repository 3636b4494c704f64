#include "password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <cinttypes>
#include <cstdio>
#include <stdexcept>

namespace {

constexpr std::uint64_t kBlock = 8;  // scrypt's r
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kKeyBytes = 32;
using Salt = std::array<unsigned char, kSaltBytes>;
using Key = std::array<unsigned char, kKeyBytes>;

// The worker serves others after this: the password must not stay in its memory.
class Erased {
 public:
  explicit Erased(std::string& secret) : secret_(secret) {}
  ~Erased() { OPENSSL_cleanse(secret_.data(), secret_.size()); }
  Erased(const Erased&) = delete;
  Erased& operator=(const Erased&) = delete;

 private:
  std::string& secret_;
};

Key derive(const std::string& password, const Salt& salt, ScryptCost cost) {
  if (cost.cost == 0 || cost.cost > 24 || cost.passes == 0) {
    throw std::runtime_error("scrypt: the cost is out of range");
  }
  const std::uint64_t n = std::uint64_t{1} << cost.cost;
  const std::uint64_t memory = 128 * kBlock * (n + cost.passes + 2);
  Key key{};
  if (EVP_PBE_scrypt(password.data(), password.size(), salt.data(), salt.size(), n, kBlock,
                     cost.passes, memory, key.data(), key.size()) != 1) {
    throw std::runtime_error("scrypt: refused");
  }
  return key;
}

template <class Bytes>
std::string hex(const Bytes& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  return text;
}

template <class Bytes>
Bytes fromHex(const std::string& text) {
  Bytes bytes{};
  if (text.size() != 2 * bytes.size()) throw std::runtime_error("not a hash");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<unsigned char>(std::stoul(text.substr(2 * i, 2), nullptr, 16));
  }
  return bytes;
}

}  // namespace

std::string hashPassword(std::string password, ScryptCost cost) {
  const Erased erased(password);
  Salt salt{};
  if (RAND_bytes(salt.data(), salt.size()) != 1) throw std::runtime_error("no random bytes");
  const Key key = derive(password, salt, cost);
  return "scrypt:" + std::to_string(cost.cost) + ":" + std::to_string(cost.passes) + ":" +
         hex(salt) + ":" + hex(key);
}

bool verifyPassword(std::string password, const std::string& hash) {
  const Erased erased(password);
  ScryptCost cost;
  char salt[2 * kSaltBytes + 1];
  char key[2 * kKeyBytes + 1];
  if (std::sscanf(hash.c_str(), "scrypt:%" SCNu32 ":%" SCNu32 ":%32[0-9a-f]:%64[0-9a-f]",
                  &cost.cost, &cost.passes, salt, key) != 4) {
    throw std::runtime_error("not a hash");
  }
  const Key found = derive(password, fromHex<Salt>(salt), cost);
  const Key wanted = fromHex<Key>(key);
  return CRYPTO_memcmp(found.data(), wanted.data(), found.size()) == 0;
}
