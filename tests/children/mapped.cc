// A worker program of its own that offers a function whose name and type the master knows, but not
// what it does.
#include <phial/worker.h>

namespace map_jobs {

int twice(int n) { return 3 * n; }

}  // namespace map_jobs

int main(int argc, char** argv) {
  phial::Worker worker;
  worker.add<map_jobs::twice>();
  return worker.serve(argc, argv);
}
