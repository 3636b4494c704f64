#include "post_office.h"

#include <cstdio>
#include <utility>

PostOffice::PostOffice(phial::Reactor& reactor, phial::Submitter workers)
    : workers_(std::move(workers)), rounds_(reactor, [this] { return receive(); }) {}

phial::Deferred<void> PostOffice::open(phial::Duration interval) { return rounds_.start(interval); }

// The LoopingCall waits for this Deferred, so that one letter is dealt with before the next comes.
phial::Deferred<void> PostOffice::receive() {
  if (received_ == letters_.size()) {
    rounds_.stop();  // the Deferred of start() fires
    return phial::succeed();
  }
  const std::size_t number = ++received_;
  return sort(number, letters_[number - 1]);
}

// One errback at the end of the chain for all that can fail: the function, and its worker.
phial::Deferred<void> PostOffice::sort(std::size_t number, const Letter& letter) {
  return workers_.deferToProcess<folderOf>(letter)
      .addCallback([=, this, &letter](const std::string& folder) { file(number, letter, folder); })
      .addErrback([=, this](const phial::Failure& failure) { refuse(number, failure); });
}

void PostOffice::file(std::size_t number, const Letter& letter, const std::string& folder) {
  ++folders_[folder];
  std::printf("letter %zu from %s: %s\n", number, letter.sender.c_str(), folder.c_str());
}

void PostOffice::refuse(std::size_t number, const phial::Failure& failure) {
  ++folders_["refused"];
  const bool crashed = failure.kind() == phial::FailureKind::crashed;
  std::printf("letter %zu refused: %s\n", number,
              crashed ? "it was a bomb" : failure.message().c_str());
}

void PostOffice::close() const {
  std::printf("closed:");
  for (const auto& [folder, count] : folders_) std::printf(" %zu %s", count, folder.c_str());
  std::printf("\n");
}
