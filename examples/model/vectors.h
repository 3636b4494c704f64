// The model: a table of vectors that is searched for the one nearest to a question.
//
// The table is made up, row by row, so that the master can ask for a row without having the table.
#pragma once

#include <cstdint>
#include <vector>

/// Fills the table. Runs in the template; the workers share it.
void loadModel(std::uint64_t mebibytes);

/// How many rows a table of this size has.
std::uint64_t rowsOf(std::uint64_t mebibytes);

/// Row `row` of every table, with a little noise.
std::vector<float> questionFor(std::uint64_t row);

/// A job: the row that is nearest to the question. Reads the whole table.
std::uint64_t nearestRow(const std::vector<float>& question);
