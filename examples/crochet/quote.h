// What the workers compute. The market is made up: nothing is fetched from anywhere.
#pragma once

#include <string>

/// The currencies that the market knows: "CHF", "EUR", "GBP".
bool isCurrency(const std::string& name);

/// What a dollar costs in round `round`. Throws std::invalid_argument for an unknown currency.
double quote(const std::string& currency, int round);

/// The mean of many chance courses of a currency. Always the same for the same currency; takes some
/// tenths of a second.
double forecast(const std::string& currency);
