#include "answer/plan/queries.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

using base::Language;

struct Pair {
  std::string_view en;
  std::string_view zh;
};

// Words of questions that names are joined with. Enough for "CATL annual revenue" against
// "CATL 年 营收"; prose is beyond rules.
constexpr auto kGlossary = std::to_array<Pair>({
    {"price", "价格"},
    {"weather", "天气"},
    {"latest", "最新"},
    {"news", "新闻"},
    {"revenue", "营收"},
    {"profit", "利润"},
    {"company", "公司"},
    {"founder", "创始人"},
    {"founded", "成立"},
    {"population", "人口"},
    {"capital", "首都"},
    {"president", "总统"},
    {"release date", "发布日期"},
    {"released", "发布"},
    {"version", "版本"},
    {"license", "许可证"},
    {"author", "作者"},
    {"length", "长度"},
    {"height", "高度"},
    {"weight", "重量"},
    {"area", "面积"},
    {"speed", "速度"},
    {"history", "历史"},
    {"definition", "定义"},
    {"difference", "区别"},
    {"comparison", "对比"},
    {"review", "评测"},
    {"tutorial", "教程"},
    {"installation", "安装"},
    {"documentation", "文档"},
    {"error", "错误"},
    {"model", "模型"},
    {"parameters", "参数"},
    {"benchmark", "基准测试"},
    {"open source", "开源"},
    {"paper", "论文"},
    {"university", "大学"},
    {"hospital", "医院"},
    {"disease", "疾病"},
    {"symptoms", "症状"},
    {"treatment", "治疗"},
    {"regulation", "法规"},
    {"law", "法律"},
    {"tax", "税"},
    {"stock", "股票"},
    {"market share", "市场份额"},
    {"supply chain", "供应链"},
    {"river", "河流"},
    {"city", "城市"},
    {"country", "国家"},
    {"movie", "电影"},
    {"book", "书"},
    {"song", "歌曲"},
    {"team", "球队"},
    {"score", "比分"},
    {"election", "选举"},
    {"earthquake", "地震"},
    {"inventor", "发明者"},
    {"meaning", "含义"},
    {"cause", "原因"},
});

bool has_han(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0xe4; });
}

