// The port through which a model's dialect asks for a web-connected answer: a chat request with
// `web_search_options`, a `web_search` tool or a model named `…:online`. The composition root plugs
// the answer module in; without one such requests are refused. Implementations are safe on any
// thread and never block the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "llm/request.h"
#include "llm/stream.h"

namespace seine::gateway {

// How much of the web may go into the model's context.
enum class SearchContext : std::uint8_t { kLow, kMedium, kHigh };

struct WebAnswerRequest {
  // The conversation and how to answer it; its last user message is the question. `model` is a real
  // id without suffix.
  llm::ChatRequest chat;
  SearchContext context = SearchContext::kMedium;
  std::vector<std::string> sites = {};  // only these hosts; empty: the whole web
  std::string country = {};             // two letters, of the person who asks; may be empty
  std::string language = {};            // "en", "zh"; empty: that of the question
  std::string request_id = {};          // for logs and the run's record
};

struct UrlCitation {
  std::size_t start = 0;  // Unicode code points of the answer's text: the cited part
  std::size_t end = 0;
  std::string url;
  std::string title;
  std::string quote = {};  // what stands there

  bool operator==(const UrlCitation&) const = default;
};

// What an answer holds beside its text.
struct WebExtras {
  std::vector<UrlCitation> citations;
  // The answer's own object as JSON text: run id, steps, sources, citations with spans and snapshot
  // hashes (docs/reference/console-api.md). Empty: none.
  std::string seine;
};

struct WebAnswer {
  // The text, as from a model. Nothing but text, reasoning and a Finish comes here.
  llm::StreamReader deltas;
  // Complete before the Finish is pushed and not changed after; not to be read before it came.
  std::shared_ptr<const WebExtras> extras;
};

class WebAnswerer {
 public:
  virtual ~WebAnswerer() = default;
  // Starts an answer; refuses as llm::Generator::generate does. Dropping the reader ends the run.
  virtual base::Result<WebAnswer> answer(WebAnswerRequest request, base::Deadline deadline) = 0;
};

}  // namespace seine::gateway
