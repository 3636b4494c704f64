// The part of the program that lives in the loop: rates that are computed again and again.
#pragma once

#include <phial/master.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

struct Rate {
  double value = 0;
  int round = 0;  // counts from 1
};

/// Thread rule: everything on the loop's thread.
class Rates {
 public:
  /// Asks `workers` for new rates every `interval`, the first ones at once.
  Rates(phial::Reactor& reactor, phial::Submitter workers, phial::Duration interval);

  /// The newest rate. Waits for the first round. Fails with std::invalid_argument for an unknown
  /// currency.
  phial::Deferred<Rate> rate(std::string currency);

 private:
  phial::Deferred<void> refresh();
  void keep(const std::vector<double>& values);
  Rate known(const std::string& currency) const;

  const phial::Submitter workers_;
  std::map<std::string, Rate> rates_;
  std::vector<phial::Resolver<void>> waiting_;  // for the first round
  int rounds_ = 0;
  phial::LoopingCall looping_;
  phial::Scope scope_;  // the last member: nothing that it holds goes on after this object's end
};
