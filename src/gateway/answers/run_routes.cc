#include "gateway/answers/run_routes.h"

#include "answer/json.h"
#include "base/json.h"
#include "base/text.h"
#include "gateway/access/guard.h"
#include "gateway/answers/run_stream.h"
#include "gateway/api_error.h"
#include "gateway/pool_routes.h"
#include "gateway/reader_language.h"
#include "net/on_pool.h"
#include "net/request.h"
#include "net/response.h"
#include "net/sse.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

using base::Code;
using base::Json;
using base::Result;

Json to_json(const answer::RunSummary& run) {
  return {{"run_id", run.run_id},
          {"question", run.question},
          {"state", run.state},
          {"by", run.by},
          {"model", run.model.empty() ? Json(nullptr) : Json(run.model)},
          {"created_at", base::format_rfc3339(run.created_at)},
          {"total_ms", run.total_ms},
          {"source_count", run.source_count}};
}

Result<std::size_t> limit_of(const std::string& text) {
  if (text.empty()) return 50;
  const auto number = base::parse_u64(text);
  if (!number || *number == 0 || *number > answer::RunStore::kListMax) {
    return base::fail_field(Code::kInvalidArgument, "limit", "'limit' is 1 to {}, not '{}'",
                            answer::RunStore::kListMax, text);
  }
  return *number;
}

}  // namespace

Json to_json(const answer::Page& page, const std::string& hash) {
  Json blocks = Json::array();
  for (const answer::PageBlock& block : page.blocks) {
    blocks.push_back({{"kind", block.kind},
                      {"start", block.span.begin},
                      {"end", block.span.end},
                      {"heading_path", block.heading_path},
                      {"anchor", block.anchor.empty() ? Json(nullptr) : Json(block.anchor)}});
  }
  return {{"hash", hash},
          {"url", page.url},
          {"title", page.title},
          {"site", page.site},
          {"author", page.author},
          {"published", page.published.empty() ? Json(nullptr) : Json(page.published)},
          {"fetched_at", base::format_rfc3339(page.fetched_at)},
          {"language", page.language},
          {"markdown", page.markdown},
          {"blocks", std::move(blocks)}};
}

asio::awaitable<void> RunRoutes::events(net::Request& request, net::Response& response) {
  const std::string id(request.param("id"));
  std::size_t from = 0;
  if (const auto last = request.headers().get("last-event-id"); last && !last->empty()) {
    const auto number = base::parse_u64(*last);
    if (!number || *number >= answer::RunLog::kEventsMax) {
      send_api_error(
          request, response,
          {Code::kInvalidArgument, "Last-Event-ID is not an id of this stream", "last-event-id"});
      co_return;
    }
    from = static_cast<std::size_t>(*number) + 1;
  }
  if (const RunPointer run = answers_.find(id)) {
    co_await stream_run(run, response, from, reader_language(request));
    co_return;
  }
  // It has ended: its last event is what was kept of it.
  const Result<std::string> answer =
      co_await net::on_pool<std::string>(pool_, [this, id] { return runs_.answer(id); });
  if (!answer) {
    send_api_error(request, response, answer.error());
    co_return;
  }
  net::SseWriter writer(response);
  if (!co_await writer.start()) co_return;
  if (!co_await writer.event({.event = "done", .data = spoken(*answer, reader_language(request))}))
    co_return;
  (void)co_await response.finish();
}

void RunRoutes::install(net::Router& router) {
  router.add(
      "GET", "/api/runs/{id}/events",
      [this](net::Request& request, net::Response& response) { return events(request, response); },
      {.operation_id = "streamRun",
       .summary = "The events of a run from the first, or from the one after Last-Event-ID",
       .tag = "answers",
       .scope = std::string(kChatScope),
       .response_schema = "Answer",
       .streams = true});
  std::vector<PoolRoute> routes = {
      {"GET",
       "/api/runs",
       {.operation_id = "listRuns",
        .summary = "Recorded answers, newest first",
        .response_schema = "RunList"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const std::size_t limit = SEINE_TRY(limit_of(ask.text("limit")));
         const answer::RunPage page = SEINE_TRY(runs_.list(limit, ask.text("cursor")));
         Json data = Json::array();
         for (const answer::RunSummary& run : page.runs) data.push_back(to_json(run));
         const Json next = page.next_cursor.empty() ? Json(nullptr) : Json(page.next_cursor);
         return json_reply({{"data", std::move(data)}, {"next_cursor", next}});
       }},
      {"GET",
       "/api/runs/{id}",
       {.operation_id = "getRun", .summary = "A recorded answer", .response_schema = "Answer"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         return PoolReply{.body = SEINE_TRY(runs_.answer(ask.id))};
       }},
      {"POST",
       "/api/runs/{id}/replay",
       {.operation_id = "replayRun",
        .summary = "The answer made again from the recorded bytes, with no network",
        .response_schema = "Answer"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         return json_reply(answer::to_json(SEINE_TRY(answers_.replay(ask.id))));
       }},
      {"POST",
       "/api/runs/{id}/stop",
       {.operation_id = "stopRun", .summary = "End a run with what it has"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         const auto run = answers_.find(ask.id);
         if (run == nullptr) return base::fail(Code::kNotFound, "run {} is not running", ask.id);
         run->stop();
         return PoolReply{.status = 204};
       }},
      {"DELETE",
       "/api/runs/{id}",
       {.operation_id = "deleteRun", .summary = "Forget a recorded answer"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         SEINE_CHECK(runs_.remove(ask.id));
         return PoolReply{.status = 204};
       }},
      {"GET",
       "/api/snapshots/{id}",
       {.operation_id = "getSnapshot",
        .summary = "A page as it was read, to which citations point",
        .response_schema = "Snapshot"},
       [this](const PoolAsk& ask) -> Result<PoolReply> {
         return json_reply(to_json(SEINE_TRY(runs_.snapshot(ask.id)), ask.id));
       }},
  };
  for (PoolRoute& route : routes) {
    route.info.tag = "answers";
    route.info.scope = std::string(kChatScope);
  }
  add_pool_routes(router, pool_, std::move(routes));
}

}  // namespace seine::gateway
