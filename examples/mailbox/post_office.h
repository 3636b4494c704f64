// Receives letters at an interval, and has each one sorted by a pool.
#pragma once

#include <phial/master.h>

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "letter.h"

class PostOffice {
 public:
  PostOffice(phial::Reactor& reactor, phial::Submitter workers);

  /// Receives a letter every `interval`, the first one at once. Fires when all have been dealt
  /// with.
  phial::Deferred<void> open(phial::Duration interval);

  /// Prints what is in the folders.
  void close() const;

 private:
  phial::Deferred<void> receive();
  phial::Deferred<void> sort(std::size_t number, const Letter& letter);
  void file(std::size_t number, const Letter& letter, const std::string& folder);
  void refuse(std::size_t number, const phial::Failure& failure);

  const phial::Submitter workers_;
  const std::vector<Letter> letters_ = lettersOfTheDay();
  std::size_t received_ = 0;
  std::map<std::string, std::size_t> folders_;
  phial::LoopingCall rounds_;
};