// Words that keep their spelling in the other language: names, versions, numbers.
bool is_name(std::string_view word) {
  if (word.empty() || has_han(word)) return false;
  return std::ranges::any_of(
      word, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

// A query in the other language; empty when nothing of the question would carry over, or too much
// would be lost.
std::string other_language(const Question& question) {
  const bool from_english = question.language == Language::kEnglish;
  const std::string lower = base::ascii_lower(question.keywords);
  std::string out;
  const auto add = [&out](std::string_view word) {
    if (!out.empty()) out += ' ';
    out += word;
  };
  std::size_t names = 0;
  std::string spaced;  // Latin words between Han characters
  for (std::size_t i = 0; i < question.keywords.size();) {
    const base::DecodedPoint point =
        base::decode_utf8(std::string_view(question.keywords).substr(i));
    if (point.point < 0x80) {
      spaced += question.keywords[i];
    } else {
      spaced += ' ';
    }
    i += point.length;
  }
  for (const std::string_view word : base::split(spaced, ' ')) {
    if (!is_name(word)) continue;
    add(word);
    ++names;
  }
  std::size_t known = 0;
  for (const Pair& pair : kGlossary) {
    if (lower.find(from_english ? pair.en : pair.zh) == std::string::npos) continue;
    add(from_english ? pair.zh : pair.en);
    ++known;
  }
  return names > 0 && known > 0 ? out : std::string();
}

void add_query(Plan& plan, std::string_view text, Language language, const Question& question) {
  std::string query(base::trim(text));
  query.resize(base::utf8_prefix(query, kQueryBytesMax));
  const auto same = [&](const SearchQuery& other) {
    return base::ascii_iequals(other.text, query);
  };
  if (query.empty() || plan.queries.size() >= kQueriesMax ||
      std::ranges::any_of(plan.queries, same)) {
    return;
  }
  plan.queries.push_back(
      {.text = std::move(query), .language = language, .max_age = question.max_age});
}

}  // namespace

std::string date_of(base::WallTime time) {
  return base::format_rfc3339(time).substr(0, 10);
}

Plan plan_by_rules(const Question& question, base::WallTime now) {
  Plan plan{.search = question.needs_sources, .queries = {}};
  if (!plan.search) return plan;
  add_query(plan, question.text, question.language, question);
  std::string keywords = question.keywords;
  if (question.fresh) keywords += " " + date_of(now).substr(0, 4);
  add_query(plan, keywords, question.language, question);
  const Language other =
      question.language == Language::kEnglish ? Language::kChinese : Language::kEnglish;
  add_query(plan, other_language(question), other, question);
  return plan;
}

llm::ChatRequest plan_request(const Question& question, const std::vector<llm::Message>& history,
                              const std::string& model, base::WallTime now) {
  llm::ChatRequest request;
  request.model = model;
  request.messages.push_back(
      {.role = llm::Role::kSystem,
       .content =
           "You write web search queries. Today is " + date_of(now) +
           ". Reply with one JSON object and nothing else: {\"search\": true or false, "
           "\"queries\": [1 to 4 strings]}. Set search to false when the last message can be "
           "answered without looking anything up. Queries are short, name things in full, and "
           "come in the language in which good pages are likely to be written; give one in "
           "Chinese and one in English where both may help."});
  // The last turns are enough to know what "it" is.
  const std::size_t from = history.size() > 4 ? history.size() - 4 : 0;
  for (std::size_t i = from; i < history.size(); ++i) {
    llm::Message turn = history[i];
    turn.content.resize(base::utf8_prefix(turn.content, 1500));
    turn.reasoning.clear();
    request.messages.push_back(std::move(turn));
  }
  request.messages.push_back({.role = llm::Role::kUser, .content = question.text});
  request.constraint = llm::JsonObjectConstraint{};
  request.sampling.temperature = 0;
  request.max_tokens = 256;
  request.effort = llm::Effort::kOff;
  request.qos = llm::QosClass::kInteractive;
  return request;
}

base::Result<Plan> read_plan(std::string_view reply, const Question& question) {
  // Some models wrap JSON in a code fence or a sentence.
  const std::size_t begin = reply.find('{');
  const std::size_t end = reply.rfind('}');
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) {
    return base::fail(base::Code::kInvalidArgument, "the model's plan holds no JSON object");
  }
  const base::Json json =
      SEINE_TRY(base::parse_json(reply.substr(begin, end - begin + 1), {.depth_max = 8}));
  Plan plan{.search = SEINE_TRY(base::get_or<bool>(json, "search", true)), .queries = {}};
  if (!plan.search) return plan;
  if (const base::Json* list = base::find(json, "queries"); list != nullptr && list->is_array()) {
    for (const base::Json& item : *list) {
      if (!item.is_string()) continue;
      const std::string text = base::to_valid_utf8(item.get_ref<const std::string&>());
      add_query(plan, text, language_of_text(text), question);
    }
  }
  if (plan.queries.empty()) {
    return base::fail(base::Code::kInvalidArgument, "the model's plan holds no query");
  }
  return plan;
}

std::vector<SearchHit> merge_hits(const std::vector<SearchResult>& results, std::size_t limit) {
  struct Merged {
    SearchHit hit;
    double score = 0;
    std::size_t order = 0;
  };
  std::unordered_map<std::string, Merged> merged;
  for (const SearchResult& result : results) {
    double rank = 0;
    for (const SearchHit& hit : result.hits) {
      auto [found, fresh] = merged.try_emplace(hit.url, Merged{hit, 0, merged.size()});
      found->second.score += 1 / (60 + ++rank);
    }
  }
  std::vector<Merged> list;
  list.reserve(merged.size());
  for (auto& [url, entry] : merged) list.push_back(std::move(entry));
  std::ranges::sort(list, [](const Merged& a, const Merged& b) {
    return a.score != b.score ? a.score > b.score : a.order < b.order;
  });
  std::vector<SearchHit> out;
  for (Merged& entry : list) {
    if (out.size() == limit) break;
    out.push_back(std::move(entry.hit));
  }
  return out;
}

}  // namespace seine::answer
