// The outcome of all cells, for a person to read: a row a phase, a column a fault.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cell.h"

namespace matrix {

class Table {
 public:
  void add(const Cell& cell, const Complaints& complaints);
  /// A cell that there is no sense in running: its expectation says why.
  void addAbsent(const Cell& cell);

  unsigned cells() const { return cells_; }
  unsigned failures() const { return failures_; }
  /// With the notes of the cells that are shown.
  std::string text() const;

 private:
  struct Entry {
    unsigned runs = 0;
    unsigned failures = 0;
  };

  Entry& entryOf(const Cell& cell);
  static std::string outcome(Stage stage, phial::cli::Fault fault, const Entry& entry,
                             std::map<std::string, char>& notes);
  std::string line(Stage stage, std::map<std::string, char>& notes) const;

  std::map<std::pair<Stage, phial::cli::Fault>, Entry> entries_;
  std::vector<phial::cli::Fault> faults_;  // columns, in order of appearance
  std::vector<Stage> stages_;
  unsigned cells_ = 0;
  unsigned failures_ = 0;
};

}  // namespace matrix
