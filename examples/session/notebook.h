// A notebook of named numbers, which a worker keeps for as long as it is leased.
#pragma once

#include <string>

/// Runs in a leased worker. "name = sum" notes a number and "sum" tells one, where a sum is numbers
/// and names with + between them. Returns what the line says of the number. "crash" ends the
/// worker. Throws std::invalid_argument for a name that the notebook does not have.
std::string evaluate(const std::string& line);
