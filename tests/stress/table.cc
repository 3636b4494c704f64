#include "table.h"

#include <algorithm>

#include "expectation.h"

namespace matrix {
namespace {

constexpr std::size_t kWidth = 12;

std::string padded(std::string text) {
  text.resize(std::max(text.size() + 1, kWidth), ' ');
  return text;
}

template <class T>
void remember(std::vector<T>& all, T one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

// The letter of a note: the same for the same text.
std::string letterOf(const std::string& note, std::map<std::string, char>& notes) {
  if (note.empty()) return "";
  const auto next = static_cast<char>('a' + notes.size());
  return std::string(" ") + notes.emplace(note, next).first->second;
}

}  // namespace

void Table::addAbsent(const Cell& cell) { entryOf(cell); }

Table::Entry& Table::entryOf(const Cell& cell) {
  remember(faults_, cell.fault);
  remember(stages_, cell.stage);
  return entries_[{cell.stage, cell.fault}];
}

void Table::add(const Cell& cell, const Complaints& complaints) {
  Entry& entry = entryOf(cell);
  ++entry.runs;
  ++cells_;
  if (complaints.empty()) return;
  ++entry.failures;
  ++failures_;
}

std::string Table::outcome(Stage stage, phial::cli::Fault fault, const Entry& entry,
                           std::map<std::string, char>& notes) {
  const Expectation expected = expectationOf(stage, fault);
  if (entry.runs == 0) return "none" + letterOf(expected.absent, notes);
  const std::string ratio = std::to_string(entry.failures) + "/" + std::to_string(entry.runs);
  return (entry.failures == 0 ? "ok" : "FAIL " + ratio) + letterOf(expected.note, notes);
}

std::string Table::line(Stage stage, std::map<std::string, char>& notes) const {
  std::string text = padded(stageName(stage));
  for (const auto fault : faults_) {
    const auto found = entries_.find({stage, fault});
    text += padded(found != entries_.end() ? outcome(stage, fault, found->second, notes) : "-");
  }
  return text;
}

std::string Table::text() const {
  std::map<std::string, char> notes;
  std::string text = padded("");
  for (const auto fault : faults_) text += padded(phial::cli::faultName(fault));
  text += "\n";
  for (const Stage stage : stages_) text += line(stage, notes) + "\n";
  std::vector<std::pair<char, std::string>> ordered;
  for (const auto& [note, letter] : notes) ordered.emplace_back(letter, note);
  std::sort(ordered.begin(), ordered.end());
  for (const auto& [letter, note] : ordered) text += std::string(1, letter) + "  " + note + "\n";
  return text;
}

}  // namespace matrix
