#include "gateway/answers/ask_routes.h"

#include <algorithm>
#include <utility>

#include "answer/json.h"
#include "base/json.h"
#include "base/utf8.h"
#include "gateway/access/caller.h"
#include "gateway/access/guard.h"
#include "gateway/answers/run_stream.h"
#include "gateway/api_error.h"
#include "gateway/body.h"
#include "gateway/reader_language.h"
#include "net/on_pool.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Json;
using base::Result;
constexpr std::size_t kHistoryTurns = 12;
constexpr std::size_t kHistoryBytes = 24 << 10;

// An operator may name sites on this machine; a key that can only chat may not.
bool is_operator(const Caller& caller) {
  return caller.kind == Caller::Kind::kSession || caller.kind == Caller::Kind::kLoopback ||
         (caller.scopes & static_cast<Scopes>(Scope::kAdmin)) != 0;
}

std::string_view state_of(const answer::Answer& answer) {
  return answer::name_of(answer.state);
}

// Fills the history and puts question and (still empty) answer into the chat.
Result<> enter_chat(ChatStore& chats, AskBody& ask) {
  std::string parent = ask.parent_id;
  if (!ask.regenerate_id.empty()) {
    const ChatMessage question = SEINE_TRY(chats.message(ask.chat_id, ask.regenerate_id));
    if (question.role != ChatRole::kUser) {
      return base::fail_field(Code::kInvalidArgument, "regenerate_id",
                              "{} is an answer; name the question", ask.regenerate_id);
    }
    ask.request.question = question.text;
    ask.request.question_id = question.id;
    parent = question.parent_id.value_or("");
  }
  if (!parent.empty()) {
    ask.request.history = history_of(SEINE_TRY(chats.path_to(ask.chat_id, parent)));
  }
  if (ask.request.question_id.empty()) {
    ChatMessage question{.role = ChatRole::kUser, .text = ask.request.question};
    if (!parent.empty()) question.parent_id = parent;
    ask.request.question_id = SEINE_TRY(chats.add_message(ask.chat_id, std::move(question))).id;
  }
  const ChatMessage answer = SEINE_TRY(chats.add_message(
      ask.chat_id,
      {.parent_id = ask.request.question_id, .role = ChatRole::kAssistant, .state = "running"}));
  ask.request.answer_id = answer.id;
  ask.request.chat_id = ask.chat_id;
  return {};
}

// On the run's thread, before the end is told: who sees the end finds the chat complete.
void leave_chat(ChatStore& chats, const answer::Answer& answer,
                const std::function<void(const base::Error&)>& lost) {
  MessagePatch patch{.text = answer.text,
                     .state = std::string(state_of(answer)),
                     .run_id = answer.run_id,
                     .model = answer.model,
                     .answer = base::to_text(answer::to_json(answer))};
  const Result<> kept = chats.update_message(answer.chat_id, answer.answer_id, patch);
  if (kept) return;
  if (lost) lost(kept.error());
  // Its end at least: an answer that seems to go on is waited for. The run has the rest.
  patch.text.reset();
  patch.answer.reset();
  (void)chats.update_message(answer.chat_id, answer.answer_id, patch);
}

// Ends a run that nobody follows any more, however the handler is left.
class Follow {
 public:
  Follow(RunPointer run, bool goes_on) : run_(std::move(run)), goes_on_(goes_on) {}
  Follow(const Follow&) = delete;
  Follow& operator=(const Follow&) = delete;
  ~Follow() {
    if (!goes_on_ && !run_->log().ended()) run_->stop();
  }

 private:
  const RunPointer run_;
  const bool goes_on_;
};

