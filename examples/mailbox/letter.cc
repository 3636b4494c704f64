#include "letter.h"

#include <cstdlib>
#include <stdexcept>

std::string folderOf(const Letter& letter) {
  const auto has = [&](const char* word) { return letter.text.find(word) != std::string::npos; };
  if (letter.sender.empty()) throw std::invalid_argument("no sender");
  if (has("tick tick")) std::abort();
  if (has("invoice")) return "bills";
  return has("offer") ? "advertising" : "personal";
}

std::vector<Letter> lettersOfTheDay() {
  return {{"Ada", "the engine runs"},        {"power company", "your invoice"},
          {"", "guess who wrote this"},      {"a stranger", "tick tick tick"},
          {"a shop", "an offer for you"},    {"Charles", "it does not run here"},
          {"water company", "your invoice"}, {"another shop", "an offer, only today"}};
}
