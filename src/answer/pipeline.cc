#include "answer/pipeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "answer/ask_model.h"
#include "answer/gather.h"
#include "answer/mailbox.h"
#include "answer/plan/queries.h"
#include "answer/plan/question.h"
#include "answer/rank/bm25.h"
#include "answer/rank/select.h"
#include "answer/trail.h"
#include "answer/writer.h"
#include "base/ids.h"
#include "base/json.h"

namespace seine::answer {
namespace {

using base::Json;

// Sources go to a model with room for them; the others get what they were trained on.
SelectLimits limits_for(const std::optional<llm::ModelInfo>& model,
                        const AnswerSettings& settings) {
  if (!model || model->cites_spans) return {.tokens = 6'000, .count = 12, .per_page = 4};
  // A third of the context is left for the question, the conversation and the answer.
  const std::uint32_t room =
      model->context_tokens == 0 ? settings.context_tokens : model->context_tokens * 2 / 3;
  return {.tokens = std::min(settings.context_tokens, room), .count = 32, .per_page = 6};
}

// What stands above a passage: it tells what the passage is about.
std::string prefix_of(const Page& page, const Passage& passage) {
  return page.title + " " + passage.heading_path;
}

}  // namespace

// What one run needs on its way.
class Pipeline::Work {
 public:
  explicit Work(Pipeline& own)
      : p_(own),
        request_(own.run_.request()),
        stop_(own.run_.stop_token()),
        started_(own.ports_.clock.now()),
        trail_(own.run_.log(), own.ports_.clock, started_),
        question_(analyse_question(request_.question, request_.language)) {}

  Answer run();

 private:
  void begin();
  Plan plan();
  std::vector<std::size_t> rank(const Gathered& gathered);
  RecordedOrder by_model(const std::vector<std::size_t>& order, std::span<const double> words,
                         const Gathered& gathered);
  RecordedOrder by_reading(const std::vector<std::size_t>& order, std::span<const double> words,
                           const Gathered& gathered, base::Deadline deadline);
  RecordedOrder by_vectors(const std::vector<std::size_t>& order, const Gathered& gathered,
                           base::Deadline deadline);
  std::vector<std::string> texts_of(std::span<const std::size_t> indices,
                                    const Gathered& gathered) const;
  void finish(const Written& written, const CitationCheck::Counts& counts);
  void not_found();
  base::Deadline by(std::chrono::milliseconds since_start) const {
    return base::Deadline::at(started_ + since_start);
  }
  // Where many ask at once, the model that ranks is the one that they wait for.
  base::Deadline rank_deadline() const {
    const TimeBudget& time = p_.settings_.time;
    return by(std::min(time.first_token * 9 / 10,
                       std::chrono::milliseconds(trail_.elapsed_ms()) + time.rank));
  }

