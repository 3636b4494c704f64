// A worker that writes down what it does, one word a line, into the file that is its first
// argument.
#include <phial/worker.h>

#include <fstream>
#include <string>

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : "";
  const auto note = [path](const std::string& what) {
    std::ofstream(path, std::ios::app) << what << '\n';
  };
  phial::Worker worker;
  worker.onStart([note] { note("first start"); });
  worker.onStart([note] { note("second start"); });
  worker.onStop([note] { note("first stop"); });
  worker.onStop([note] { note("second stop"); });
  worker.add("note", [note](const std::string& what) { note(what); });
  return worker.serve(argc, argv);
}
