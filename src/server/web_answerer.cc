#include "server/web_answerer.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "answer/json.h"
#include "base/json.h"

namespace seine::server {
namespace {

using base::Code;
using base::Result;

// Passes a run's events on to a stream, from whichever thread brings them: the run's, one at a
// time.
class Bridge : public std::enable_shared_from_this<Bridge> {
 public:
  Bridge(std::shared_ptr<answer::Run> run, std::shared_ptr<llm::DeltaStream> stream,
         std::shared_ptr<gateway::WebExtras> extras)
      : run_(std::move(run)), stream_(std::move(stream)), extras_(std::move(extras)) {
    leave_.emplace(stream_->stop_token(), std::function<void()>([run = std::weak_ptr(run_)] {
                     if (const auto held = run.lock()) held->stop();
                   }));
  }

  void follow() {
    for (;;) {
      const auto event = run_->log().at(position_);
      if (!event) break;
      ++position_;
      if (pass(*event)) return;
    }
    run_->log().notify_once(position_, [own = shared_from_this()] { own->follow(); });
  }

 private:
  // True at the end.
  bool pass(const answer::Event& event) {
    if (const auto* text = std::get_if<answer::TextEvent>(&event)) {
      stream_->push(llm::TextDelta{text->text});
    } else if (const auto* reasoning = std::get_if<answer::ReasoningEvent>(&event)) {
      stream_->push(llm::ReasoningDelta{reasoning->text});
    } else if (const auto* done = std::get_if<answer::DoneEvent>(&event)) {
      end(done->answer);
      return true;
    }
    return false;
  }

  void end(const answer::Answer& answer) {
    for (const answer::Citation& citation : answer.citations) {
      const auto source =
          std::ranges::find(answer.sources, citation.source_id, &answer::Source::id);
      if (source == answer.sources.end()) continue;
      extras_->citations.push_back({.start = citation.start,
                                    .end = citation.end,
                                    .url = answer::address_of(*source, citation),
                                    .title = source->title,
                                    .quote = citation.quote});
    }
    extras_->seine = base::to_text(answer::to_json(answer));
    if (answer.error) {
      stream_->fail(*answer.error);
      return;
    }
    llm::Finish finish;
    if (answer.usage) {
      finish.usage.prompt_tokens = answer.usage->prompt_tokens;
      finish.usage.completion_tokens = answer.usage->completion_tokens;
    }
    stream_->push(finish);
  }

  const std::shared_ptr<answer::Run> run_;
  const std::shared_ptr<llm::DeltaStream> stream_;
  const std::shared_ptr<gateway::WebExtras> extras_;
  std::size_t position_ = 0;
  std::optional<std::stop_callback<std::function<void()>>> leave_;
};

// The last user message is the question, what stands before it the conversation.
Result<answer::AskRequest> ask_of(gateway::WebAnswerRequest& request) {
  answer::AskRequest ask{.question = {}};
  std::vector<llm::Message>& messages = request.chat.messages;
  while (!messages.empty() && messages.back().role != llm::Role::kUser) messages.pop_back();
  if (messages.empty()) {
    return base::fail_field(Code::kInvalidArgument, "messages",
                            "a web-connected answer needs a message of the user");
  }
  ask.question = std::move(messages.back().content);
  messages.pop_back();
  ask.history = std::move(messages);
  ask.model = request.chat.model;
  ask.think = request.chat.effort;
  ask.search = answer::SearchMode::kOn;
  if (request.language == "zh") ask.language = base::Language::kChinese;
  if (request.language == "en") ask.language = base::Language::kEnglish;
  for (const std::string& site : request.sites) {
    ask.sites.push_back(site.find("://") == std::string::npos ? "https://" + site : site);
  }
  return ask;
}

}  // namespace

Result<gateway::WebAnswer> WebAnswerer::answer(gateway::WebAnswerRequest request, base::Deadline) {
  if (answers_ == nullptr) return base::fail(Code::kUnavailable, "the service is starting");
  answer::AskRequest ask = SEINE_TRY(ask_of(request));
  auto run = SEINE_TRY(answers_->start(std::move(ask)));
  auto stream = std::make_shared<llm::DeltaStream>();
  auto extras = std::make_shared<gateway::WebExtras>();
  std::make_shared<Bridge>(run, stream, extras)->follow();
  return gateway::WebAnswer{.deltas = llm::StreamReader(stream), .extras = extras};
}

}  // namespace seine::server
