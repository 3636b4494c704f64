#include "options.h"

#include "common/command_line.h"

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app(
      "Paints a picture of a Julia set into a PPM file. Each worker streams its tiles as they are\n"
      "done. If a worker dies, the tiles that it had not finished are painted by another.",
      "render_stream");
  app.add_option("--size", options.size, "Width and height in pixels")
      ->check(CLI::Range(1, 16384))
      ->capture_default_str();
  app.add_option("--workers", options.workers, "Worker processes (default: one a core)")
      ->check(CLI::Range(1, 256));
  app.add_option("--out", options.out, "The PPM file to write")->capture_default_str();
  app.add_flag("--kill", options.kill, "Kill a worker after the first tile");
  examples::parseOrExit(app, argc, argv);
  return options;
}
