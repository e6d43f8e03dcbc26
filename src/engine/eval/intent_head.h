// IntentHead: tells the class of a short text from phrasings of each class. Two views are added: a
// softmax regression over words, pairs of words and pieces of words (what was said), and the
// nearness of the text's vector to the class's mean (what is meant). They are learnt apart: an
// encoder knows the phrasings that it was trained on too well for one regression over both.
// Plain values; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace seine::engine {

class IntentHead {
 public:
  // One vector of length 1, and one class below `class_count`, a text. The same inputs give the
  // same head.
  static IntentHead fit(std::span<const std::string> texts,
                        std::span<const std::vector<float>> vectors,
                        std::span<const std::size_t> classes, std::size_t class_count);

  // The likeliest class.
  std::size_t guess(std::string_view text, std::span<const float> vector) const;

 private:
  // Rows of the weights, each present once; together they have length 1.
  static std::vector<std::uint32_t> rows_of(std::string_view text);
  void score_words(std::span<const std::uint32_t> rows, std::span<float> out) const;
  void learn_words(std::span<const std::string> texts, std::span<const std::size_t> classes);
  void learn_means(std::span<const std::vector<float>> vectors,
                   std::span<const std::size_t> classes);

  std::size_t class_count_ = 0;
  std::vector<bool> is_known_;  // rows that the phrasings have
  std::vector<float> weights_;  // row by class
  std::vector<std::vector<float>> means_;
};

}  // namespace seine::engine
