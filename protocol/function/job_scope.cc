#include <phial/protocol/job_scope.h>

namespace phial::inline v1::detail {
namespace {

constinit thread_local JobScope* scope = nullptr;

}  // namespace

JobScope::JobScope() { scope = this; }
JobScope::~JobScope() { scope = nullptr; }

JobScope* JobScope::ofThisThread() { return scope; }

}  // namespace phial::inline v1::detail
