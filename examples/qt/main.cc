// A window on a zoom into the Mandelbrot set. The pool renders; the window goes on moving: a line
// runs along its lower edge, and its title says how long the event loop has kept the line waiting.
#include <phial/master.h>
#include <phial/qt.h>
#include <phial/worker.h>

#include <QApplication>
#include <QElapsedTimer>
#include <QImage>
#include <QPainter>
#include <QTimer>
#include <QWidget>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "zoom.h"

namespace {

constexpr int kWidth = 640;
constexpr int kHeight = 400;
constexpr int kStripRows = 50;
constexpr int kBeatMs = 20;

class Window final : public QWidget {
 public:
  /// Ends the application after `frames` pictures; zero for never.
  Window(phial::ProcessPool& pool, int frames)
      : pool_(pool), frames_(frames), picture_(kWidth, kHeight, QImage::Format_RGB32) {
    setFixedSize(kWidth, kHeight);
    picture_.fill(Qt::black);
    next_ = picture_;
    connect(&beat_, &QTimer::timeout, this, [this] { onBeat(); });
    beat_.start(kBeatMs);
    sinceBeat_.start();
    render();
  }

  void report() const {
    std::printf("%d pictures, the longest pause of the window: %lld ms\n", done_,
                static_cast<long long>(longestMs_));
  }

 private:
  void render() {
    left_ = kHeight / kStripRows;
    for (int top = 0; top < kHeight; top += kStripRows) {
      phial::qt::run<renderRows>(pool_, view_, top, top + kStripRows)
          .then(this, [this, top](const std::vector<std::uint32_t>& rows) { take(top, rows); })
          .onFailed(this, [](const phial::Error& error) {
            std::fprintf(stderr, "%s\n", error.what());
            QCoreApplication::exit(1);
          });
    }
  }
  void take(int top, const std::vector<std::uint32_t>& rows) {
    std::memcpy(next_.scanLine(top), rows.data(), rows.size() * sizeof(rows[0]));
    if (--left_ > 0) return;
    picture_ = next_;
    update();
    if (++done_ == frames_) return QCoreApplication::quit();
    view_.span *= 0.85;
    if (view_.span < 1e-6) view_.span = 3.2;
    render();
  }
  void onBeat() {
    longestMs_ = std::max(longestMs_, sinceBeat_.restart() - kBeatMs);
    position_ = (position_ + 4) % kWidth;
    setWindowTitle(QString("picture %1, longest pause %2 ms").arg(done_).arg(longestMs_));
    update();
  }
  void paintEvent(QPaintEvent*) override {
    QPainter painter(this);
    painter.drawImage(0, 0, picture_);
    painter.fillRect(position_, kHeight - 8, 60, 8, Qt::white);
    painter.fillRect(0, 0, kWidth, 26, QColor(0, 0, 0, 200));  // the picture may be as pale
    painter.setPen(Qt::white);
    painter.drawText(8, 18, windowTitle());
  }

  phial::ProcessPool& pool_;
  const int frames_;
  View view_{-0.7436438870, 0.1318259042, 3.2, kWidth, kHeight};
  QImage picture_;
  QImage next_;
  QTimer beat_;
  QElapsedTimer sinceBeat_;
  int left_ = 0;
  int done_ = 0;
  int position_ = 0;
  qint64 longestMs_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  QApplication application(argc, argv);
  phial::Reactor reactor;
  phial::qt::Loop loop(reactor);
  phial::ProcessPool pool(reactor, {.name = "zoom"});
  Window window(pool, argc > 1 ? std::atoi(argv[1]) : 0);
  window.show();
  const int status = application.exec();
  window.report();
  return status;
}
