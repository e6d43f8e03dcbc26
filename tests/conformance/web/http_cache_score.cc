// Drives CachingTransport (a private cache, like a browser's) against an origin that replays the
// rows' responses. Time is a manual clock; one context runs everything.
#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/text.h"
#include "net/runtime.h"
#include "scoring.h"
#include "web/cache/caching_transport.h"
#include "web/cache/memory_store.h"
#include "web/fetch/http_date.h"

namespace seine::web::conform {
namespace {

using asio::awaitable;

constexpr std::chrono::seconds kPause{3};  // what the rows mean by pause_after

bool is_date_field(std::string_view name) {
  return base::ascii_iequals(name, "date") || base::ascii_iequals(name, "expires") ||
         base::ascii_iequals(name, "last-modified");
}

// A number in a date field counts seconds from now.
std::string value_of(const base::Json& pair, base::WallTime now) {
  const base::Json& value = pair[1];
  if (!value.is_number()) return value.is_string() ? value.get<std::string>() : "";
  if (!is_date_field(pair[0].get<std::string>())) return base::to_text(value);
  return format_http_date(std::chrono::floor<std::chrono::seconds>(now) +
                          std::chrono::seconds(value.get<std::int64_t>()));
}

// The origin of one row: answers its n-th request with the n-th listed response.
class Origin final : public Transport {
 public:
  Origin(const base::Json& requests, base::ManualClock& clock)
      : requests_(requests), clock_(clock) {}

  awaitable<base::Result<HopResponse>> send(HopRequest request) override {
    ++count_;
    const std::size_t step = std::min(current, requests_.size() - 1);
    const base::Json& row = requests_[step];
    seen_methods.push_back(request.method);
    last_headers = request.headers;
    reached.push_back(step);
    if (row.contains("disconnect") && row["disconnect"] == true)
      co_return base::fail_field(base::Code::kUnavailable, "unreachable", "the origin hangs up");
    HopResponse response;
    response.status = 200;
    if (const base::Json* status = base::find(row, "response_status"); status != nullptr)
      response.status = (*status)[0].get<int>();
    response.body = base::find(row, "response_body") != nullptr && row["response_body"].is_string()
                        ? row["response_body"].get<std::string>()
                        : fmt::format("body {}", count_);
    if (const base::Json* headers = base::find(row, "response_headers"); headers != nullptr) {
      for (const base::Json& pair : *headers) {
        std::string value = value_of(pair, clock_.wall());
        const std::string name = pair[0].get<std::string>();
        if (row.contains("magic_locations") && base::ascii_lower(name).ends_with("location"))
          value = "http://origin.example/" + value;
        response.headers.add(name, value);
      }
    }
    const std::string expected = text_of(row, "expected_type");
    const auto tag = request.headers.get("if-none-match");
    const auto since = request.headers.get("if-modified-since");
    if ((expected == "etag_validated" && tag) || (expected == "lm_validated" && since) ||
        (expected == "cached" && (tag || since) && row.contains("expected_status") == false &&
         !row.contains("response_headers"))) {
      response.status = 304;
      response.body.clear();
    }
    response.headers.set("Server-Request-Count", fmt::format("{}", count_));
    if (!response.headers.contains("date"))
      response.headers.set(
          "Date", format_http_date(std::chrono::floor<std::chrono::seconds>(clock_.wall())));
    if (const base::Json* pause = base::find(row, "response_pause"); pause != nullptr)
      clock_.advance(std::chrono::seconds(pause->get<std::int64_t>()));
    response.fetched_at = clock_.wall();
    co_return response;
  }

  std::size_t current = 0;  // index of the client's request
  std::vector<std::size_t> reached;
  std::vector<std::string> seen_methods;
  net::Headers last_headers;

