// Submitter::call: a job whose function and arguments have no C++ types here.
#include <phial/master/detail/runner.h>
#include <phial/master/submitter.h>
#include <phial/protocol/any_value_sliced.h>

#include <utility>

namespace phial::inline v1 {
namespace detail {
namespace {

using Holder = ArgumentHolder<AnyValue::List>;

SlicedWork writeAll(const AnyValue::List& values, ListWriter to) {
  std::size_t index = 0;
  for (const auto& value : values) {
    const auto part = encodePart<AnyValue>(value, to[index++], {});
    co_await part;
    co_await Spent{kElementCost};
  }
}

class WritingValues final : public ArgumentWriting {
 public:
  WritingValues(const std::shared_ptr<const Holder>& values, std::uint64_t mostBytes)
      : ArgumentWriting(values, listOf(*values).size(), mostBytes, By::library) {
    begin(writeAll(listOf(*values), places()));
  }

 private:
  static const AnyValue::List& listOf(const Holder& values) { return std::get<0>(values.get()); }
};

class ValuesJob final : private OwnedName, public TypedJob<AnyValue> {
 public:
  ValuesJob(Job::Ticket ticket, Ref<CallOptions> options, std::string_view name,
            AnyValue::List values)
      : OwnedName(name),
        TypedJob<AnyValue>(ticket, std::move(options), owned, {}),
        values_(std::make_shared<const Holder>(std::tuple(std::move(values)))) {}

  unsigned argumentCount() const override { return static_cast<unsigned>(all().size()); }
  std::uint64_t argumentWords() const override {
    std::uint64_t words = 0;
    for (const auto& value : all()) words += encodedWords(value);
    return words;
  }
  void encodeArguments(ListWriter to) const override {
    std::size_t index = 0;
    for (const auto& value : all()) encode(value, to[index++]);
  }
  std::shared_ptr<const void> arguments() const override { return values_; }
  bool writtenAside() const noexcept override { return values_->writtenAside(); }
  std::unique_ptr<ArgumentWriting> beginWriting(std::uint64_t mostBytes) const override {
    return std::make_unique<WritingValues>(values_, mostBytes);
  }

 private:
  void discard() noexcept override {
    values_ = nullptr;
    TypedJob<AnyValue>::discard();
  }
  const AnyValue::List& all() const { return std::get<0>(values_->get()); }

  std::shared_ptr<const Holder> values_;
};

}  // namespace
}  // namespace detail

Deferred<AnyValue> Submitter::call(std::string_view name, Values arguments) const {
  auto* const runner = link_->runner.get();
  if (runner == nullptr) return fail<AnyValue>(detail::poolGone());
  detail::Ref<detail::ValuesJob> job(
      new detail::ValuesJob(runner->newTicket(), options_, name, std::move(arguments).list()));
  auto deferred =
      detail::Access::wrap<AnyValue>(detail::Chain::pending(detail::Ref<detail::Source>(job)));
  runner->submit(std::move(job));
  return deferred;
}

}  // namespace phial::inline v1
