// How a run's memory and descriptors went over time, in a bounded number of points.
//
// When there are too many, every second one goes and from then on half as many are taken: the
// points stay evenly spread over the whole run, however long it gets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace phial::inline v1::cli {

struct SeriesPoint {
  double seconds = 0;  ///< since the beginning
  std::uint64_t settled = 0;
  std::uint64_t rssBytes = 0;
  std::size_t descriptors = 0;
  std::size_t workers = 0;
};

class Series {
 public:
  static constexpr std::size_t kMost = 40;

  void add(const SeriesPoint& point) {
    if (offered_++ % stride_ != 0) return;
    points_.push_back(point);
    if (points_.size() == kMost) thinOut();
  }

  const std::vector<SeriesPoint>& points() const { return points_; }

 private:
  void thinOut() {
    for (std::size_t i = 0; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
    points_.resize((points_.size() + 1) / 2);
    stride_ *= 2;
  }

  std::vector<SeriesPoint> points_;
  std::uint64_t offered_ = 0;
  std::uint64_t stride_ = 1;
};

}  // namespace phial::inline v1::cli
