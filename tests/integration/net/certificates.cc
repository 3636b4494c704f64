#include "certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace phial {

struct TestAuthority::Pair {
  std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), EVP_PKEY_free};
};

namespace {

void checkedSsl(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL refuses to make a certificate");
}

void extend(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const made = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  checkedSsl(made != nullptr && X509_add_ext(certificate, made, -1) == 1);
  X509_EXTENSION_free(made);
}

void fill(X509* certificate, EVP_PKEY* key, const std::string& name) {
  static long serial = 1;
  constexpr long kHour = 3600;
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kHour);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kHour);
  X509_set_pubkey(certificate, key);
  const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, text, -1, -1,
                             0);
}

CertificateFiles save(const ScratchFolder& folder, const std::string& name, X509* certificate,
                      EVP_PKEY* key) {
  const auto text = [](auto write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
    checkedSsl(write(memory.get()) == 1);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &data);
    return std::string(data, static_cast<std::size_t>(size));
  };
  return {folder.write(name + ".pem",
                       text([&](BIO* to) { return PEM_write_bio_X509(to, certificate); })),
          folder.write(name + ".key", text([&](BIO* to) {
                         return PEM_write_bio_PrivateKey(to, key, nullptr, nullptr, 0, nullptr,
                                                         nullptr);
                       }))};
}

}  // namespace

TestAuthority::TestAuthority(const ScratchFolder& folder, const std::string& name)
    : folder_(folder), own_(new Pair) {
  X509* const certificate = own_->certificate.get();
  fill(certificate, own_->key.get(), name);
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  checkedSsl(X509_sign(certificate, own_->key.get(), EVP_sha256()) != 0);
  files_ = save(folder_, name, certificate, own_->key.get());
}

TestAuthority::~TestAuthority() { delete own_; }

CertificateFiles TestAuthority::issue(const std::string& name, const std::string& names) const {
  const Pair made;
  X509* const certificate = made.certificate.get();
  fill(certificate, made.key.get(), name);
  X509_set_issuer_name(certificate, X509_get_subject_name(own_->certificate.get()));
  extend(certificate, own_->certificate.get(), NID_subject_alt_name, names);
  checkedSsl(X509_sign(certificate, own_->key.get(), EVP_sha256()) != 0);
  return save(folder_, name, certificate, made.key.get());
}

}  // namespace phial
