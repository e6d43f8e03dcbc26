#include "answer/json.h"

#include "base/json.h"

namespace seine::answer {
namespace {

using base::Json;

Json text_or_null(const std::string& text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

Json time_or_null(base::WallTime time) {
  return time == base::WallTime{} ? Json(nullptr) : Json(base::format_rfc3339(time));
}

}  // namespace

Json to_json(const base::Error& error) {
  return {{"message", error.message},
          {"type", base::code_name(error.code)},
          {"param", text_or_null(error.field)},
          {"code", base::http_status(error.code)}};
}

Json to_json(const Step& step) {
  base::Result<Json> detail = base::parse_json(step.detail);
  return {{"id", step.id},
          {"kind", name_of(step.kind)},
          {"state", name_of(step.state)},
          {"title", step.title},
          {"detail", detail ? std::move(*detail) : Json::object()},
          {"reason", text_or_null(step.reason)},
          {"elapsed_ms", step.elapsed_ms}};
}

Json to_json(const Source& source) {
  return {{"id", source.id},
          {"url", source.url},
          {"title", source.title},
          {"site", source.site},
          {"state", name_of(source.state)},
          {"reason", text_or_null(source.reason)},
          {"published", text_or_null(source.published)},
          {"fetched_at", time_or_null(source.fetched_at)},
          {"age_s", source.age_s},
          {"from", text_or_null(source.from)},
          {"snapshot", text_or_null(source.snapshot)},
          {"verdict", source.verdict}};
}

Json to_json(const Citation& citation) {
  return {{"marker", citation.marker},
          {"start", citation.start},
          {"end", citation.end},
          {"sentence_start", citation.sentence_start},
          {"sentence_end", citation.sentence_end},
          {"source_id", citation.source_id},
          {"quote", citation.quote},
          {"span", {{"start", citation.span.begin}, {"end", citation.span.end}}},
          {"anchor", text_or_null(citation.anchor)},
          {"support", name_of(citation.support)}};
}

Json to_json(const Answer& answer) {
  const auto list = [](const auto& items) {
    Json out = Json::array();
    for (const auto& item : items) out.push_back(to_json(item));
    return out;
  };
  Json usage = nullptr;
  if (answer.usage) {
    usage = {{"prompt_tokens", answer.usage->prompt_tokens},
             {"completion_tokens", answer.usage->completion_tokens}};
  }
  return {{"run_id", answer.run_id},
          {"chat_id", text_or_null(answer.chat_id)},
          {"question_id", text_or_null(answer.question_id)},
          {"answer_id", text_or_null(answer.answer_id)},
          {"question", answer.question},
          {"text", answer.text},
          {"brief", text_or_null(answer.brief)},
          {"by", name_of(answer.by)},
          {"model", text_or_null(answer.model)},
          {"state", name_of(answer.state)},
          {"reasoning", text_or_null(answer.reasoning)},
          {"citations", list(answer.citations)},
          {"sources", list(answer.sources)},
          {"steps", list(answer.steps)},
          {"usage", std::move(usage)},
          {"timings", {{"first_token_ms", answer.first_token_ms}, {"total_ms", answer.total_ms}}},
          {"created_at", base::format_rfc3339(answer.created_at)},
          {"error", answer.error ? to_json(*answer.error) : Json(nullptr)}};
}

NamedEvent to_event(const Event& event) {
  struct Visitor {
    NamedEvent operator()(const StartEvent& e) const {
      return {"start", base::to_text({{"run_id", e.run_id},
                                      {"chat_id", text_or_null(e.chat_id)},
                                      {"question_id", text_or_null(e.question_id)},
                                      {"answer_id", text_or_null(e.answer_id)},
                                      {"model", text_or_null(e.model)},
                                      {"created_at", base::format_rfc3339(e.created_at)}})};
    }
    NamedEvent operator()(const Step& e) const { return {"step", base::to_text(to_json(e))}; }
    NamedEvent operator()(const Source& e) const { return {"source", base::to_text(to_json(e))}; }
    NamedEvent operator()(const ReasoningEvent& e) const {
      return {"reasoning", base::to_text({{"text", e.text}})};
    }
    NamedEvent operator()(const TextEvent& e) const {
      return {"text", base::to_text({{"text", e.text}})};
    }
    NamedEvent operator()(const CitationEvent& e) const {
      return {"citation", base::to_text({{"start", e.start},
                                         {"end", e.end},
                                         {"source_id", e.source_id},
                                         {"marker", e.marker}})};
    }
    NamedEvent operator()(const DoneEvent& e) const {
      return {"done", base::to_text(to_json(e.answer))};
    }
  };
  return std::visit(Visitor(), event);
}

}  // namespace seine::answer
