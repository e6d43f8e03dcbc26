// From ranked passages to words: by the model where one is loaded, by the best sentences of the
// sources where none is, it abstains or is unsure. Streams what it writes. On the run's thread.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "answer/ask_model.h"
#include "answer/cite/cited_text.h"
#include "answer/passage/split.h"
#include "answer/plan/question.h"
#include "answer/rank/bm25.h"
#include "answer/record.h"
#include "answer/trail.h"

namespace seine::answer {

// How a model's span and the sources' own best sentence fit the question by their words.
struct SpanFit {
  double logprob = 0;   // mean of the span's tokens
  double own = 0;       // of the sentence with the span; 0: it has nothing of the question
  double best = 0;      // of the best sentence
  bool of_kind = true;  // it holds what was asked for, or the best sentence does not either
};

struct Written {
  CitedText cited;
  std::string brief = {};
  Speaker by = Speaker::kNone;
  std::string model = {};
  std::string reasoning = {};
  std::optional<AnswerUsage> usage = {};
  std::optional<base::Error> error = {};
  std::optional<std::int64_t> first_token_ms = {};
  std::optional<SpanFit> fit = {};
};

class Writer {
 public:
  struct Context {
    llm::Generator* generator;
    std::optional<llm::ModelInfo> model;  // that answers; nothing: none
    const AskRequest& request;
    const Question& question;
    const std::vector<Page>& pages;
    const std::vector<int>& source_of_page;
    const std::vector<Passage>& passages;
    const std::vector<std::size_t>& chosen;  // best first
    Bm25& index;
    CitationCheck& check;
    base::WallTime now;
    base::Deadline deadline;
    std::stop_token stop;
    Trail& trail;
    RunRecord& record;
  };

  explicit Writer(Context context) : c_(std::move(context)) {}

  // With sources.
  Written write();
  // Without any: a capable model's own knowledge.
  Written write_from_memory();

 private:
  // A mean log-probability of a span's tokens below this is a guess.
  static constexpr double kSpanLogprobMin = -2.0;
  // What a passage's best sentence by words counts beside the model's score, in nats.
  static constexpr double kPriorWeight = 4;
  // A sentence that fits the question's words so much better than the model's takes its place.
  static constexpr double kLeadMax = 0.15;

  Written by_span();
  bool is_believable(const SpanFit& fit) const;
  Written by_sources();
  Written by_extract(Written so_far);
  Written stream(llm::ChatRequest request, const std::vector<int>& source_of_number);
  void put_sentence(Written& out, const Passage& passage, const Sentence& sentence);
  void say(Written& out, std::string_view text);
  void cite(Written& out, int wanted);

  const Context c_;
  std::size_t points_ = 0;    // code points streamed
  std::vector<int> markers_;  // sources by marker
};

}  // namespace seine::answer
