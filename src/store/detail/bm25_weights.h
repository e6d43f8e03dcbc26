// The numbers that a search hands to the ranking function, packed into one SQL parameter: k1, b, a
// weight for each column, then the idf of each phrase. A value.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace seine::store::detail {

inline constexpr int kTextColumns = 3;  // title, heading, body

// Lucene's form, never negative: ln(1 + (N - n + 0.5) / (n + 0.5)).
inline double bm25_idf(std::uint64_t documents, std::uint64_t with_term) {
  const auto total = static_cast<double>(documents);
  const auto n = std::min(static_cast<double>(with_term), total);
  return std::log(1 + (total - n + 0.5) / (n + 0.5));
}

class Bm25Weights {
 public:
  Bm25Weights() = default;
  Bm25Weights(const Bm25Weights&) = delete;  // the view is of its own bytes
  Bm25Weights& operator=(const Bm25Weights&) = delete;
  Bm25Weights(double k1, double b, const double (&columns)[kTextColumns],
              const std::vector<double>& idf) {
    const auto add = [this](double value) {
      owned_.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    add(k1);
    add(b);
    for (const double weight : columns) add(weight);
    for (const double value : idf) add(value);
    bytes_ = owned_;
  }

  bool parse(std::string_view bytes) {
    bytes_ = bytes;
    return bytes.size() >= kHead * sizeof(double) && bytes.size() % sizeof(double) == 0;
  }
  std::string_view bytes() const { return bytes_; }

  double k1() const { return at(0); }
  double b() const { return at(1); }
  double column(int index) const { return at(2 + static_cast<std::size_t>(index)); }
  // 0 for a phrase that has no weight.
  double idf(int phrase) const {
    const std::size_t index = kHead + static_cast<std::size_t>(phrase);
    return index < bytes_.size() / sizeof(double) ? at(index) : 0;
  }

 private:
  static constexpr std::size_t kHead = 2 + kTextColumns;
  double at(std::size_t index) const {
    double value = 0;
    std::memcpy(&value, bytes_.data() + index * sizeof(double), sizeof value);
    return value;
  }
  std::string owned_;
  std::string_view bytes_;
};

}  // namespace seine::store::detail
