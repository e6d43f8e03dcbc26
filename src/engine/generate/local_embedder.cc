#include "engine/generate/local_embedder.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace seine::engine {

using base::Code;
using base::Result;

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
           .context_tokens = static_cast<std::uint32_t>(engine_->context_tokens())}};
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
  Job job{.request = std::move(request),
          .deadline = deadline,
          .stop = std::move(stop),
          .done = std::move(done)};
  const base::QueueStatus status = jobs_.try_push(std::move(job));
  if (status == base::QueueStatus::kOk) return;
  // The queue takes the job only on kOk: it is still ours.
  // NOLINTNEXTLINE(bugprone-use-after-move)
  job.done(status == base::QueueStatus::kFull
               ? base::fail(Code::kResourceExhausted, "{} requests wait, the limit is {}",
                            kQueueMax, kQueueMax)
               : base::fail(Code::kUnavailable, "the engine is shutting down"));
}

Result<llm::Embeddings> LocalEmbedder::work(const Job& job) const {
  if (job.stop.stop_requested()) return base::fail(Code::kCancelled, "the reader has gone");
  if (job.deadline.expired(engine_->clock()))
    return base::fail(Code::kDeadlineExceeded, "the embeddings were not made before the deadline");
  const auto& mark = job.request.kind == llm::EmbedKind::kQuery ? query_mark_ : passage_mark_;
  llm::Embeddings out;
  std::vector<std::vector<TokenId>> texts;
  const auto limit = static_cast<std::size_t>(engine_->context_tokens());
  for (const std::string& text : job.request.texts) {
    std::vector<TokenId> tokens =
        engine_->tokenizer().encode(text, {.parse_special = false, .add_special = !mark});
    if (mark) tokens.insert(tokens.begin(), *mark);
    if (tokens.size() > limit) tokens.resize(limit);
    if (tokens.empty()) return base::fail_field(Code::kInvalidArgument, "input", "a text is empty");
    out.tokens += tokens.size();
    texts.push_back(std::move(tokens));
  }
  out.vectors = SEINE_TRY(engine_->embed(texts, job.stop));
  for (std::vector<float>& vector : out.vectors) {
    // Shortened (Kusupati et al. 2022), then of length 1.
    if (job.request.dimensions > 0) vector.resize(job.request.dimensions);
    double square = 0;
    for (const float x : vector) square += static_cast<double>(x) * static_cast<double>(x);
    const auto scale = static_cast<float>(square > 0 ? 1 / std::sqrt(square) : 0);
    for (float& x : vector) x *= scale;
  }
  return out;
}

void LocalEmbedder::run(const std::stop_token& ending) {
  Job job;
  while (jobs_.pop(job, base::Deadline::never()) == base::QueueStatus::kOk) {
    job.done(ending.stop_requested() ? base::fail(Code::kUnavailable, "the engine is shutting down")
                                     : work(job));
    job = {};
  }
}

}  // namespace seine::engine
