// Certificates for a test, made when it runs.
#pragma once

#include <string>

#include "tests/support/scratch_folder.h"

namespace phial {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

/// A certificate authority of its own.
class TestAuthority {
 public:
  explicit TestAuthority(const ScratchFolder& folder, const std::string& name);
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  const std::string& file() const { return files_.certificate; }
  /// A certificate for `names`, in OpenSSL's form: "DNS:localhost,IP:127.0.0.1".
  CertificateFiles issue(const std::string& name, const std::string& names) const;

 private:
  struct Pair;
  const ScratchFolder& folder_;
  Pair* own_;
  CertificateFiles files_;
};

}  // namespace phial
