// What the workers of these tests do.
#pragma once

#include <phial/protocol/function.h>
#include <phial/protocol/shared_array.h>

#include <cstdint>
#include <string>
#include <vector>

namespace nested {

/// The nodes of a binary tree of this depth; each node is a job.
std::uint64_t nodes(int depth);
/// The same, one branch after the other.
std::uint64_t nodesInTurn(int depth);
int twice(int n);
std::string whole(std::string text);
std::vector<double> halves(std::vector<double> numbers);
int dividedBy(int n, int by);
int killsItself(int n);
std::uint64_t withoutEnd(std::uint64_t level);
void announceAndHeed(std::string path);
void waitForEndOf(std::string path);
std::string printed(std::string text);

// Each of these says how it went.
std::vector<int> twiceEach(std::vector<int> numbers);
int sumOfProducts(int n);
std::string afterDeath();
std::string afterException();
std::string afterMisfit();
std::string afterSharedArray();
std::string afterUnknown();
std::string callsTooDeep();
std::string callsFromThread();
std::string callsAndKeeps();
std::string getsWhatWasKept();
std::string dropsOnThread();
std::string getsTwice();
std::string firstFailureOf(int count);
std::size_t sizeOfWhole(std::size_t bytes);
int callsTwice(int n);
int callsAndForgets(std::string path);
void callsAndHeeds(std::string path);
std::string callsAndHeedsSoftly(std::string path);
std::string callsAndIsKilled(std::string path);

std::string asksToAdd(int a, int b);
std::string asksToFail(std::string text);
std::string asksOther();
std::string asksFromThread();
std::string asksAndWaits();
void asksAndNeverReturns();
std::string keepsParent();
std::string asksKeptParent();
std::string asksForJob(int n);
std::string asksInForkedChild();

int poolOnItsThread(int n);
int poolOnAnotherThread(int n);
int poolThenCall(int n);
std::string waitsInsideLoop();

inline constexpr phial::Function<int(int)> kNobodys{"nested.nobodys"};

}  // namespace nested
