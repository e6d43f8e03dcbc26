// The ports of language models. The local engine, a remote worker and a third-party API all are a
// Generator: nothing above can tell them apart. Implementations are safe on any thread and never
// block the caller: they answer through a stream or a callback, which may run on a thread of
// theirs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "llm/request.h"
#include "llm/stream.h"

namespace seine::llm {

struct ModelInfo {
  std::string id;
  std::string owned_by;
  std::uint32_t context_tokens = 0;
  bool thinks = false;  // has a reasoning mode
  bool calls_tools = false;
  bool cites_spans = false;  // answers by SpanConstraint, as the small model that ships with Seine
  bool embeds = false;       // an Embedder's: makes vectors and does not answer
};

class Generator {
 public:
  virtual ~Generator() = default;
  virtual std::vector<ModelInfo> models() const = 0;
  // Starts an answer. Refuses at once what can never work (unknown model, prompt over the limit) or
  // has no room (kResourceExhausted). At the deadline the stream ends with kDeadlineExceeded.
  virtual base::Result<StreamReader> generate(ChatRequest request, base::Deadline deadline) = 0;
  // The length of the request's prompt in the model's tokens. Quick: a tokenizer's work, not a
  // model's. kUnimplemented where it is not known.
  virtual base::Result<std::uint64_t> count_tokens(const ChatRequest& request) const {
    return base::fail(base::Code::kUnimplemented, "model '{}' does not count tokens",
                      request.model);
  }
};

enum class EmbedKind : std::uint8_t { kQuery, kPassage };

struct EmbedRequest {
  std::string model;
  std::vector<std::string> texts;
  EmbedKind kind = EmbedKind::kPassage;
  std::uint32_t dimensions = 0;  // 0: all the model has
};

struct Embeddings {
  std::vector<std::vector<float>> vectors;  // (texts, dimensions), each of length 1
  std::uint64_t tokens = 0;
};

class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual std::vector<ModelInfo> models() const = 0;
  virtual void embed(EmbedRequest request, base::Deadline deadline, std::stop_token stop,
                     std::function<void(base::Result<Embeddings>)> done) = 0;
};

struct RerankRequest {
  std::string model;  // empty: the first that ranks
  std::string query;
  std::vector<std::string> passages;
};

class Reranker {
 public:
  virtual ~Reranker() = default;
  // Gives one score a passage, in their order; higher is better, comparable within one call only.
  virtual void rerank(RerankRequest request, base::Deadline deadline, std::stop_token stop,
                      std::function<void(base::Result<std::vector<float>>)> done) = 0;
};

}  // namespace seine::llm