 private:
  const base::Json& requests_;
  base::ManualClock& clock_;
  std::size_t count_ = 0;
};

bool header_is(const net::Headers& headers, const base::Json& want, base::WallTime base_time) {
  if (want.is_string()) return headers.contains(want.get<std::string>());
  const std::string name = want[0].get<std::string>();
  const auto got = headers.get(name);
  if (!got) return false;
  if (want.size() == 3 && want[1] == ">") {
    const auto number = base::parse_i64(*got);
    return number && *number > want[2].get<std::int64_t>();
  }
  if (want.size() == 2) return *got == value_of(want, base_time);
  return true;
}

struct Run {
  std::string problem;  // empty: passed
  bool setup_failed = false;
};

awaitable<void> drive(const base::Json& test, base::ManualClock& clock, Run& run) {
  const base::Json& requests = test["requests"];
  Origin origin(requests, clock);
  MemoryStore store(std::uint64_t{64} << 20);
  CachingTransport cache(origin, store, clock);
  const base::WallTime start = clock.wall();
  std::string last_body;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const base::Json& row = requests[i];
    origin.current = i;
    const std::size_t before = origin.reached.size();
    HopRequest request;
    request.method = row.contains("request_method") ? text_of(row, "request_method") : "GET";
    std::string path = text_of(row, "filename");
    if (row.contains("query_arg")) path += "?" + text_of(row, "query_arg");
    request.url = *Url::parse("http://origin.example/" + path);
    request.body = text_of(row, "request_body");
    if (const base::Json* headers = base::find(row, "request_headers"); headers != nullptr) {
      for (const base::Json& pair : *headers)
        request.headers.add(pair[0].get<std::string>(), value_of(pair, clock.wall()));
    }
    // A browser's "no-cache" mode asks the source with max-age=0.
    if (text_of(row, "cache") == "no-cache") request.headers.set("Cache-Control", "max-age=0");
    const base::WallTime sent_at = clock.wall();
    base::Result<HopResponse> result = co_await cache.send(request);
    // What goes on in the background is done before the next request.
    for (int turn = 0; turn < 50 && cache.in_background() > 0; ++turn)
      co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    const std::string expected = text_of(row, "expected_type");
    const auto fails = [&run, &row](std::string_view check, std::string what) {
      if (!run.problem.empty()) return;
      run.problem = std::move(what);
      run.setup_failed = row.contains("setup");
      if (const base::Json* setup = base::find(row, "setup_tests"); setup != nullptr) {
        for (const base::Json& name : *setup) run.setup_failed = run.setup_failed || name == check;
      }
    };
    const bool went_out = origin.reached.size() > before;
    const bool from_cache = result && result->from == PageSource::kCache;
    if (expected == "cached" && !from_cache)
      fails("expected_type", fmt::format("request {} is not answered by the cache", i + 1));
    if (expected == "not_cached" && (from_cache || !went_out))
      fails("expected_type", fmt::format("request {} is answered by the cache", i + 1));
    if (expected == "etag_validated" &&
        !(went_out && origin.last_headers.contains("if-none-match")))
      fails("expected_type", fmt::format("request {} is not validated by its tag", i + 1));
    if (expected == "lm_validated" &&
        !(went_out && origin.last_headers.contains("if-modified-since")))
      fails("expected_type", fmt::format("request {} is not validated by its date", i + 1));
    if (const base::Json* status = base::find(row, "expected_status"); status != nullptr) {
      const int got = result ? result->status : 504;
      if (*status != got)
        fails("expected_status", fmt::format("request {} has status {}", i + 1, got));
    }
    if (const base::Json* text = base::find(row, "expected_response_text");
        text != nullptr && text->is_string() &&
        (!result || result->body != text->get<std::string>()))
      fails("expected_response_text", fmt::format("request {} has another body", i + 1));
    if (const base::Json* wanted = base::find(row, "expected_response_headers");
        wanted != nullptr) {
      for (const base::Json& pair : *wanted) {
        if (pair.is_array() && pair[0] == "client-request-count") {
          if (!went_out) fails("expected_response_headers", "the source is not asked");
        } else if (!result || !(header_is(result->headers, pair, start) ||
                                header_is(result->headers, pair, sent_at))) {
          fails("expected_response_headers",
                fmt::format("request {} lacks {}", i + 1, base::to_text(pair)));
        }
      }
    }
    if (const base::Json* gone = base::find(row, "expected_response_headers_missing");
        gone != nullptr) {
      for (const base::Json& name : *gone) {
        if (result && name.is_string() && result->headers.contains(name.get<std::string>()))
          fails("expected_response_headers_missing",
                fmt::format("request {} still has {}", i + 1, name.get<std::string>()));
      }
    }
    if (const base::Json* wanted = base::find(row, "expected_request_headers"); wanted != nullptr) {
      for (const base::Json& pair : *wanted) {
        if (went_out && !header_is(origin.last_headers, pair, sent_at))
          fails("expected_request_headers",
                fmt::format("request {} is sent without {}", i + 1, base::to_text(pair)));
      }
    }
    if (result && from_cache && row.contains("check_body") && row["check_body"] == true &&
        !last_body.empty() && result->body != last_body)
      fails("check_body", fmt::format("request {} has another body than was kept", i + 1));
    if (result && !result->body.empty()) last_body = result->body;
    if (row.contains("pause_after")) clock.advance(kPause);
  }
}

}  // namespace

Outcome score_http_cache(const std::filesystem::path& dir) {
  Outcome outcome;
  const base::Json suites = read_json(dir / "tests.json");
  struct Tally {
    std::size_t passed = 0;
    std::size_t total = 0;
  };
  std::map<std::string, Tally> tallies;
  for (const base::Json& suite : suites) {
    for (const base::Json& test : suite["tests"]) {
      if (test.contains("cdn_only") || test.contains("browser_skip")) continue;
      const std::string kind = test.contains("kind") ? text_of(test, "kind") : "required";
      base::ManualClock clock;
      Run run;
      {
        // The contexts' clock is the machine's: only the cache lives in the rows' time.
        const base::SystemClock system;
        net::Runtime runtime(1, system);
        runtime.run(0, [&test, &clock, &run] { return drive(test, clock, run); });
      }
      Tally& tally = tallies[kind];
      ++tally.total;
      if (run.problem.empty()) {
        ++tally.passed;
      } else if (kind != "check") {
        outcome.failures.push_back(fmt::format("{} {}: {}{}", kind, text_of(test, "id"),
                                               run.problem, run.setup_failed ? " (setup)" : ""));
      }
    }
  }
  for (const auto& [kind, tally] : tallies) {
    // The best known: 84 of 92 required and 54 of 72 optimal rows of the whole set.
    std::optional<double> bar;
    if (kind == "required") bar = 84.0 / 92.0 + 1e-6;
    if (kind == "optimal") bar = 54.0 / 72.0 + 1e-6;
    outcome.share(kind, tally.passed, tally.total, bar);
  }
  return outcome;
}

}  // namespace seine::web::conform
