#include "engine/eval/rank_set.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace seine::engine {

using base::Code;
using base::Json;
using base::Result;

namespace {

Result<std::string> id_of(const Json& row) {
  const Json* id = base::find(row, "id");
  if (id != nullptr && id->is_number_integer()) return base::to_text(*id);
  return base::require<std::string>(row, "id");
}

double percent(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Result<> each_row(std::string_view lines, std::string_view what,
                  const std::function<Result<>(const Json&)>& take) {
  std::size_t number = 0;
  for (const std::string_view line : base::split(lines, '\n')) {
    ++number;
    if (base::trim(line).empty()) continue;
    const auto where = [&] { return fmt::format("{}, line {}", what, number); };
    Result<Json> row = base::parse_json(line);
    if (!row) return std::unexpected(std::move(row).error().within(where()));
    if (Result<> taken = take(*row); !taken)
      return std::unexpected(std::move(taken).error().within(where()));
  }
  return {};
}

Result<std::vector<std::string>> texts_in(const Json& row, std::string_view key) {
  std::vector<std::string> out;
  const Json* list = base::find(row, key);
  if (list == nullptr) return out;
  if (!list->is_array()) return base::fail(Code::kInvalidArgument, "'{}' is no list", key);
  for (const Json& one : *list) {
    if (one.is_string()) {
      out.push_back(one.get<std::string>());
    } else if (one.is_number_integer()) {
      out.push_back(base::to_text(one));
    } else {
      return base::fail(Code::kInvalidArgument, "'{}' holds something that is no text", key);
    }
  }
  return out;
}

Result<RankEntries> parse_entries(std::string_view lines) {
  RankEntries out;
  SEINE_CHECK(each_row(lines, "entries", [&](const Json& row) -> Result<> {
    const std::string id = SEINE_TRY(id_of(row));
    const auto title = SEINE_TRY(base::get_or<std::string>(row, "title", ""));
    const std::size_t number = out.number.size();
    if (!out.number.emplace(id, number).second)
      return base::fail(Code::kInvalidArgument, "the id '{}' occurs twice", id);
    std::vector<std::string> texts = SEINE_TRY(texts_in(row, "texts"));
    if (const Json* text = base::find(row, "text"); text != nullptr && text->is_string()) {
      texts.push_back((title.empty() ? "" : title + "\n") + text->get<std::string>());
    } else if (!title.empty()) {
      texts.push_back(title);
    }
    if (texts.empty()) return base::fail(Code::kInvalidArgument, "entry '{}' has no text", id);
    for (std::string& text : texts) {
      out.texts.push_back(std::move(text));
      out.entry.push_back(number);
    }
    return {};
  }));
  if (out.texts.empty()) return base::fail(Code::kInvalidArgument, "there are no entries");
  return out;
}

Result<RankQueries> parse_queries(std::string_view lines, const RankEntries& entries,
                                  std::size_t count_max) {
  RankQueries all;
  SEINE_CHECK(each_row(lines, "queries", [&](const Json& row) -> Result<> {
    std::vector<std::size_t> right;
    for (const std::string& id : SEINE_TRY(texts_in(row, "rel"))) {
      const auto found = entries.number.find(id);
      if (found == entries.number.end())
        return base::fail(Code::kInvalidArgument, "'rel' names '{}', which is no entry", id);
      right.push_back(found->second);
    }
    if (right.empty()) return base::fail(Code::kInvalidArgument, "'rel' names no entry");
    all.texts.push_back(SEINE_TRY(base::require<std::string>(row, "q")));
    all.right.push_back(std::move(right));
    return {};
  }));
  if (all.texts.empty()) return base::fail(Code::kInvalidArgument, "there are no queries");
  const std::size_t count =
      count_max == 0 ? all.texts.size() : std::min(count_max, all.texts.size());
  RankQueries out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = i * all.texts.size() / count;
    out.texts.push_back(std::move(all.texts[at]));
    out.right.push_back(std::move(all.right[at]));
  }
  return out;
}

void RankCount::add(std::size_t before) {
  ++queries_;
  among_1_ += before < 1 ? 1 : 0;
  among_5_ += before < 5 ? 1 : 0;
  among_10_ += before < 10 ? 1 : 0;
  reciprocal_ += before < 10 ? 1.0 / static_cast<double>(before + 1) : 0;
}

RankReport RankCount::report() const {
  return {.entries = entries_,
          .queries = queries_,
          .recall_1 = percent(among_1_, queries_),
          .recall_5 = percent(among_5_, queries_),
          .recall_10 = percent(among_10_, queries_),
          .reciprocal_rank = queries_ == 0 ? 0 : reciprocal_ / static_cast<double>(queries_)};
}

Json to_json(const RankReport& report) {
  return {{"entries", report.entries},
          {"queries", report.queries},
          {"recall_at_1", report.recall_1},
          {"recall_at_5", report.recall_5},
          {"recall_at_10", report.recall_10},
          {"mrr_at_10", report.reciprocal_rank},
          {"texts_per_second", report.texts_per_second}};
}

}  // namespace seine::engine
