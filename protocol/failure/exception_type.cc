#include <phial/protocol/exception_type.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <vector>

namespace phial::inline v1::detail {
namespace {

struct Registered {
  std::string name;
  std::shared_ptr<const ReviveFunction> revive;
};

struct Registry {
  std::shared_mutex mutex;
  std::vector<Registered> types;  // the latest last
};

// Objects with static storage register themselves, before and after anything else here lives.
Registry& registry() {
  static auto& instance = *new Registry;
  return instance;
}

std::shared_ptr<const ReviveFunction> find(const std::string& name) {
  Registry& all = registry();
  const std::shared_lock lock(all.mutex);
  const auto found =
      std::find_if(all.types.rbegin(), all.types.rend(),
                   [&](const Registered& registered) { return registered.name == name; });
  return found == all.types.rend() ? nullptr : found->revive;
}

void remove(const std::shared_ptr<const ReviveFunction>& revive) {
  Registry& all = registry();
  const std::unique_lock lock(all.mutex);
  std::erase_if(all.types,
                [&](const Registered& registered) { return registered.revive == revive; });
}

}  // namespace

std::shared_ptr<const void> registerException(std::string name, ReviveFunction revive) {
  auto shared = std::make_shared<const ReviveFunction>(std::move(revive));
  Registry& all = registry();
  const std::unique_lock lock(all.mutex);
  all.types.push_back({std::move(name), shared});
  return {shared.get(), [shared](const void*) { remove(shared); }};
}

// A program's function runs without the lock.
std::exception_ptr reviveRegistered(const RemoteInfo& info) {
  for (const auto& type : info.types) {
    const auto revive = find(type);
    if (!revive) continue;
    try {
      return (*revive)(info);
    } catch (...) {
      return std::current_exception();
    }
  }
  return nullptr;
}

}  // namespace phial::inline v1::detail
