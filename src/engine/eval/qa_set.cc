#include "engine/eval/qa_set.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "engine/eval/words.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Json;
using base::Result;

Result<> add_row(const Json& row, QaSet& set) {
  const auto title = SEINE_TRY(base::get_or<std::string>(row, "title", ""));
  const auto context = SEINE_TRY(base::require<std::string>(row, "context"));
  const bool han = words_of(context).has_han;
  // Titles of this layout spell a blank as a line.
  std::string passage = title;
  std::ranges::replace(passage, '_', ' ');
  if (!title.empty()) passage += han ? "：" : ": ";
  passage += context;
  const Json* list = base::find(row, "qas");
  if (list == nullptr || !list->is_array())
    return base::fail(Code::kInvalidArgument, "'qas' is no list");
  for (const Json& entry : *list) {
    QaQuestion question{.question = SEINE_TRY(base::require<std::string>(entry, "q")),
                        .answers = {},
                        .passage = set.passages.size()};
    const Json* answers = base::find(entry, "a");
    if (answers == nullptr || !answers->is_array())
      return base::fail(Code::kInvalidArgument, "'a' is no list");
    for (const Json& answer : *answers) {
      if (!answer.is_string()) return base::fail(Code::kInvalidArgument, "an answer is no text");
      question.answers.push_back(answer.get<std::string>());
    }
    set.questions.push_back(std::move(question));
  }
  set.passages.push_back(std::move(passage));
  set.titles.push_back(title);
  return {};
}

}  // namespace

Result<QaSet> parse_qa(std::string_view json_lines) {
  QaSet set;
  std::size_t number = 0;
  for (const std::string_view line : base::split(json_lines, '\n')) {
    ++number;
    if (base::trim(line).empty()) continue;
    const auto where = [&] { return "line " + std::to_string(number); };
    Result<Json> row = base::parse_json(line);
    if (!row) return std::unexpected(std::move(row).error().within(where()));
    if (Result<> added = add_row(*row, set); !added)
      return std::unexpected(std::move(added).error().within(where()));
  }
  return set;
}

struct NearPassages::Index {
  // word -> (passage, how often)
  std::unordered_map<std::string, std::vector<std::pair<std::uint32_t, std::uint32_t>>> places;
  std::vector<double> lengths;
  double mean_length = 1;
};

NearPassages::NearPassages(const QaSet& set) : set_(set), index_(std::make_unique<Index>()) {
  double total = 0;
  for (std::size_t i = 0; i < set.passages.size(); ++i) {
    std::map<std::string, std::uint32_t> counts;
    const Words words = words_of(set.passages[i]);
    for (const std::string& word : words.words) ++counts[word];
    for (const auto& [word, count] : counts)
      index_->places[word].emplace_back(static_cast<std::uint32_t>(i), count);
    index_->lengths.push_back(static_cast<double>(words.words.size()));
    total += index_->lengths.back();
  }
  if (!set.passages.empty())
    index_->mean_length = std::max(1.0, total / static_cast<double>(set.passages.size()));
}

NearPassages::~NearPassages() = default;

std::vector<std::size_t> NearPassages::find(const QaQuestion& question, std::size_t count) const {
  // Robertson's usual constants.
  constexpr double kK1 = 1.2;
  constexpr double kB = 0.75;
  const auto passages = static_cast<double>(set_.passages.size());
  std::unordered_map<std::uint32_t, double> scores;
  for (const std::string& word : words_of(question.question).words) {
    const auto at = index_->places.find(word);
    if (at == index_->places.end()) continue;
    const auto holders = static_cast<double>(at->second.size());
    const double weight = std::log(1 + (passages - holders + 0.5) / (holders + 0.5));
    for (const auto& [passage, times] : at->second) {
      const double length = index_->lengths[passage] / index_->mean_length;
      const auto often = static_cast<double>(times);
      scores[passage] += weight * often * (kK1 + 1) / (often + kK1 * (1 - kB + kB * length));
    }
  }
  std::vector<std::pair<double, std::uint32_t>> order;
  order.reserve(scores.size());
  for (const auto& [passage, score] : scores) order.emplace_back(-score, passage);
  std::ranges::sort(order);
  std::vector<std::size_t> out;
  for (const auto& [score, passage] : order) {
    if (out.size() == count) break;
    if (passage == question.passage) continue;
    const std::string& text = set_.passages[passage];
    const bool holds = std::ranges::any_of(question.answers, [&](const std::string& answer) {
      return text.find(answer) != std::string::npos;
    });
    if (!holds) out.push_back(passage);
  }
  return out;
}

QaScore score_answer(std::string_view given, const std::vector<std::string>& answers) {
  const auto normal = [](std::string_view text) {
    Words words = words_of(text);
    if (!words.has_han)
      std::erase_if(words.words, [](const std::string& word) {
        return word == "a" || word == "an" || word == "the";
      });
    return words.words;
  };
  const std::vector<std::string> said = normal(given);
  QaScore best;
  for (const std::string& answer : answers) {
    std::vector<std::string> rest = normal(answer);
    const std::size_t wanted = rest.size();
    best.exact = std::max(best.exact, said == rest ? 1.0 : 0.0);
    std::size_t common = 0;
    for (const std::string& word : said) {
      const auto at = std::ranges::find(rest, word);
      if (at == rest.end()) continue;
      rest.erase(at);
      ++common;
    }
    const auto both = static_cast<double>(said.size() + wanted);
    best.f1 = std::max({best.f1, common > 0 ? 2.0 * static_cast<double>(common) / both : 0.0,
                        said.empty() && wanted == 0 ? 1.0 : 0.0});
  }
  return best;
}

}  // namespace seine::engine
