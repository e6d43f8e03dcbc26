#include "answer/writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "answer/cite/citation_parser.h"
#include "answer/generate/extract.h"
#include "answer/generate/prompt.h"
#include "answer/generate/span_answer.h"
#include "base/json.h"
#include "base/utf8.h"

namespace seine::answer {
namespace {

constexpr std::uint32_t kAnswerTokensMax = 1'500;

std::string_view as_text(const CitedPiece& piece) {
  const auto* text = std::get_if<std::string>(&piece);
  return text != nullptr ? std::string_view(*text) : std::string_view();
}

}  // namespace

void Writer::say(Written& out, std::string_view text) {
  if (text.empty()) return;
  if (!out.first_token_ms) out.first_token_ms = c_.trail.elapsed_ms();
  out.cited.text += text;
  points_ += base::count_points(text);
  c_.trail.log().append(TextEvent{std::string(text)});
}

void Writer::cite(Written& out, int wanted) {
  const Anchor* anchor = c_.check.mark(out.cited, wanted);
  if (anchor == nullptr) return;
  auto known = std::ranges::find(markers_, anchor->source);
  if (known == markers_.end()) known = markers_.insert(markers_.end(), anchor->source);
  const int marker = static_cast<int>(known - markers_.begin()) + 1;
  const std::string text = fmt::format("[{}]", marker);
  c_.trail.log().append(TextEvent{text});
  c_.trail.log().append(CitationEvent{.start = points_,
                                      .end = points_ + text.size(),
                                      .source_id = anchor->source,
                                      .marker = marker});
  points_ += text.size();
}

void Writer::put_sentence(Written& out, const Passage& passage, const Sentence& sentence) {
  if (!out.cited.text.empty()) say(out, " ");
  say(out, passage.plain(sentence));
  say(out, " ");
  cite(out, c_.source_of_page[passage.page]);
}

Written Writer::stream(llm::ChatRequest request, const std::vector<int>& source_of_number) {
  Written out;
  out.model = c_.model->id;
  CitationParser parser(static_cast<int>(source_of_number.size()), true);
  const auto take = [&](const std::vector<CitedPiece>& pieces) {
    for (const CitedPiece& piece : pieces) {
      say(out, as_text(piece));
      if (const auto* mark = std::get_if<CitationMark>(&piece)) {
        for (const int number : mark->numbers)
          cite(out, source_of_number[static_cast<std::size_t>(number) - 1]);
      }
    }
  };
  RecordedReply reply = ask_model(*c_.generator, std::move(request), c_.deadline, c_.stop,
                                  {.text = [&](std::string_view text) { take(parser.feed(text)); },
                                   .reasoning =
                                       [&](std::string_view text) {
                                         c_.trail.log().append(ReasoningEvent{std::string(text)});
                                       }});
  take(parser.finish());
  out.by = out.cited.text.empty() ? Speaker::kNone : Speaker::kModel;
  out.reasoning = reply.reasoning;
  out.usage = AnswerUsage{reply.usage.prompt_tokens, reply.usage.completion_tokens};
  out.error = reply.error;
  c_.record.replies.push_back(std::move(reply));
  return out;
}

Written Writer::by_sources() {
  // Sources are numbered in order of their best passage; their passages stand in reading order.
  std::vector<PromptSource> sources;
  std::vector<int> source_of_number;
  std::map<std::size_t, std::size_t> number_of_page;
  for (const std::size_t index : c_.chosen) {
    const Passage& passage = c_.passages[index];
    const auto [found, fresh] = number_of_page.try_emplace(passage.page, sources.size());
    if (fresh) {
      sources.push_back({static_cast<int>(sources.size()) + 1, &c_.pages[passage.page], {}});
      source_of_number.push_back(c_.source_of_page[passage.page]);
    }
    sources[found->second].passages.push_back(&passage);
  }
  for (PromptSource& source : sources) std::ranges::sort(source.passages);
  llm::ChatRequest request = search_request({.question = c_.question,
                                             .sources = sources,
                                             .history = c_.request.history,
                                             .now = c_.now,
                                             .nonce = c_.record.nonce},
                                            c_.model->id);
  request.effort = c_.request.think;
  if (!c_.model->thinks) request.max_tokens = kAnswerTokensMax;
  return stream(std::move(request), source_of_number);
}

Written Writer::write_from_memory() {
  const int step = c_.trail.begin(
      StepKind::kGenerate, std::string(c_.trail.say({"Answer without sources", "不使用资料作答"})),
      {{"model", c_.model->id}});
  llm::ChatRequest request = plain_request(c_.question, c_.request.history, c_.model->id);
  request.effort = c_.request.think;
  Written out = stream(std::move(request), {});
  if (out.error) {
    c_.trail.failed(step, out.error->message);
  } else {
    c_.trail.done(step, {{"model", c_.model->id}});
  }
  return out;
}

bool Writer::is_believable(const SpanFit& fit) const {
  return fit.logprob >= kSpanLogprobMin && fit.of_kind && fit.own + kLeadMax >= fit.best;
}

Written Writer::by_span() {
  const std::vector<Extract> fitting =
      extract_sentences(c_.question, c_.passages, c_.chosen, c_.pages, c_.index, SIZE_MAX);
  std::vector<const Passage*> passages;
  std::vector<double> priors;
  for (const std::size_t index : c_.chosen) {
    if (passages.size() == kSpanPassagesMax) break;
    passages.push_back(&c_.passages[index]);
    // Best first: the first of the passage is its best.
    const auto best = std::ranges::find(fitting, index, &Extract::passage);
    priors.push_back(best == fitting.end() ? 0 : kPriorWeight * best->score);
  }
  RecordedReply reply = ask_model(
      *c_.generator, span_request(c_.question, passages, c_.pages, std::move(priors), c_.model->id),
      c_.deadline, c_.stop);
  Written out;
  out.model = c_.model->id;
  out.usage = AnswerUsage{reply.usage.prompt_tokens, reply.usage.completion_tokens};
  out.error = reply.error;
  if (const auto found = locate_span(reply.text, passages); found && !reply.error) {
    const std::size_t index = c_.chosen[found->passage];
    const auto own = std::ranges::find_if(fitting, [&](const Extract& extract) {
      return extract.passage == index && extract.sentence == found->sentence;
    });
    SpanFit fit{.logprob = reply.logprobs == 0 ? 0 : reply.logprob};
    if (own != fitting.end()) fit.own = own->score;
    if (!fitting.empty()) {
      fit.best = fitting.front().score;
      fit.of_kind = (own != fitting.end() && own->fits) || !fitting.front().fits;
    }
    out.fit = fit;
    if (is_believable(*out.fit)) {
      const Passage& passage = *passages[found->passage];
      put_sentence(out, passage, passage.sentences[found->sentence]);
      out.brief = found->span;
      out.by = Speaker::kModel;
    }
  }
  c_.record.replies.push_back(std::move(reply));
  return out;
}

Written Writer::by_extract(Written so_far) {
  const int step = c_.trail.begin(
      StepKind::kGenerate,
      std::string(c_.trail.say({"Take the best sentence of the sources", "从资料中选取最佳语句"})),
      {{"by", "extract"}});
  const std::vector<Extract> best =
      extract_sentences(c_.question, c_.passages, c_.chosen, c_.pages, c_.index, 1);
  Written out;
  out.usage = so_far.usage;
  out.error = so_far.error;
  if (best.empty()) {
    c_.trail.done(step, {{"by", "none"}});
    return out;
  }
  for (const Extract& extract : best) {
    const Passage& passage = c_.passages[extract.passage];
    put_sentence(out, passage, passage.sentences[extract.sentence]);
  }
  out.by = Speaker::kExtract;
  out.error.reset();
  c_.trail.done(
      step,
      {{"by", "extract"}, {"score", best.front().score}, {"coverage", best.front().coverage}});
  return out;
}

Written Writer::write() {
  if (!c_.model) return by_extract({});
  const int step = c_.trail.begin(
      StepKind::kGenerate,
      fmt::format("{}{}", c_.trail.say({"Answer with ", "作答模型："}), c_.model->id),
      {{"model", c_.model->id}, {"passages", c_.chosen.size()}});
  Written out = c_.model->cites_spans ? by_span() : by_sources();
  // What a model has said stands, though it broke off; where it said nothing, the sources speak.
  const bool silent = out.by == Speaker::kNone;
  if (out.error) {
    c_.trail.failed(step, out.error->message);
  } else {
    base::Json detail{{"model", c_.model->id}, {"abstained", silent}};
    if (out.fit) {
      detail["logprob"] = out.fit->logprob;
      detail["fit"] = out.fit->own;
      detail["best_fit"] = out.fit->best;
    }
    c_.trail.done(step, std::move(detail));
  }
  if (!silent || c_.stop.stop_requested()) return out;
  return by_extract(std::move(out));
}

}  // namespace seine::answer
