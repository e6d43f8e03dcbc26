#include "engine/eval/intent_head.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/random.h"
#include "engine/eval/words.h"

namespace seine::engine {
namespace {

constexpr std::size_t kWordRows = std::size_t{1} << 16;  // words and pieces, by hash
constexpr int kRounds = 8;
constexpr float kRate = 0.3F;
constexpr float kShrink = 1e-4F;
// What a cosine of 1 counts, in nats. Between 5 and 10 CLINC150 and BANKING77 differ by half a
// point.
constexpr float kMeaning = 10;
// A class whose probability is this near to right teaches nothing.
constexpr float kSettled = 1e-3F;

std::uint32_t row_of(std::string_view piece) {
  std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
  for (const char c : piece) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return static_cast<std::uint32_t>((hash ^ hash >> 32) % kWordRows);
}

float dot(std::span<const float> a, std::span<const float> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0F);
}

void to_probabilities(std::span<float> scores) {
  const float most = *std::ranges::max_element(scores);
  float sum = 0;
  for (float& x : scores) sum += x = std::exp(x - most);
  for (float& x : scores) x /= sum;
}

}  // namespace

// Words, pairs of neighbours with the text's borders, and pieces of three to five letters of words
// that are spelt in ASCII.
std::vector<std::uint32_t> IntentHead::rows_of(std::string_view text) {
  const std::vector<std::string> words = words_of(text).words;
  std::vector<std::uint32_t> out;
  std::string_view before;
  for (const std::string& word : words) {
    out.push_back(row_of("1" + word));
    out.push_back(row_of(std::string("2").append(before).append(" ").append(word)));
    before = word;
    if (static_cast<unsigned char>(word.front()) >= 0x80) continue;
    const std::string framed = " " + word + " ";
    for (std::size_t n = 3; n <= 5; ++n)
      for (std::size_t at = 0; at + n <= framed.size(); ++at)
        out.push_back(row_of("3" + framed.substr(at, n)));
  }
  out.push_back(row_of(std::string("2").append(before).append(" ")));
  std::ranges::sort(out);
  const auto [first, last] = std::ranges::unique(out);
  out.erase(first, last);
  return out;
}

void IntentHead::score_words(std::span<const std::uint32_t> rows, std::span<float> out) const {
  std::ranges::fill(out, 0.0F);
  if (rows.empty()) return;
  for (const std::uint32_t row : rows) {
    const float* weights = weights_.data() + row * class_count_;
    for (std::size_t c = 0; c < class_count_; ++c) out[c] += weights[c];
  }
  const float value = 1 / std::sqrt(static_cast<float>(rows.size()));
  for (float& x : out) x *= value;
}

// AdaGrad over single texts (Duchi et al. 2011), the rate falling to zero.
void IntentHead::learn_words(std::span<const std::string> texts,
                             std::span<const std::size_t> classes) {
  weights_.assign(kWordRows * class_count_, 0.0F);
  std::vector<float> squares(weights_.size(), 1e-8F);
  std::vector<std::vector<std::uint32_t>> rows;
  is_known_.assign(kWordRows, false);
  for (const std::string& text : texts) {
    rows.push_back(rows_of(text));
    for (const std::uint32_t row : rows.back()) is_known_[row] = true;
  }
  std::vector<std::size_t> order(texts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  base::SeededRandom random(1);
  std::vector<float> error(class_count_);
  std::vector<std::size_t> wrong;
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[random.below(k)]);
    const float rate = kRate * static_cast<float>(kRounds - round) / kRounds;
    for (const std::size_t i : order) {
      score_words(rows[i], error);
      to_probabilities(error);
      error[classes[i]] -= 1;
      wrong.clear();
      for (std::size_t c = 0; c < class_count_; ++c)
        if (std::abs(error[c]) > kSettled) wrong.push_back(c);
      const float value = 1 / std::sqrt(static_cast<float>(rows[i].size()));
      for (const std::uint32_t row : rows[i]) {
        float* weights = weights_.data() + row * class_count_;
        float* square = squares.data() + row * class_count_;
        for (const std::size_t c : wrong) {
          const float slope = value * error[c] + kShrink * weights[c];
          square[c] += slope * slope;
          weights[c] -= rate * slope / std::sqrt(square[c]);
        }
      }
    }
  }
}

void IntentHead::learn_means(std::span<const std::vector<float>> vectors,
                             std::span<const std::size_t> classes) {
  means_.assign(class_count_, {});
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    std::vector<float>& mean = means_[classes[i]];
    mean.resize(vectors[i].size());
    std::ranges::transform(mean, vectors[i], mean.begin(), std::plus{});
  }
  for (std::vector<float>& mean : means_) {
    const float length = std::sqrt(dot(mean, mean));
    for (float& x : mean) x /= std::max(length, 1e-20F);
  }
}

IntentHead IntentHead::fit(std::span<const std::string> texts,
                           std::span<const std::vector<float>> vectors,
                           std::span<const std::size_t> classes, std::size_t class_count) {
  IntentHead head;
  head.class_count_ = class_count;
  head.learn_words(texts, classes);
  head.learn_means(vectors, classes);
  return head;
}

std::size_t IntentHead::guess(std::string_view text, std::span<const float> vector) const {
  std::vector<float> scores(class_count_);
  std::vector<std::uint32_t> rows = rows_of(text);
  std::erase_if(rows, [&](std::uint32_t row) { return !is_known_[row]; });
  score_words(rows, scores);
  for (std::size_t c = 0; c < class_count_; ++c) scores[c] += kMeaning * dot(means_[c], vector);
  return static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin());
}

}  // namespace seine::engine
