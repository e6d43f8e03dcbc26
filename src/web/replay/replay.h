// A record of what the network said during one reading, from which the same reading repeats without
// it. RecordingTransport listens, ReplayTransport answers. The record is one JSON text: exchanges
// in order with headers, verdicts and times; bodies once each, by their hash (docs/formats/
// web-record.md). Keys and cookies of requests are not written. One context.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "web/fetch/transport.h"

namespace seine::web {

struct RecordedExchange {
  std::string method;
  std::string url;
  std::string request_body_sha256 = {};  // empty: no body
  // Either a response or a failure.
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body_sha256 = {};
  std::string verdict = "ok";
  std::string message = {};
  std::int64_t fetched_at_us = 0;
};

struct WebRecord {
  static constexpr std::size_t kExchangesMax = 10'000;
  static constexpr std::size_t kBytesMax = std::size_t{512} << 20;

  std::vector<RecordedExchange> exchanges;
  std::map<std::string, std::string> bodies;  // by SHA-256 in hex
  std::size_t body_bytes = 0;

  std::string to_text() const;
  // kDataLoss for what to_text has not written, and for a body that does not match its hash.
  static base::Result<WebRecord> parse(std::string_view text);
};

class RecordingTransport final : public Transport {
 public:
  RecordingTransport(Transport& below, WebRecord& record) : below_(below), record_(record) {}
  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override;

 private:
  Transport& below_;
  WebRecord& record_;
};

class ReplayTransport final : public Transport {
 public:
  explicit ReplayTransport(WebRecord record);
  // kOffline for what was not recorded. The same request is answered in the order of the record,
  // and by its last answer when asked more often.
  asio::awaitable<base::Result<HopResponse>> send(HopRequest request) override;

 private:
  WebRecord record_;
  std::map<std::string, std::vector<std::size_t>> by_request_;
  std::map<std::string, std::size_t> asked_;
};

}  // namespace seine::web
