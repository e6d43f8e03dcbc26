#include "engine/spans/span_decoder.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "base/utf8.h"
#include "engine/constraint/span_constraint.h"
#include "engine/sampling/sampler.h"

namespace seine::engine {

using base::Result;

double SpanCandidate::span_mean() const {
  if (tokens.empty()) return 0;
  const auto end = logprobs.begin() + static_cast<std::ptrdiff_t>(tokens.size());
  return std::accumulate(logprobs.begin(), end, 0.0) / static_cast<double>(tokens.size());
}

SpanDecoder::SpanDecoder(const SpanFormat& format, const Tokenizer& tokenizer, Done done)
    : format_(format), tokenizer_(tokenizer), done_(std::move(done)) {}

Result<std::unique_ptr<SpanDecoder>> SpanDecoder::make(const SpanFormat& format,
                                                       const Tokenizer& tokenizer,
                                                       const SpanFormat::Prompt& prompt,
                                                       Done done) {
  std::unique_ptr<SpanDecoder> out(new SpanDecoder(format, tokenizer, std::move(done)));
  SpanSpec spec{.passages = prompt.passages,
                .citations = {},
                .refusal = {},
                .ends = {format.end()},
                .vocabulary = tokenizer.size(),
                .span_tokens_max = SpanFormat::kSpanTokensMax};
  for (const TokenId id : prompt.citations) spec.citations.push_back({id});
  for (const std::vector<TokenId>& passage : prompt.passages)
    if (!passage.empty()) out->openings_.push_back(passage.front());
  out->citations_ = prompt.citations;
  Beam beam;
  beam.constraint = SEINE_TRY(make_span_constraint(std::move(spec)));
  out->beams_.push_back(std::move(beam));
  return out;
}

std::optional<std::size_t> SpanDecoder::cited(TokenId id) const {
  const auto at = std::ranges::find(citations_, id);
  if (at == citations_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - citations_.begin());
}

// Beyond what the constraint says: answers begin with a word and end with a whole character.
bool SpanDecoder::is_allowed(const Beam& beam, TokenId id) const {
  if (beam.so_far.tokens.empty())
    return format_.may_start(id) || std::ranges::find(openings_, id) != openings_.end();
  if (!cited(id)) return true;
  std::string text;
  for (const TokenId token : beam.so_far.tokens) text += tokenizer_.bytes(token);
  return base::is_valid_utf8(text);
}

// The likeliest next tokens over all beams, best first: enough for every place in the beam even if
// half of them close an answer.
std::vector<SpanDecoder::Step> SpanDecoder::best_steps(std::span<const LaneLogits> lanes) {
  std::vector<Step> all;
  for (std::uint32_t lane = 0; lane < beams_.size(); ++lane) {
    const std::span<const float> logits = lanes[lane].logits;
    const double whole = log_sum_exp(logits);
    if (first_)
      outcome_.refusal = std::exp(
          static_cast<double>(logits[static_cast<std::size_t>(format_.refusal())]) - whole);
    beams_[lane].constraint->mask().for_each([&](TokenId id) {
      const double logprob = static_cast<double>(logits[static_cast<std::size_t>(id)]) - whole;
      if (!std::isfinite(logprob) || !is_allowed(beams_[lane], id)) return;
      all.push_back({lane, id, logprob, beams_[lane].so_far.total + logprob});
    });
  }
  const auto better = [](const Step& a, const Step& b) {
    if (a.total != b.total) return a.total > b.total;
    return a.lane != b.lane ? a.lane < b.lane : a.id < b.id;
  };
  const std::size_t keep = std::min<std::size_t>(all.size(), std::size_t{2} * kWidth);
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(keep), better);
  all.resize(keep);
  return all;
}

Decision SpanDecoder::decide(std::span<const LaneLogits> lanes) {
  const std::vector<Step> steps = best_steps(lanes);
  first_ = false;
  Decision out;
  std::vector<Beam> next;
  for (const Step& step : steps) {
    const Beam& from = beams_[step.lane];
    SpanCandidate candidate = from.so_far;
    candidate.logprobs.push_back(step.logprob);
    candidate.total = step.total;
    const auto passage = cited(step.id);
    if (passage && !from.so_far.tokens.empty()) {
      candidate.passage = *passage;
      outcome_.candidates.push_back(std::move(candidate));
      continue;
    }
    if (next.size() == kWidth) continue;
    candidate.tokens.push_back(step.id);
    Beam beam{.constraint = from.constraint->clone(), .so_far = std::move(candidate)};
    if (!beam.constraint->accept(step.id)) continue;
    out.lanes.push_back({.lane = step.lane, .tokens = {step.id}});
    next.push_back(std::move(beam));
  }
  // A beam that is behind a whole answer can only fall further.
  double best = -std::numeric_limits<double>::infinity();
  for (const SpanCandidate& done : outcome_.candidates) best = std::max(best, done.total);
  for (std::size_t i = next.size(); i-- > 0;) {
    if (next[i].so_far.total > best) continue;
    next.erase(next.begin() + static_cast<std::ptrdiff_t>(i));
    out.lanes.erase(out.lanes.begin() + static_cast<std::ptrdiff_t>(i));
  }
  beams_ = std::move(next);
  out.done = beams_.empty();
  return out;
}

void SpanDecoder::finish(std::optional<base::Error> error, const TaskStats& stats) {
  std::ranges::sort(outcome_.candidates, [](const SpanCandidate& a, const SpanCandidate& b) {
    return a.total != b.total ? a.total > b.total : a.tokens < b.tokens;
  });
  done_(std::move(error), std::move(outcome_), stats);
}

}  // namespace seine::engine