  Pipeline& p_;
  const AskRequest& request_;
  const std::stop_token stop_;
  const base::TimePoint started_;
  Trail trail_;
  const Question question_;
  std::optional<llm::ModelInfo> model_;
  std::vector<Passage> passages_;
  Bm25 index_;
  Answer answer_;
};

void Pipeline::Work::begin() {
  RunRecord& record = p_.record_;
  if (p_.replay_ != nullptr) {
    record.started = p_.replay_->started;
    record.nonce = p_.replay_->nonce;
    model_ = p_.replay_->model;
  } else {
    record.started = p_.ports_.clock.wall();
    record.nonce = base::make_hex_id(p_.ports_.random, 8);
    if (p_.ports_.generator != nullptr) {
      for (const llm::ModelInfo& model : p_.ports_.generator->models()) {
        if (!model.embeds && (request_.model.empty() || model.id == request_.model)) {
          model_ = model;
          break;
        }
      }
    }
    record.model = model_;
  }
  trail_.speak(question_.language);
  answer_ = {.run_id = p_.run_.id(),
             .chat_id = request_.chat_id,
             .question_id = request_.question_id,
             .answer_id = request_.answer_id,
             .question = request_.question,
             .model = model_ ? model_->id : "",
             .created_at = record.started};
  trail_.log().append(StartEvent{.run_id = answer_.run_id,
                                 .chat_id = answer_.chat_id,
                                 .question_id = answer_.question_id,
                                 .answer_id = answer_.answer_id,
                                 .model = answer_.model,
                                 .created_at = answer_.created_at});
}

Plan Pipeline::Work::plan() {
  const int step =
      trail_.begin(StepKind::kPlan, std::string(trail_.say({"Plan", "规划"})), Json::object());
  Plan plan = plan_by_rules(question_, p_.record_.started);
  std::string_view planner = "rules";
  const bool capable = model_ && !model_->cites_spans;
  if (request_.search == SearchMode::kOff || !request_.sites.empty()) {
    plan.search = false;
  } else if (capable && request_.search == SearchMode::kAuto && !plan.search) {
    // The rules are sure that there is nothing to look up.
  } else {
    plan.search = true;
    if (plan.queries.empty()) {
      plan.queries.push_back({.text = question_.text, .language = question_.language});
    }
    if (capable && p_.ports_.search != nullptr) {
      RecordedReply reply =
          ask_model(*p_.ports_.generator,
                    plan_request(question_, request_.history, model_->id, p_.record_.started),
                    by(p_.settings_.time.plan), stop_);
      const base::Result<Plan> own =
          reply.error ? std::unexpected(*reply.error) : read_plan(reply.text, question_);
      if (own && (own->search || request_.search == SearchMode::kAuto)) {
        plan = *own;
        planner = "model";
      }
      p_.record_.replies.push_back(std::move(reply));
    }
  }
  Json queries = Json::array();
  for (const SearchQuery& query : plan.queries) queries.push_back(query.text);
  trail_.done(step, {{"by", planner},
                     {"search", plan.search},
                     {"queries", std::move(queries)},
                     {"language", question_.language == base::Language::kChinese ? "zh" : "en"}});
  return plan;
}

std::vector<std::string> Pipeline::Work::texts_of(std::span<const std::size_t> indices,
                                                  const Gathered& gathered) const {
  std::vector<std::string> out;
  out.reserve(indices.size());
  for (const std::size_t index : indices) {
    const Passage& passage = passages_[index];
    out.push_back(prefix_of(gathered.pages[passage.page], passage) + "\n" + passage.text);
  }
  return out;
}

// Each of the best by words read together with the question, where a model can do that in time.
RecordedOrder Pipeline::Work::by_reading(const std::vector<std::size_t>& order,
                                         std::span<const double> words, const Gathered& gathered,
                                         base::Deadline deadline) {
  if (p_.ports_.reranker == nullptr) return {};
  std::vector<std::size_t> candidates = order;
  // A text in another language shares no words with the question, whatever it says.
  for (std::size_t i = 0; i < passages_.size() && candidates.size() < kRerankMax; ++i) {
    if (words[i] <= 0 && language_of_text(passages_[i].text) != question_.language)
      candidates.push_back(i);
  }
  if (candidates.size() < 2 && candidates.size() == order.size()) return {};
  const auto best = std::span(candidates).first(std::min(candidates.size(), kRerankMax));
  const auto box = std::make_shared<Mailbox<base::Result<std::vector<float>>>>();
  p_.ports_.reranker->rerank(
      {.model = "", .query = question_.text, .passages = texts_of(best, gathered)}, deadline, stop_,
      [box](base::Result<std::vector<float>> scores) { box->put(std::move(scores)); });
  const auto scores = box->take(deadline, stop_);
  if (!scores || !*scores || (*scores)->size() != best.size()) return {};
  return {.by = "words and reading", .order = rerank_order(std::move(candidates), words, **scores)};
}

// Passages by meaning beside those by words, where an embedder is loaded and answers in time.
RecordedOrder Pipeline::Work::by_vectors(const std::vector<std::size_t>& order,
                                         const Gathered& gathered, base::Deadline deadline) {
  constexpr std::size_t kEmbedMax = 60;
  if (p_.ports_.embedder == nullptr || order.size() < 2) return {};
  const auto best = std::span(order).first(std::min(order.size(), kEmbedMax));
  using Reply = base::Result<llm::Embeddings>;
  const auto ask = [&](std::vector<std::string> texts,
                       llm::EmbedKind kind) -> std::optional<Reply> {
    const auto box = std::make_shared<Mailbox<Reply>>();
    p_.ports_.embedder->embed({.model = "", .texts = std::move(texts), .kind = kind}, deadline,
                              stop_, [box](Reply reply) { box->put(std::move(reply)); });
    return box->take(deadline, stop_);
  };
  const std::optional<Reply> query = ask({question_.text}, llm::EmbedKind::kQuery);
  if (!query || !*query || (*query)->vectors.size() != 1) return {};
  const std::optional<Reply> vectors = ask(texts_of(best, gathered), llm::EmbedKind::kPassage);
  if (!vectors || !*vectors || (*vectors)->vectors.size() != best.size()) return {};
  std::vector<double> scores;
  for (const std::vector<float>& vector : (*vectors)->vectors)
    scores.push_back(dot(vector, (*query)->vectors.front()));
  std::vector<std::size_t> near;
  for (const std::size_t place : ranking(scores, -2)) near.push_back(best[place]);
  const std::vector<std::size_t> lists[] = {order, near};
  return {.by = "words and vectors", .order = ranking(fuse_ranks(passages_.size(), lists))};
}

RecordedOrder Pipeline::Work::by_model(const std::vector<std::size_t>& order,
                                       std::span<const double> words, const Gathered& gathered) {
  if (p_.replay_ != nullptr) {
    const std::size_t turn = p_.record_.orders.size();
    return turn < p_.replay_->orders.size() ? p_.replay_->orders[turn] : RecordedOrder();
  }
  const base::Deadline deadline = rank_deadline();
  RecordedOrder out = by_reading(order, words, gathered, deadline);
  return out.order.empty() ? by_vectors(order, gathered, deadline) : out;
}

std::vector<std::size_t> Pipeline::Work::rank(const Gathered& gathered) {
  const int step =
      trail_.begin(StepKind::kRank, std::string(trail_.say({"Rank passages", "排序段落"})),
                   {{"pages", gathered.pages.size()}});
  for (std::size_t i = 0; i < gathered.pages.size(); ++i) {
    for (Passage& passage : split_page(gathered.pages[i], i)) {
      index_.add(prefix_of(gathered.pages[i], passage), passage.text);
      passages_.push_back(std::move(passage));
    }
  }
  const std::vector<double> words = index_.scores(question_.keywords + " " + question_.related);
  std::vector<std::size_t> order = ranking(words);
  RecordedOrder ranked = by_model(order, words, gathered);
  if (ranked.order.empty()) {
    ranked.by = "words";
  } else {
    order = ranked.order;
  }
  std::vector<std::size_t> chosen =
      select_passages(passages_, order, limits_for(model_, p_.settings_));
  trail_.done(step, {{"passages", passages_.size()}, {"chosen", chosen.size()}, {"by", ranked.by}});
  p_.record_.orders.push_back(std::move(ranked));
  return chosen;
}

void Pipeline::Work::not_found() {
  answer_.state = AnswerState::kNotFound;
  answer_.by = Speaker::kNone;
  answer_.text = trail_.say({"The sources that were read do not answer this question.",
                             "读到的资料中没有这个问题的答案。"});
  trail_.log().append(TextEvent{answer_.text});
}

void Pipeline::Work::finish(const Written& written, const CitationCheck::Counts& counts) {
  answer_.by = written.by;
  answer_.brief = written.brief;
  answer_.reasoning = written.reasoning;
  answer_.usage = written.usage;
  answer_.first_token_ms = written.first_token_ms.value_or(trail_.elapsed_ms());
  if (written.by == Speaker::kExtract) answer_.model.clear();
  if (stop_.stop_requested()) {
    answer_.state = AnswerState::kStopped;
  } else if (written.error) {
    answer_.state = AnswerState::kFailed;
    answer_.error = written.error;
  } else if (written.by == Speaker::kNone) {
    not_found();
    return;
  }
  const int step =
      trail_.begin(StepKind::kVerify, std::string(trail_.say({"Check citations", "核对引用"})),
                   {{"citations", written.cited.anchors.size()}});
  Rendered rendered = render(written.cited);
  answer_.text = std::move(rendered.text);
  answer_.citations = std::move(rendered.citations);
  for (const Citation& citation : answer_.citations) {
    Source source = trail_.source(citation.source_id);
    if (source.state == SourceState::kCited) continue;
    source.state = SourceState::kCited;
    trail_.update(source);
  }
  trail_.done(step, {{"kept", counts.kept},
                     {"moved", counts.moved},
                     {"dropped", counts.dropped},
                     {"unsupported", counts.unsupported}});
}

Answer Pipeline::Work::run() {
  begin();
  if (!request_.model.empty() && !model_) {
    answer_.state = AnswerState::kFailed;
    answer_.error = base::Error{base::Code::kNotFound,
                                fmt::format("no model named {} is ready", request_.model), "model"};
    answer_.total_ms = trail_.elapsed_ms();
    return std::move(answer_);
  }
  const Plan plan = this->plan();
  Gatherer gatherer({.search = p_.ports_.search,
                     .pages = p_.ports_.pages,
                     .settings = p_.settings_,
                     .clock = p_.ports_.clock,
                     .started = started_,
                     .stop = stop_,
                     .trail = trail_,
                     .record = p_.record_});
  const Gathered gathered = gatherer.gather(request_, question_, plan);
  const bool capable = model_ && !model_->cites_spans;
  const bool wants_sources = plan.search || !request_.sites.empty() || !question_.urls.empty();
  std::vector<std::size_t> chosen;
  if (!gathered.pages.empty()) chosen = rank(gathered);
  Evidence evidence;
  evidence.add(passages_, gathered.pages);
  CitationCheck check(evidence, gathered.pages, gathered.source_of_page);
  Writer writer({.generator = p_.ports_.generator,
                 .model = model_,
                 .request = request_,
                 .question = question_,
                 .pages = gathered.pages,
                 .source_of_page = gathered.source_of_page,
                 .passages = passages_,
                 .chosen = chosen,
                 .index = index_,
                 .check = check,
                 .now = p_.record_.started,
                 .deadline = by(p_.settings_.time.total),
                 .stop = stop_,
                 .trail = trail_,
                 .record = p_.record_});
  if (!chosen.empty()) {
    finish(writer.write(), check.counts());
  } else if (stop_.stop_requested()) {
    answer_.state = AnswerState::kStopped;
  } else if (gathered.pages.empty() && !wants_sources && capable) {
    finish(writer.write_from_memory(), check.counts());
  } else if (gathered.pages.empty() && !wants_sources) {
    answer_.state = AnswerState::kFailed;
    answer_.error = base::Error{
        base::Code::kFailedPrecondition,
        model_ ? fmt::format("{} answers from sources only, and none were given", model_->id)
               : "no model is loaded to answer without sources"};
  } else if (gathered.trouble) {
    answer_.state = AnswerState::kFailed;
    answer_.error = gathered.trouble;
  } else {
    not_found();
  }
  answer_.sources = trail_.sources();
  answer_.steps = trail_.steps();
  answer_.total_ms = trail_.elapsed_ms();
  if (answer_.first_token_ms == 0) answer_.first_token_ms = answer_.total_ms;
  return std::move(answer_);
}

Pipeline::Pipeline(const Answers::Ports& ports, const AnswerSettings& settings, Run& run,
                   const RunRecord* replay)
    : ports_(ports), settings_(settings), run_(run), replay_(replay) {}

Answer Pipeline::run() {
  return Work(*this).run();
}

}  // namespace seine::answer
