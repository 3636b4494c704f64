// The job that runs a chunk of a map: see chunk_types.h.
#pragma once

#include <phial/master/detail/chunk_types.h>
#include <phial/master/detail/job.h>

#include <cstdint>
#include <memory>

namespace phial::inline v1::detail {

class ChunkJob final : public Holding<std::shared_ptr<ChunkFacts>, Job> {
 public:
  /// `function` lives as long as the program.
  ChunkJob(Job::Ticket ticket, Ref<CallOptions> options, const ChunkFunction& function,
           const ChunkOrder& order, ChunkElements elements);
  ~ChunkJob() override;

  void freeLeftOver(void* leftOver) noexcept override;

  unsigned argumentCount() const override { return 2; }
  std::uint64_t argumentWords() const override;
  void encodeArguments(ListWriter to) const override;
  std::shared_ptr<const void> arguments() const override { return elements_.all; }
  bool writtenAside() const noexcept override;
  std::unique_ptr<ArgumentWriting> beginWriting(std::uint64_t mostBytes) const override;

  void accept(ValueReader result) override;
  std::unique_ptr<ResultReading> beginReading(ValueReader result) const override;
  void acceptRead(ResultReading& reading) override;

 private:
  void discard() noexcept override;
  void free(ChunkFacts& result) const noexcept;

  const ElementType& elementType_;
  const ResultType& resultType_;
  const ChunkOrder order_;
  ChunkElements elements_;
};

}  // namespace phial::inline v1::detail
