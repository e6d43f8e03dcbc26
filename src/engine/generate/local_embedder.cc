#include "engine/generate/local_embedder.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace seine::engine {

using base::Code;
using base::Result;

namespace {

base::Error shutting_down() {
  return {.code = Code::kUnavailable, .message = "the engine is shutting down"};
}

}  // namespace

LocalEmbedder::LocalEmbedder(std::shared_ptr<Engine> engine)
    : engine_(std::move(engine)),
      query_mark_(engine_->tokenizer().find("<|query|>")),
      passage_mark_(engine_->tokenizer().find("<|passage|>")),
      thread_([this](const std::stop_token& ending) { run(ending); }) {}

LocalEmbedder::~LocalEmbedder() {
  thread_.request_stop();
  jobs_.close();
}

std::vector<llm::ModelInfo> LocalEmbedder::models() const {
  return {{.id = engine_->id(),
           .owned_by = "seine",
           .context_tokens = static_cast<std::uint32_t>(engine_->context_tokens()),
           .embeds = true}};
}

void LocalEmbedder::embed(llm::EmbedRequest request, base::Deadline deadline, std::stop_token stop,
                          std::function<void(Result<llm::Embeddings>)> done) {
  if (request.texts.size() > kTextsMax) {
    return done(base::fail_field(Code::kInvalidArgument, "input", "{} texts, the limit is {}",
                                 request.texts.size(), kTextsMax));
  }
  const auto width = static_cast<std::uint32_t>(engine_->facts().width);
  if (request.dimensions > width) {
    return done(base::fail_field(Code::kInvalidArgument, "dimensions",
                                 "{} dimensions, the model has {}", request.dimensions, width));
  }
  push(deadline, stop,
       [this, request = std::move(request), stop, done = std::move(done)](const Result<>& go) {
         done(go ? vectors(request, stop) : std::unexpected(go.error()));
       });
}

void LocalEmbedder::rerank(llm::RerankRequest request, base::Deadline deadline,
                           std::stop_token stop,
                           std::function<void(Result<std::vector<float>>)> done) {
  if (!engine_->facts().ranks) {
    return done(base::fail_field(Code::kUnimplemented, "model",
                                 "the model '{}' does not rank passages", engine_->id()));
  }
  if (request.passages.size() > kTextsMax) {
    return done(base::fail_field(Code::kInvalidArgument, "documents",
                                 "{} passages, the limit is {}", request.passages.size(),
                                 kTextsMax));
  }
  push(deadline, stop,
       [this, request = std::move(request), stop, done = std::move(done)](const Result<>& go) {
         done(go ? scores(request, stop) : std::unexpected(go.error()));
       });
}

void LocalEmbedder::push(base::Deadline deadline, std::stop_token stop, Job job) {
  Job timed = [this, deadline, stop = std::move(stop), job = std::move(job)](Result<> go) {
    if (go && stop.stop_requested()) go = base::fail(Code::kCancelled, "the reader has gone");
    if (go && deadline.expired(engine_->clock()))
      go = base::fail(Code::kDeadlineExceeded, "the model was not free before the deadline");
    job(std::move(go));
  };
  const base::QueueStatus status = jobs_.try_push(std::move(timed));
  if (status == base::QueueStatus::kOk) return;
  // The queue takes the job only on kOk: it is still ours.
  // NOLINTNEXTLINE(bugprone-use-after-move)
  timed(status == base::QueueStatus::kFull
            ? base::fail(Code::kResourceExhausted, "{} requests wait, the limit is {}", kQueueMax,
                         kQueueMax)
            : std::unexpected(shutting_down()));
}

std::vector<TokenId> LocalEmbedder::encode(std::string_view text,
                                           std::optional<TokenId> mark) const {
  std::vector<TokenId> tokens =
      engine_->tokenizer().encode(text, {.parse_special = false, .add_special = !mark});
  if (mark) tokens.insert(tokens.begin(), *mark);
  return tokens;
}

Result<llm::Embeddings> LocalEmbedder::vectors(const llm::EmbedRequest& request,
                                               const std::stop_token& stop) const {
  const auto& mark = request.kind == llm::EmbedKind::kQuery ? query_mark_ : passage_mark_;
  llm::Embeddings out;
  std::vector<std::vector<TokenId>> texts;
  const auto limit = static_cast<std::size_t>(engine_->context_tokens());
  for (const std::string& text : request.texts) {
    std::vector<TokenId> tokens = encode(text, mark);
    if (tokens.size() > limit) tokens.resize(limit);
    if (tokens.empty()) return base::fail_field(Code::kInvalidArgument, "input", "a text is empty");
    out.tokens += tokens.size();
    texts.push_back(std::move(tokens));
  }
  out.vectors = SEINE_TRY(engine_->embed(texts, stop));
  for (std::vector<float>& vector : out.vectors) {
    // Shortened (Kusupati et al. 2022), then of length 1.
    if (request.dimensions > 0) vector.resize(request.dimensions);
    double square = 0;
    for (const float x : vector) square += static_cast<double>(x) * static_cast<double>(x);
    const auto scale = static_cast<float>(square > 0 ? 1 / std::sqrt(square) : 0);
    for (float& x : vector) x *= scale;
  }
  return out;
}

Result<std::vector<float>> LocalEmbedder::scores(const llm::RerankRequest& request,
                                                 const std::stop_token& stop) const {
  std::vector<TokenId> asked = encode(request.query, query_mark_);
  const auto context = static_cast<std::size_t>(engine_->context_tokens());
  const std::size_t limit = std::min(kPairMax, context);
  asked.resize(std::min({asked.size(), kAskedMax, limit / 2}));
  if (asked.empty()) return base::fail_field(Code::kInvalidArgument, "query", "the query is empty");
  std::vector<RankPair> pairs;
  pairs.reserve(request.passages.size());
  for (const std::string& passage : request.passages) {
    RankPair pair{.tokens = asked, .asked = static_cast<std::int32_t>(asked.size())};
    const std::vector<TokenId> tokens = encode(passage, passage_mark_);
    const std::size_t room = std::min(tokens.size(), limit - asked.size());
    pair.tokens.insert(pair.tokens.end(), tokens.begin(),
                       tokens.begin() + static_cast<std::ptrdiff_t>(room));
    pairs.push_back(std::move(pair));
  }
  return engine_->relevance(pairs, stop);
}

void LocalEmbedder::run(const std::stop_token& ending) {
  Job job;
  while (jobs_.pop(job, base::Deadline::never()) == base::QueueStatus::kOk) {
    job(ending.stop_requested() ? Result<>(std::unexpected(shutting_down())) : Result<>());
    job = {};
  }
}

}  // namespace seine::engine
