#include "answer/record.h"

#include "base/json.h"
#include "store/blob_store.h"

namespace seine::answer {
namespace {

using base::Json;
using base::Result;

Json error_json(const base::Error& error) {
  return {
      {"code", static_cast<int>(error.code)}, {"message", error.message}, {"field", error.field}};
}

base::Error error_of(const Json& json) {
  const auto code = base::get_or<std::int64_t>(json, "code", 2).value_or(2);
  return {static_cast<base::Code>(code >= 1 && code <= 16 ? code : 2),
          base::get_or<std::string>(json, "message", "").value_or(""),
          base::get_or<std::string>(json, "field", "").value_or("")};
}

std::string text_at(const Json& json, std::string_view key) {
  return base::get_or<std::string>(json, key, "").value_or("");
}
std::int64_t int_at(const Json& json, std::string_view key) {
  return base::get_or<std::int64_t>(json, key, 0).value_or(0);
}
bool flag_at(const Json& json, std::string_view key) {
  return base::get_or<bool>(json, key, false).value_or(false);
}
const Json& list_at(const Json& json, std::string_view key) {
  static const Json kNone = Json::array();
  const Json* found = base::find(json, key);
  return found != nullptr && found->is_array() ? *found : kNone;
}

Json search_json(const RecordedSearch& search) {
  if (!search.result)
    return {{"query", search.query}, {"error", error_json(search.result.error())}};
  Json hits = Json::array();
  for (const SearchHit& hit : search.result->hits) {
    hits.push_back({{"url", hit.url},
                    {"title", hit.title},
                    {"snippet", hit.snippet},
                    {"published", hit.published}});
  }
  Json providers = Json::array();
  for (const ProviderReport& report : search.result->providers) {
    providers.push_back({{"id", report.id},
                         {"state", report.state},
                         {"reason", report.reason},
                         {"hits", report.hits},
                         {"elapsed_ms", report.elapsed_ms}});
  }
  return {{"query", search.query}, {"hits", std::move(hits)}, {"providers", std::move(providers)}};
}

RecordedSearch search_of(const Json& json) {
  RecordedSearch out{text_at(json, "query"), SearchResult{}};
  if (const Json* error = base::find(json, "error")) {
    out.result = std::unexpected(error_of(*error));
    return out;
  }
  for (const Json& hit : list_at(json, "hits")) {
    out.result->hits.push_back({text_at(hit, "url"), text_at(hit, "title"), text_at(hit, "snippet"),
                                text_at(hit, "published")});
  }
  for (const Json& report : list_at(json, "providers")) {
    out.result->providers.push_back(
        {text_at(report, "id"), text_at(report, "state"), text_at(report, "reason"),
         static_cast<std::size_t>(int_at(report, "hits")), int_at(report, "elapsed_ms")});
  }
  return out;
}

using Load = std::function<Result<std::string>(const std::string&)>;

Json page_json(const Page& page) {
  Json blocks = Json::array();
  for (const PageBlock& block : page.blocks) {
    blocks.push_back({{"kind", block.kind},
                      {"start", block.span.begin},
                      {"end", block.span.end},
                      {"heading_path", block.heading_path},
                      {"anchor", block.anchor}});
  }
  return {{"snapshot", snapshot_of(page)}, {"url", page.url},
          {"title", page.title},           {"site", page.site},
          {"author", page.author},         {"published", page.published},
          {"language", page.language},     {"fetched_at_us", base::to_us(page.fetched_at)},
          {"age_s", page.age_s},           {"from", page.from},
          {"verdict", page.verdict},       {"blocks", std::move(blocks)}};
}

Page page_of(const Json& json, std::string markdown) {
  Page page{.url = text_at(json, "url"),
            .title = text_at(json, "title"),
            .site = text_at(json, "site"),
            .author = text_at(json, "author"),
            .published = text_at(json, "published"),
            .language = text_at(json, "language"),
            .fetched_at = base::from_us(int_at(json, "fetched_at_us")),
            .age_s = int_at(json, "age_s"),
            .from = text_at(json, "from"),
            .verdict = text_at(json, "verdict"),
            .markdown = std::move(markdown),
            .blocks = {}};
  for (const Json& block : list_at(json, "blocks")) {
    page.blocks.push_back({text_at(block, "kind"),
                           {static_cast<std::size_t>(int_at(block, "start")),
                            static_cast<std::size_t>(int_at(block, "end"))},
                           text_at(block, "heading_path"),
                           text_at(block, "anchor")});
  }
  return page;
}

Result<Page> load_page(const Json& json, const Load& load) {
  return page_of(json, SEINE_TRY(load(text_at(json, "snapshot"))));
}

Json read_json(const std::pair<std::string, PageRead>& read) {
  Json out{{"asked", read.first}, {"url", read.second.url}};
  if (read.second.page) {
    out["page"] = page_json(*read.second.page);
  } else {
    out["error"] = error_json(read.second.page.error());
  }
  return out;
}

std::pair<std::string, PageRead> read_of(const Json& json, const Load& load) {
  PageRead read{text_at(json, "url"), Page{}};
  if (const Json* error = base::find(json, "error")) {
    read.page = std::unexpected(error_of(*error));
  } else if (const Json* page = base::find(json, "page")) {
    read.page = load_page(*page, load);
  } else {
    read.page = base::fail(base::Code::kDataLoss, "the run's record lacks the page {}", read.url);
  }
  return {text_at(json, "asked"), std::move(read)};
}

Json request_json(const AskRequest& request) {
  Json history = Json::array();
  for (const llm::Message& message : request.history)
    history.push_back({{"role", static_cast<int>(message.role)}, {"content", message.content}});
  Json files = Json::array();
  for (const Page& page : request.files) files.push_back(page_json(page));
  return {{"question", request.question},
          {"history", std::move(history)},
          {"model", request.model},
          {"search", static_cast<int>(request.search)},
          {"sites", request.sites},
          {"trusted_sites", request.trusted_sites},
          {"files", std::move(files)},
          {"language", request.language ? static_cast<int>(*request.language) : -1},
          {"chat_id", request.chat_id},
          {"question_id", request.question_id},
          {"answer_id", request.answer_id}};
}

Result<AskRequest> request_of(const Json& json, const Load& load) {
  AskRequest out{.question = text_at(json, "question")};
  for (const Json& message : list_at(json, "history")) {
    const auto role = int_at(message, "role");
    out.history.push_back({.role = static_cast<llm::Role>(role >= 0 && role <= 3 ? role : 1),
                           .content = text_at(message, "content")});
  }
  out.model = text_at(json, "model");
  const auto search = int_at(json, "search");
  out.search = static_cast<SearchMode>(search >= 0 && search <= 2 ? search : 0);
  for (const Json& site : list_at(json, "sites")) {
    if (site.is_string()) out.sites.push_back(site.get<std::string>());
  }
  out.trusted_sites = flag_at(json, "trusted_sites");
  for (const Json& file : list_at(json, "files")) {
    out.files.push_back(SEINE_TRY(load_page(file, load)));
  }
  const auto language = int_at(json, "language");
  if (language >= 0) {
    out.language = language == 1 ? base::Language::kChinese : base::Language::kEnglish;
  }
  out.chat_id = text_at(json, "chat_id");
  out.question_id = text_at(json, "question_id");
  out.answer_id = text_at(json, "answer_id");
  out.record = false;
  return out;
}

Json reply_json(const RecordedReply& reply) {
  Json out{{"text", reply.text},
           {"reasoning", reply.reasoning},
           {"logprob", reply.logprob},
           {"logprobs", reply.logprobs},
           {"prompt_tokens", reply.usage.prompt_tokens},
           {"completion_tokens", reply.usage.completion_tokens}};
  if (reply.error) out["error"] = error_json(*reply.error);
  return out;
}

RecordedReply reply_of(const Json& json) {
  RecordedReply out{.text = text_at(json, "text"),
                    .reasoning = text_at(json, "reasoning"),
                    .logprob = base::get_or<double>(json, "logprob", 0).value_or(0),
                    .logprobs = static_cast<std::size_t>(int_at(json, "logprobs"))};
  out.usage.prompt_tokens = static_cast<std::uint64_t>(int_at(json, "prompt_tokens"));
  out.usage.completion_tokens = static_cast<std::uint64_t>(int_at(json, "completion_tokens"));
  if (const Json* error = base::find(json, "error")) out.error = error_of(*error);
  return out;
}

}  // namespace

std::string snapshot_of(const Page& page) {
  return store::BlobId::of(page.markdown).hex();
}

std::string page_to_text(const Page& page) {
  return base::to_text(page_json(page));
}

Result<Page> page_from_text(std::string_view text, std::string markdown) {
  return page_of(SEINE_TRY(base::parse_json(text)), std::move(markdown));
}

std::string record_to_text(const AskRequest& request, const RunRecord& record) {
  Json searches = Json::array();
  for (const RecordedSearch& search : record.searches) searches.push_back(search_json(search));
  Json reads = Json::array();
  for (const auto& read : record.reads) reads.push_back(read_json(read));
  Json site_reads = Json::array();
  for (const auto& read : record.site_reads) site_reads.push_back(read_json(read));
  Json replies = Json::array();
  for (const RecordedReply& reply : record.replies) replies.push_back(reply_json(reply));
  Json orders = Json::array();
  for (const RecordedOrder& order : record.orders)
    orders.push_back({{"by", order.by}, {"order", order.order}});
  Json model = nullptr;
  if (record.model) {
    model = {{"id", record.model->id},
             {"context_tokens", record.model->context_tokens},
             {"thinks", record.model->thinks},
             {"cites_spans", record.model->cites_spans}};
  }
  return base::to_text({{"version", 1},
                        {"request", request_json(request)},
                        {"started_us", base::to_us(record.started)},
                        {"nonce", record.nonce},
                        {"model", std::move(model)},
                        {"searches", std::move(searches)},
                        {"reads", std::move(reads)},
                        {"site_reads", std::move(site_reads)},
                        {"replies", std::move(replies)},
                        {"orders", std::move(orders)}});
}

Result<StoredRun> record_from_text(std::string_view text, const Load& load) {
  const Json json = SEINE_TRY(base::parse_json(text));
  const Json* request = base::find(json, "request");
  if (request == nullptr) {
    return base::fail(base::Code::kDataLoss, "the run's record holds no request");
  }
  StoredRun out{
      SEINE_TRY(request_of(*request, load)),
      {.started = base::from_us(int_at(json, "started_us")), .nonce = text_at(json, "nonce")}};
  if (const Json* model = base::find(json, "model")) {
    out.record.model = llm::ModelInfo{
        .id = text_at(*model, "id"),
        .owned_by = {},
        .context_tokens = static_cast<std::uint32_t>(int_at(*model, "context_tokens")),
        .thinks = flag_at(*model, "thinks"),
        .cites_spans = flag_at(*model, "cites_spans")};
  }
  for (const Json& search : list_at(json, "searches"))
    out.record.searches.push_back(search_of(search));
  for (const Json& read : list_at(json, "reads")) out.record.reads.push_back(read_of(read, load));
  for (const Json& read : list_at(json, "site_reads"))
    out.record.site_reads.push_back(read_of(read, load));
  for (const Json& reply : list_at(json, "replies")) out.record.replies.push_back(reply_of(reply));
  for (const Json& order : list_at(json, "orders")) {
    RecordedOrder one{.by = text_at(order, "by"), .order = {}};
    for (const Json& index : list_at(order, "order")) {
      if (index.is_number_unsigned()) one.order.push_back(index.get<std::size_t>());
    }
    out.record.orders.push_back(std::move(one));
  }
  return out;
}

}  // namespace seine::answer
