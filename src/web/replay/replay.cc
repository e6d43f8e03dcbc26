#include "web/replay/replay.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "store/blob_store.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::int64_t kRecordVersion = 1;

std::string hash_of(std::string_view bytes) {
  return store::BlobId::of(bytes).hex();
}

std::string request_key(std::string_view method, std::string_view url, std::string_view body_hash) {
  return fmt::format("{} {} {}", method, url, body_hash);
}

// A provider that takes its key in the address (Google's `key=`): the record must not hold it.
std::string without_key(Url url) {
  if (!url.has_query()) return url.href(false);
  std::string query;
  for (const std::string_view part : base::split(url.query(), '&')) {
    if (!query.empty()) query += '&';
    query += part.starts_with("key=") ? std::string_view("key=-") : part;
  }
  url.set_search(query);
  return url.href(false);
}

}  // namespace

std::string WebRecord::to_text() const {
  base::Json rows = base::Json::array();
  for (const RecordedExchange& exchange : exchanges) {
    base::Json headers = base::Json::array();
    for (const auto& [name, value] : exchange.headers) headers.push_back({name, value});
    rows.push_back({{"method", exchange.method},
                    {"url", exchange.url},
                    {"request_body", exchange.request_body_sha256},
                    {"status", exchange.status},
                    {"headers", std::move(headers)},
                    {"body", exchange.body_sha256},
                    {"verdict", exchange.verdict},
                    {"message", exchange.message},
                    {"fetched_at_us", exchange.fetched_at_us}});
  }
  base::Json kept = base::Json::object();
  for (const auto& [hash, bytes] : bodies) kept[hash] = base::base64(bytes);
  const base::Json json = {{"seine_web_record", kRecordVersion},
                           {"exchanges", std::move(rows)},
                           {"bodies", std::move(kept)}};
  return base::to_text(json) + "\n";
}

base::Result<WebRecord> WebRecord::parse(std::string_view text) {
  const base::Json json =
      SEINE_TRY(base::parse_json(text, {.depth_max = 16, .bytes_max = kBytesMax + kBytesMax / 2}));
  if (SEINE_TRY(base::get_or<std::int64_t>(json, "seine_web_record", 0)) != kRecordVersion)
    return base::fail(base::Code::kDataLoss,
                      "this is no record of a reading, or of another version");
  WebRecord record;
  if (const base::Json* bodies = base::find(json, "bodies");
      bodies != nullptr && bodies->is_object()) {
    for (const auto& [hash, value] : bodies->items()) {
      if (!value.is_string())
        return base::fail(base::Code::kDataLoss, "the body {} is no text", hash);
      auto bytes = base::from_base64(value.get<std::string>());
      if (!bytes || hash_of(*bytes) != hash)
        return base::fail(base::Code::kDataLoss, "the body {} does not match its hash", hash);
      record.body_bytes += bytes->size();
      record.bodies.emplace(hash, *std::move(bytes));
    }
  }
  const base::Json* rows = base::find(json, "exchanges");
  if (rows == nullptr || !rows->is_array() || rows->size() > kExchangesMax)
    return base::fail(base::Code::kDataLoss, "the record holds no list of exchanges");
  for (const base::Json& row : *rows) {
    RecordedExchange exchange;
    exchange.method = SEINE_TRY(base::require<std::string>(row, "method"));
    exchange.url = SEINE_TRY(base::require<std::string>(row, "url"));
    exchange.request_body_sha256 = SEINE_TRY(base::get_or<std::string>(row, "request_body", ""));
    exchange.status = static_cast<int>(SEINE_TRY(base::get_or<std::int64_t>(row, "status", 0)));
    exchange.body_sha256 = SEINE_TRY(base::get_or<std::string>(row, "body", ""));
    exchange.verdict = SEINE_TRY(base::get_or<std::string>(row, "verdict", "ok"));
    exchange.message = SEINE_TRY(base::get_or<std::string>(row, "message", ""));
    exchange.fetched_at_us = SEINE_TRY(base::get_or<std::int64_t>(row, "fetched_at_us", 0));
    if (const base::Json* headers = base::find(row, "headers");
        headers != nullptr && headers->is_array()) {
      for (const base::Json& pair : *headers) {
        if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string())
          return base::fail(base::Code::kDataLoss, "a header of the record is no pair");
        exchange.headers.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
      }
    }
    if (exchange.verdict == "ok" && !record.bodies.contains(exchange.body_sha256))
      return base::fail(base::Code::kDataLoss, "the record lacks the body of {}", exchange.url);
    record.exchanges.push_back(std::move(exchange));
  }
  return record;
}

asio::awaitable<base::Result<HopResponse>> RecordingTransport::send(HopRequest request) {
  RecordedExchange exchange{.method = request.method, .url = without_key(request.url)};
  if (!request.body.empty()) exchange.request_body_sha256 = hash_of(request.body);
  base::Result<HopResponse> result = co_await below_.send(std::move(request));
  if (result) {
    exchange.status = result->status;
    exchange.fetched_at_us = base::to_us(result->fetched_at);
    for (const net::Headers::Field field : result->headers)
      exchange.headers.emplace_back(field.name, field.value);
    exchange.body_sha256 = hash_of(result->body);
  } else {
    exchange.verdict = verdict_name(verdict_of(result.error()));
    exchange.message = result.error().message;
  }
  const bool room = record_.exchanges.size() < WebRecord::kExchangesMax &&
                    (!result || record_.body_bytes + result->body.size() <= WebRecord::kBytesMax);
  if (room) {
    if (result && record_.bodies.emplace(exchange.body_sha256, result->body).second)
      record_.body_bytes += result->body.size();
    record_.exchanges.push_back(std::move(exchange));
  }
  co_return result;
}

ReplayTransport::ReplayTransport(WebRecord record) : record_(std::move(record)) {
  for (std::size_t i = 0; i < record_.exchanges.size(); ++i) {
    const RecordedExchange& exchange = record_.exchanges[i];
    by_request_[request_key(exchange.method, exchange.url, exchange.request_body_sha256)].push_back(
        i);
  }
}

asio::awaitable<base::Result<HopResponse>> ReplayTransport::send(HopRequest request) {
  const std::string key = request_key(request.method, without_key(request.url),
                                      request.body.empty() ? std::string() : hash_of(request.body));
  const auto found = by_request_.find(key);
  if (found == by_request_.end())
    co_return fail_verdict(Verdict::kOffline, "{} is not in the record", request.url.href(false));
  const std::size_t turn = std::min(asked_[key]++, found->second.size() - 1);
  const RecordedExchange& exchange = record_.exchanges[found->second[turn]];
  if (exchange.verdict != "ok")
    co_return std::unexpected(verdict_error(
        parse_verdict(exchange.verdict).value_or(Verdict::kInternal), exchange.message));
  HopResponse response;
  response.status = exchange.status;
  for (const auto& [name, value] : exchange.headers) response.headers.add(name, value);
  response.body = record_.bodies.at(exchange.body_sha256);
  response.wire_bytes = response.body.size();
  response.fetched_at = base::from_us(exchange.fetched_at_us);
  response.from = PageSource::kCache;
  co_return response;
}

}  // namespace seine::web
