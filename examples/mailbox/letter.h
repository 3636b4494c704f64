// A letter, and the work that sorts it.
#pragma once

#include <string>
#include <vector>

/// A plain aggregate: it travels to a worker as it is.
struct Letter {
  std::string sender;
  std::string text;
};

/// The folder for a letter. Runs in a worker. Throws std::invalid_argument for a letter without a
/// sender, and crashes on a letter with a bomb.
std::string folderOf(const Letter& letter);

/// What arrives in the course of a day.
std::vector<Letter> lettersOfTheDay();
