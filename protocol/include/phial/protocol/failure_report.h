// Failures for somebody farther away than the master of a job, or for a job that has called
// another: with every error of Phial's, and with the certificates of the workers that died. The
// wire form is report.capnp's Report; for what a worker says to its master see failure_codec.h.
#pragma once

#include <phial/protocol/death_certificate.h>
#include <phial/protocol/failure.h>
#include <phial/schema/report.capnp.h>

#include <cstdint>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

/// Writes everything that `failure` says.
void writeReport(const Failure& failure, schema::Report::Builder to);
/// An upper bound of the words that writeReport needs.
std::uint64_t reportWords(const Failure& failure);

/// Reads what writeReport has written: rethrow() throws the same class of Phial's errors, with its
/// certificates. An error that this build does not know is known by its type's name and text, and
/// certificates without an error that carries them are left out. Never throws for bad content: a
/// report that cannot be read becomes an EncodingError that says so.
Failure readReport(schema::Report::Reader from);

void writeCertificate(const DeathCertificate& certificate, schema::DeathCertificate::Builder to);
/// A cause or phase that this build does not know is read as `reaped` or `idle`, and named in
/// `detail`. Throws kj::Exception for a malformed message.
DeathCertificate readCertificate(schema::DeathCertificate::Reader from);

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
