#include "options.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/command_line.h"

namespace {

constexpr int kLargestSide = 32768;

// "3840x2160" into the two numbers; the empty string when it is right, else what is wrong.
std::string parseSize(const std::string& text, Options& options) {
  int end = 0;
  const bool matched =
      std::sscanf(text.c_str(), "%6dx%6d%n", &options.width, &options.height, &end) == 2 &&
      static_cast<std::size_t>(end) == text.size();
  const auto inRange = [](int side) { return side >= 1 && side <= kLargestSide; };
  if (matched && inRange(options.width) && inRange(options.height)) return "";
  return "\"" + text + "\" is no size: give WIDTHxHEIGHT, each from 1 to " +
         std::to_string(kLargestSide) + ", such as 3840x2160";
}

// Better now than after the work: the empty string when the file can be written.
std::string tryToOpen(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "ab");
  if (file == nullptr) return "--out: cannot write " + path + ": " + std::strerror(errno);
  std::fclose(file);
  return "";
}

}  // namespace

Options parseOptions(int argc, char** argv) {
  Options options;
  std::string size = "3840x2160";
  CLI::App app(
      "Renders a picture of the Mandelbrot set into a PNG file: first through a pool of worker\n"
      "processes, then inline in the event loop, with a 5 ms heartbeat on the loop both times.\n"
      "One worker is killed on the way, and the picture is complete all the same.",
      "mandelbrot");
  app.add_option("--size", size, "Width and height in pixels")
      ->check([&](const std::string& text) { return parseSize(text, options); })
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  app.add_option("--out", options.out, "The PNG file to write")->capture_default_str();
  examples::parseOrExit(app, argc, argv);
  if (const auto wrong = tryToOpen(options.out); !wrong.empty()) examples::refuse(app, wrong);
  return options;
}
