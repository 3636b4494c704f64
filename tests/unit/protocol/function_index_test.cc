#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <phial/protocol/function_index.h>

namespace phial {
namespace {

using Status = FunctionIndex::Status;

FunctionIndex sample() {
  FunctionIndex index;
  index.add("isPrime", "bool (unsigned long)");
  index.add("area", "double (int)");
  index.add("area", "double (double)");
  index.add("twin", "int ()");
  index.add("twin", "int ()");
  return index;
}

TEST(FunctionIndexTest, FindsByNameAlone) {
  const auto found = sample().find("isPrime");
  EXPECT_EQ(found.status, Status::found);
  EXPECT_EQ(found.index, 0u);
}

TEST(FunctionIndexTest, SignatureTellsOverloadsApart) {
  EXPECT_EQ(sample().find("area").status, Status::ambiguous);
  const auto found = sample().find("area", "double (double)");
  EXPECT_EQ(found.status, Status::found);
  EXPECT_EQ(found.index, 2u);
}

TEST(FunctionIndexTest, UnknownNameIsExplainedByWhatThereIs) {
  EXPECT_EQ(sample().find("isprime").status, Status::notFound);
  EXPECT_EQ(sample().explain("isprime"),
            "the worker has no function 'isprime'; it has 'area', 'isPrime', 'twin'");
  EXPECT_EQ(FunctionIndex().explain("f"), "the worker has no function 'f'; it has none at all");
}

TEST(FunctionIndexTest, JobsOfPhialsOwnAreNotNamed) {
  FunctionIndex index;
  index.add("area", "int (int)");
  index.add("map of area", "ChunkResult<int> (ChunkOrder, Elements<int>)");
  EXPECT_EQ(index.explain("twin"), "the worker has no function 'twin'; it has 'area'");
  EXPECT_EQ(index.explain("map of twin"),
            "the worker has no function 'twin' to map a range with; it has 'area'");
  EXPECT_EQ(index.explain("map of area", "other"),
            "in the worker the function 'area' to map a range with has other parameters or another "
            "result than in this program");
}

TEST(FunctionIndexTest, LongListOfNamesIsCut) {
  FunctionIndex index;
  for (int i = 0; i < 23; ++i) index.add("f" + std::to_string(i), "void ()");
  EXPECT_THAT(index.explain("g"), testing::EndsWith(", and 3 more"));
}

TEST(FunctionIndexTest, WrongSignatureIsExplained) {
  EXPECT_EQ(sample().find("isPrime", "bool (int)").status, Status::wrongSignature);
  EXPECT_EQ(sample().explain("isPrime", "bool (int)"),
            "the function 'isPrime' is 'bool (unsigned long)', not 'bool (int)'");
}

TEST(FunctionIndexTest, TwinsAreAmbiguousEvenBySignature) {
  EXPECT_EQ(sample().find("twin", "int ()").status, Status::ambiguous);
  EXPECT_THAT(sample().explain("twin", "int ()"), testing::HasSubstr("several functions"));
}

}  // namespace
}  // namespace phial