asio::awaitable<void> await_run(RunPointer run, net::Request& request, net::Response& response) {
  for (std::size_t position = 0;;) {
    const auto event = co_await event_at(run, position, kRunKeepAlive);
    if (!event) co_return;
    if (!*event) {
      if (request.deadline().expired(base::SystemClock())) {
        send_api_error(request, response,
                       {Code::kDeadlineExceeded, "the answer took longer than the request may"});
        co_return;
      }
      continue;
    }
    ++position;
    if (const auto* done = std::get_if<answer::DoneEvent>(&**event)) {
      response.send_json(
          200, spoken(base::to_text(answer::to_json(done->answer)), reader_language(request)));
      co_return;
    }
  }
}

}  // namespace

std::vector<llm::Message> history_of(const std::vector<ChatMessage>& path) {
  std::vector<llm::Message> out;
  std::size_t bytes = 0;
  for (auto message = path.rbegin(); message != path.rend(); ++message) {
    if (message->text.empty()) continue;
    std::string text = message->text.substr(0, base::utf8_prefix(message->text, kHistoryBytes / 3));
    bytes += text.size();
    if (out.size() == kHistoryTurns || bytes > kHistoryBytes) break;
    out.push_back(
        {.role = message->role == ChatRole::kUser ? llm::Role::kUser : llm::Role::kAssistant,
         .content = std::move(text)});
  }
  std::ranges::reverse(out);
  return out;
}

asio::awaitable<void> AskRoutes::ask(net::Request& request, net::Response& response) {
  const Result<Json> body = co_await read_json_object(request);
  Result<AskBody> parsed = body ? parse_ask(*body) : std::unexpected(body.error());
  if (!parsed) {
    send_api_error(request, response, parsed.error());
    co_return;
  }
  parsed->request.trusted_sites = is_operator(caller_of(request));
  const Ports& ports = ports_;
  // The store's part, and the start: both may block.
  const auto started = co_await net::on_pool<RunPointer>(
      ports_.pool, [&ports, ask = *std::move(parsed)]() mutable -> Result<RunPointer> {
        for (const std::string& id : ask.files) {
          if (!ports.file) {
            return base::fail_field(Code::kNotFound, "files", "no file {}", id);
          }
          ask.request.files.push_back(SEINE_TRY(ports.file(id)));
        }
        ChatStore* chats = ask.chat_id.empty() ? nullptr : ports.chats;
        if (!ask.chat_id.empty()) {
          if (chats == nullptr) {
            return base::fail_field(Code::kNotFound, "chat_id", "no chat {}", ask.chat_id);
          }
          SEINE_CHECK(enter_chat(*chats, ask));
        }
        const std::string chat_id = ask.chat_id;
        const std::string answer_id = ask.request.answer_id;
        auto run = ports.answers.start(std::move(ask.request),
                                       [chats, lost = ports.lost](const answer::Answer& a) {
                                         if (chats != nullptr) leave_chat(*chats, a, lost);
                                       });
        if (chats != nullptr) {
          // With the run's name a page that is loaded anew finds the stream again.
          const MessagePatch patch =
              run ? MessagePatch{.run_id = (*run)->id()} : MessagePatch{.state = "failed"};
          (void)chats->update_message(chat_id, answer_id, patch);
        }
        return run;
      });
  if (!started) {
    send_api_error(request, response, started.error());
    co_return;
  }
  const RunPointer& run = *started;
  const Follow follow(run, !run->request().chat_id.empty());
  const bool stream = base::get_or<bool>(*body, "stream", true).value_or(true);
  if (stream) {
    co_await stream_run(run, response, 0, reader_language(request));
  } else {
    co_await await_run(run, request, response);
  }
}

void AskRoutes::install(net::Router& router) {
  router.add(
      "POST", "/api/ask",
      [this](net::Request& request, net::Response& response) { return ask(request, response); },
      {.operation_id = "ask",
       .summary = "Answer a question from sources, with citations",
       .tag = "answers",
       .scope = std::string(kChatScope),
       .request_schema = "Ask",
       .response_schema = "Answer",
       .streams = true,
       .body_bytes_max = 256 << 10});
}

}  // namespace seine::gateway
