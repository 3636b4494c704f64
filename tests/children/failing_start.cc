// A worker that cannot get ready.
#include <phial/worker.h>

#include <stdexcept>

int main(int argc, char** argv) {
  phial::Worker worker;
  worker.onStart([] { throw std::runtime_error("no licence"); });
  return worker.serve(argc, argv);
}
