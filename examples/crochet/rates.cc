#include "rates.h"

#include <array>
#include <cstdio>
#include <stdexcept>

#include "quote.h"

namespace {

constexpr std::array kCurrencies{"CHF", "EUR", "GBP"};

}  // namespace

Rates::Rates(phial::Reactor& reactor, phial::Submitter workers, phial::Duration interval)
    : workers_(std::move(workers)), looping_(reactor, [this] { return refresh(); }) {
  looping_.start(interval).addErrback([](const phial::Failure& failure) {
    if (failure.check<phial::CancelledError>()) return;  // by the end of the Rates
    std::fprintf(stderr, "no more rates: %s\n", failure.describe().c_str());
  });
}

// The next call comes when this Deferred has its result, however long the workers take.
phial::Deferred<void> Rates::refresh() {
  std::vector<std::pair<std::string, int>> questions;
  for (const char* currency : kCurrencies) questions.emplace_back(currency, rounds_ + 1);
  return scope_.hold(workers_.map<quote>(std::move(questions)))
      .addCallback([this](const std::vector<double>& values) { keep(values); });
}

void Rates::keep(const std::vector<double>& values) {
  ++rounds_;
  for (std::size_t i = 0; i < values.size(); ++i) rates_[kCurrencies[i]] = {values[i], rounds_};
  for (const auto& each : std::exchange(waiting_, {})) each.callback();
}

Rate Rates::known(const std::string& currency) const {
  const auto found = rates_.find(currency);
  if (found == rates_.end()) throw std::invalid_argument("no currency '" + currency + "'");
  return found->second;
}

phial::Deferred<Rate> Rates::rate(std::string currency) {
  if (rounds_ == 0) {
    auto first = phial::newDeferred<void>();
    waiting_.push_back(std::move(first.resolver));
    co_await std::move(first.deferred);
  }
  co_return known(currency);
}
