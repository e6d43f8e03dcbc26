// Commands on the web: web search, web read, web fetch, web extract, web crawl.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "base/error_text.h"
#include "base/json.h"
#include "base/text.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/web_session.h"
#include "web/read/extract_document.h"
#include "web/verdict.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Code;
using base::Result;
using boost::asio::awaitable;

// What a verdict means to a person.
Bilingual words_of(web::Verdict verdict) {
  using web::Verdict;
  switch (verdict) {
    case Verdict::kBadUrl:
      return {"it is no web address", "不是有效的网址"};
    case Verdict::kRefused:
      return {"this address may not be read", "不允许访问该地址"};
    case Verdict::kRobots:
      return {"the site's robots.txt asks not to read it", "该站点的 robots.txt 不允许读取"};
    case Verdict::kUnreachable:
      return {"the site cannot be reached", "无法连接该站点"};
    case Verdict::kTls:
      return {"its certificate cannot be trusted", "证书不可信"};
    case Verdict::kTimeout:
      return {"the site did not answer in time", "站点未在时限内响应"};
    case Verdict::kTooLarge:
      return {"it is too large", "内容过大"};
    case Verdict::kBroken:
      return {"the answer is damaged", "响应内容损坏"};
    case Verdict::kRedirects:
      return {"it leads on without end", "重定向过多"};
    case Verdict::kBusy:
      return {"the site asks to come back later", "站点要求稍后再试"};
    case Verdict::kNotFound:
    case Verdict::kSoft404:
      return {"there is no such page", "页面不存在"};
    case Verdict::kForbidden:
      return {"the site does not show it to us", "站点拒绝访问"};
    case Verdict::kUnsupported:
      return {"its type is not read", "不支持该类型"};
    case Verdict::kEncrypted:
      return {"it asks for a password", "文件已加密，需要密码"};
    case Verdict::kNoTextLayer:
      return {"its pages are pictures without text", "页面是图片，没有文字层"};
    case Verdict::kChallenge:
      return {"the site asks for proof of a human", "站点要求人机验证"};
    case Verdict::kConsentWall:
    case Verdict::kLoginWall:
      return {"a wall stands before the page", "页面需要同意或登录后才能查看"};
    case Verdict::kEmptyShell:
      return {"its text comes from a script", "正文由脚本生成"};
    case Verdict::kEmpty:
      return {"it has no text", "没有正文"};
    case Verdict::kOffline:
      return {"nothing is kept of it", "本地没有留存"};
    default:
      return {"it cannot be read", "无法读取"};
  }
}

int fail_reading(const Invocation& invocation, const base::Error& error) {
  const Terminal& terminal = *invocation.terminal;
  if (!web::parse_verdict(error.field)) return fail_with(terminal, error);
  const web::Verdict verdict = web::verdict_of(error);
  if (invocation.has("--json"))
    terminal.out(base::to_pretty_text(base::Json{{"verdict", web::verdict_name(verdict)},
                                                 {"message", error.message}}) +
                 "\n");
  terminal.error(fmt::format("{} [{}]", base::error_text(error, terminal.language()),
                             web::verdict_name(verdict)),
                 terminal.pick(words_of(verdict)));
  return exit_code(error.code);
}

Result<std::optional<std::chrono::milliseconds>> time_option(const Invocation& invocation,
                                                             std::string_view option) {
  const auto text = invocation.value(option);
  if (!text) return std::nullopt;
  return SEINE_TRY(base::parse_duration(*text));
}

Result<std::size_t> count_option(const Invocation& invocation, std::string_view option,
                                 std::size_t otherwise, std::size_t most) {
  const auto text = invocation.value(option);
  if (!text) return otherwise;
  const auto number = base::parse_u64(*text);
  if (!number || *number > most)
    return base::fail_field(Code::kInvalidArgument, option, "{}: '{}' is no number up to {}",
                            option, *text, most);
  return static_cast<std::size_t>(*number);
}

std::vector<std::string> list_option(const Invocation& invocation, std::string_view option) {
  std::vector<std::string> out;
  const std::string text = invocation.value(option).value_or("");
  for (const std::string_view part : base::split(text, ',')) {
    if (!base::trim(part).empty()) out.emplace_back(base::trim(part));
  }
  return out;
}

Result<web::ReadOptions> read_options(const Invocation& invocation) {
  web::ReadOptions options;
  if (const auto timeout = SEINE_TRY(time_option(invocation, "--timeout")))
    options.timeout = *timeout;
  if (const auto age = SEINE_TRY(time_option(invocation, "--max-age")))
    options.max_age = std::chrono::floor<std::chrono::seconds>(*age);
  if (invocation.has("--offline")) options.network = web::NetworkUse::kOffline;
  if (invocation.has("--ignore-robots")) options.robots = web::RobotsPolicy::kIgnore;
  options.main_content = !invocation.has("--whole");
  options.sanitize_html = invocation.has("--html");
  options.selector = invocation.value("--selector").value_or("");
  options.allowed_domains = list_option(invocation, "--allowed-domains");
  options.denied_domains = list_option(invocation, "--denied-domains");
  if (const auto when = invocation.value("--render")) {
    options.render_js = *when == "never"    ? web::RenderJs::kNever
                        : *when == "always" ? web::RenderJs::kAlways
                                            : web::RenderJs::kAuto;
  }
  if (const auto rate = invocation.value("--rate-limit")) {
    const auto number = base::parse_double(*rate);
    if (!number || !(*number > 0) || *number > 10'000)
      return base::fail_field(Code::kInvalidArgument, "--rate-limit",
                              "--rate-limit: '{}' is no number above 0 and up to 10,000", *rate);
    options.rate_limit = *number;
  }
  // The person at the terminal named it, so it may be a private place; what it leads to may not.
  if (auto place = web::parse_endpoint(invocation.argument))
    options.endpoints.push_back(*std::move(place));
  return options;
}

void note_robots(const Invocation& invocation) {
  if (!invocation.has("--ignore-robots")) return;
  const Terminal& terminal = *invocation.terminal;
  terminal.note(terminal.pick(
      {"seine: robots.txt is not asked, as you wish", "seine: 按您的要求，不查询 robots.txt"}));
}

// Why a browser ran, or did not.
std::string_view words_of(const Terminal& terminal, web::RenderReason reason) {
  using web::RenderReason;
  switch (reason) {
    case RenderReason::kAsked:
      return terminal.pick({"rendered, as asked", "已按要求渲染"});
    case RenderReason::kNoText:
      return terminal.pick(
          {"rendered: without its scripts the page has no text", "已渲染：静态页面没有正文"});
    case RenderReason::kHasText:
      return terminal.pick(
          {"not rendered: the page has its text without scripts", "未渲染：静态页面已有正文"});
    case RenderReason::kNotAsked:
      return terminal.pick({"not rendered, as asked", "已按要求不渲染"});
    case RenderReason::kNoBrowser:
      return terminal.pick({"not rendered: no browser is installed (chromium-headless-shell)",
                            "未渲染：未安装浏览器（chromium-headless-shell）"});
    case RenderReason::kNoPage:
      return terminal.pick({"not rendered: it is no page of the web or the network is not used",
                            "未渲染：不是网页，或未使用网络"});
  }
  return {};
}

std::string_view words_of(const Terminal& terminal, web::PageSource source) {
  using web::PageSource;
  switch (source) {
    case PageSource::kNetwork:
      break;
    case PageSource::kCache:
      return terminal.pick({"cache", "缓存"});
    case PageSource::kIndex:
      return terminal.pick({"index", "索引"});
    case PageSource::kFile:
      return terminal.pick({"file", "文件"});
  }
  return terminal.pick({"network", "网络"});
}

std::string provenance(const Terminal& terminal, const web::PageDocument& page) {
  constexpr Bilingual kLine = {"seine: {} ({}, {} old, read {})",
                               "seine: {}（来源：{}，已过 {}，读取于 {}）"};
  std::string line = fmt::format(
      fmt::runtime(terminal.pick(kLine)), page.title.empty() ? page.final_url : page.title,
      words_of(terminal, page.from),
      base::format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(page.age)),
      base::format_rfc3339(page.fetched_at).substr(0, 19));
  if (page.verdict == web::Verdict::kStale)
    line += terminal.pick({"; the site cannot be reached now", "；目前无法连接该站点"});
  line += fmt::format(fmt::runtime(terminal.pick({"; {}", "；{}"})),
                      words_of(terminal, page.render_reason));
  return line;
}

int show_page(const Invocation& invocation, const web::PageDocument& page) {
  const Terminal& terminal = *invocation.terminal;
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(web::to_json(page, true)) + "\n");
  } else if (!invocation.has("--html")) {
    terminal.out(page.markdown);
  } else if (!page.html.empty()) {
    terminal.out(page.html + "\n");
  } else {
    terminal.error(
        fmt::format("{} has no HTML to show: it is {}", invocation.argument, page.content_type),
        terminal.pick({"leave --html out", "请去掉 --html"}));
    return exit_code(Code::kFailedPrecondition);
  }
  return kOk;
}

awaitable<Result<web::PageDocument>> read_page(web::Web& web, const Invocation& invocation) {
  const web::ReadOptions options = SEINE_CO_TRY(read_options(invocation));
  co_return co_await web.reader().read(invocation.argument, options);
}

awaitable<Result<web::FetchResponse>> fetch_page(web::Web& web, const Invocation& invocation) {
  const web::ReadOptions options = SEINE_CO_TRY(read_options(invocation));
  co_return co_await web.fetch(invocation.argument, options);
}

base::Json response_json(const web::FetchResponse& response) {
  base::Json headers = base::Json::array();
  for (const net::Headers::Field field : response.hop.headers)
    headers.push_back({std::string(field.name), std::string(field.value)});
  base::Json redirects = base::Json::array();
  for (const web::Redirect& redirect : response.redirects)
    redirects.push_back(
        {{"status", redirect.status}, {"from", redirect.from}, {"to", redirect.to}});
  return {{"url", response.url},
          {"final_url", response.final_url.href()},
          {"status", response.hop.status},
          {"protocol", response.hop.protocol},
          {"headers", std::move(headers)},
          {"redirects", std::move(redirects)},
          {"downgraded", response.downgraded},
          {"from", web::page_source_name(response.hop.from)},
          {"stale", response.hop.stale},
          {"revalidated", response.hop.revalidated},
          {"age_s", response.hop.age.count()},
          {"fetched_at", base::format_rfc3339(response.hop.fetched_at)},
          {"wire_bytes", response.hop.wire_bytes},
          {"body_bytes", response.hop.body.size()},
          {"body_sha256", store::BlobId::of(response.hop.body).hex()}};
}

Result<web::SearchRequest> search_request(const Invocation& invocation) {
  web::SearchRequest request{.text = invocation.argument};
  request.limit = SEINE_TRY(count_option(invocation, "--limit", 10, 50));
  request.providers = list_option(invocation, "--provider");
  request.sites = list_option(invocation, "--site");
  request.offline = invocation.has("--offline");
  if (const auto timeout = SEINE_TRY(time_option(invocation, "--timeout")))
    request.timeout = *timeout;
  static constexpr std::array<std::string_view, 5> kRanges = {"", "day", "week", "month", "year"};
  const std::string range = invocation.value("--time").value_or("");
  for (std::size_t i = 0; i < kRanges.size(); ++i) {
    if (kRanges[i] == range) request.time_range = static_cast<web::TimeRange>(i);
  }
  return request;
}

awaitable<Result<web::SearchResponse>> search_web(web::Web& web, const Invocation& invocation) {
  const web::SearchRequest request = SEINE_CO_TRY(search_request(invocation));
  co_return co_await web.search().search(request);
}

Bilingual words_of(web::SearchFailure failure) {
  using web::SearchFailure;
  switch (failure) {
    case SearchFailure::kBadKey:
      return {"its key is missing or not accepted", "密钥缺失或无效"};
    case SearchFailure::kQuota:
      return {"its quota is used up", "额度已用完"};
    case SearchFailure::kRate:
      return {"it was asked too often", "请求过于频繁"};
    case SearchFailure::kBlocked:
      return {"it refuses machines", "拒绝自动访问"};
    case SearchFailure::kDown:
      return {"it does not work now", "目前不可用"};
    case SearchFailure::kTimeout:
      return {"it is too slow", "响应超时"};
    case SearchFailure::kMalformed:
      return {"its answer cannot be read", "响应无法解析"};
    case SearchFailure::kRequest:
      return {"it does not take this question", "不接受该问题"};
    case SearchFailure::kBudget:
      return {"our own bound for the day", "已达自设的每日上限"};
    case SearchFailure::kResting:
      return {"it is not asked now", "暂不查询"};
    case SearchFailure::kNone:
      break;
  }
  return {"no failure", "没有失败"};
}

std::string outcome_line(const Terminal& terminal, const web::ProviderOutcome& outcome) {
  if (outcome.failure != web::SearchFailure::kNone) {
    constexpr Bilingual kFailed = {"seine: {} failed: {}: {} [{}]", "seine: {} 失败：{}：{} [{}]"};
    return fmt::format(fmt::runtime(terminal.pick(kFailed)), outcome.id,
                       terminal.pick(words_of(outcome.failure)),
                       base::message_text(outcome.detail, terminal.language()),
                       web::search_failure_name(outcome.failure));
  }
  constexpr Bilingual kFound = {"seine: {}: results: {}, {} ms", "seine: {}：{} 条结果，{} 毫秒"};
  return fmt::format(fmt::runtime(terminal.pick(kFound)), outcome.id, outcome.hits,
                     outcome.elapsed.count());
}

Result<web::CrawlOptions> crawl_options(const Invocation& invocation) {
  web::CrawlOptions options{.url = invocation.argument};
  options.depth = SEINE_TRY(count_option(invocation, "--depth", 2, 100));
  options.pages_max = SEINE_TRY(count_option(invocation, "--pages", 200, 100'000));
  options.include = list_option(invocation, "--include");
  options.exclude = list_option(invocation, "--exclude");
  options.alike_max = SEINE_TRY(count_option(invocation, "--alike", 100, 100'000));
  options.sitemaps = !invocation.has("--no-sitemap");
  options.collection = invocation.value("--into").value_or("web");
  options.read = SEINE_TRY(read_options(invocation));
  options.read.timeout = std::chrono::seconds(20);
  if (const auto timeout = SEINE_TRY(time_option(invocation, "--timeout")))
    options.timeout = *timeout;
  return options;
}

void show_crawled(const Invocation& invocation, const web::CrawlEvent& event) {
  const Terminal& terminal = *invocation.terminal;
  if (invocation.has("--json")) {
    base::Json json = {{"url", event.url}, {"depth", event.depth}};
    if (event.page)
      json["page"] = web::to_json(*event.page, false);
    else
      json["verdict"] = web::verdict_name(web::verdict_of(event.page.error()));
    terminal.out(base::to_text(json) + "\n");
  } else if (event.page) {
    terminal.note(fmt::format("  {}  {}", event.url, event.page->title));
  } else {
    terminal.note(fmt::format("  {}  [{}]", event.url,
                              web::verdict_name(web::verdict_of(event.page.error()))));
  }
}

awaitable<Result<web::CrawlReport>> crawl_site(web::Web& web, const Invocation& invocation) {
  const web::CrawlOptions options = SEINE_CO_TRY(crawl_options(invocation));
  co_return co_await web.crawler().crawl(
      options, [&invocation](const web::CrawlEvent& event) { show_crawled(invocation, event); });
}

}  // namespace

int run_web_read(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  auto session = WebSession::open(invocation);
  if (!session) return fail_with(terminal, session.error());
  note_robots(invocation);
  const auto page = (*session)->run(&read_page, invocation);
  if (auto written = (*session)->finish(invocation); !written)
    return fail_with(terminal, written.error());
  if (!page) return fail_reading(invocation, page.error());
  if (!invocation.has("--json")) terminal.note(provenance(terminal, *page));
  return show_page(invocation, *page);
}

int run_web_fetch(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  auto session = WebSession::open(invocation);
  if (!session) return fail_with(terminal, session.error());
  note_robots(invocation);
  const auto response = (*session)->run(&fetch_page, invocation);
  if (auto written = (*session)->finish(invocation); !written)
    return fail_with(terminal, written.error());
  if (!response) return fail_reading(invocation, response.error());
  if (invocation.has("--json")) {
    terminal.out(base::to_pretty_text(response_json(*response)) + "\n");
  } else {
    terminal.out(response->hop.body);
  }
  if (response->hop.status < 400) return kOk;
  constexpr Bilingual kStatus = {"seine: the site answers {}", "seine: 站点返回 {}"};
  terminal.note(fmt::format(fmt::runtime(terminal.pick(kStatus)), response->hop.status));
  return response->hop.status == 404 || response->hop.status == 410 ? kNotFound : kUnreachable;
}

int run_web_extract(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  constexpr std::size_t kFileMax = std::size_t{64} << 20;
  std::ifstream file(invocation.argument, std::ios::binary);
  std::string bytes;
  if (file) {
    std::array<char, 65'536> piece;
    while (bytes.size() <= kFileMax && (file.read(piece.data(), piece.size()) || file.gcount() > 0))
      bytes.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.eof() || bytes.size() > kFileMax) {
    return fail_with(terminal, {Code::kNotFound,
                                fmt::format("{} cannot be read, or is larger than {}",
                                            invocation.argument, base::format_size(kFileMax)),
                                "FILE"});
  }
  web::ExtractOptions options{.url = invocation.value("--url").value_or(""),
                              .content_type = invocation.value("--type").value_or(""),
                              .name = invocation.argument};
  options.main_content = !invocation.has("--whole");
  options.sanitize_html = invocation.has("--html");
  options.recognise = true;
  auto page = web::extract_document(bytes, options);
  if (!page) return fail_reading(invocation, page.error());
  page->from = web::PageSource::kFile;
  page->url = options.url;
  page->fetched_at = base::SystemClock().wall();
  return show_page(invocation, *page);
}

int run_web_crawl(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  auto session = WebSession::open(invocation);
  if (!session) return fail_with(terminal, session.error());
  note_robots(invocation);
  const auto report = (*session)->run(&crawl_site, invocation);
  if (!report) return fail_reading(invocation, report.error());
  constexpr Bilingual kReport = {
      "seine: {} pages kept, {} failed, {} skipped, {} known but not read",
      "seine: 已留存 {} 页，失败 {} 页，跳过 {} 页，另有 {} 页已知未读"};
  terminal.note(fmt::format(fmt::runtime(terminal.pick(kReport)), report->read, report->failed,
                            report->skipped, report->left));
  if (report->alike > 0) {
    constexpr Bilingual kAlike = {
        "seine: {} addresses were not followed, such as {}: they differ from others only in digits "
        "or queries; --alike N follows more of a kind, 0 all",
        "seine: 有 {} 个地址未跟进，如 {}：它们与其他地址仅数字或查询不同；--alike N 可增加同类"
        "上限，0 表示不限"};
    terminal.note(
        fmt::format(fmt::runtime(terminal.pick(kAlike)), report->alike, report->alike_example));
  }
  if (report->feeds_left > 0) {
    constexpr Bilingual kFeeds = {
        "seine: {} feeds were not read, such as {}: it reads {} at most, while there is room for "
        "pages; crawl a feed's own address to read its entries",
        "seine: 有 {} 个订阅源未读取，如 {}：最多读取 {} 个，且须未达页数上限；可直接抓取订阅源"
        "的地址以读取其条目"};
    terminal.note(fmt::format(fmt::runtime(terminal.pick(kFeeds)), report->feeds_left,
                              report->feed_example, web::CrawlOptions().feeds_max));
  }
  if (invocation.has("--json")) {
    const base::Json totals = {{"read", report->read},       {"failed", report->failed},
                               {"skipped", report->skipped}, {"left", report->left},
                               {"alike", report->alike},     {"feeds_left", report->feeds_left}};
    terminal.out(base::to_text(base::Json{{"report", totals}}) + "\n");
  }
  return kOk;
}

int run_web_search(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  auto session = WebSession::open(invocation);
  if (!session) return fail_with(terminal, session.error());
  const auto found = (*session)->run(&search_web, invocation);
  if (auto written = (*session)->finish(invocation); !written)
    return fail_with(terminal, written.error());
  if (!found) return fail_with(terminal, found.error());
  if (invocation.has("--json")) {
    base::Json json = {{"hits", base::Json::array()}, {"providers", base::Json::array()}};
    for (const web::SearchHit& hit : found->hits) json["hits"].push_back(web::to_json(hit));
    for (const web::ProviderOutcome& outcome : found->providers)
      json["providers"].push_back(web::to_json(outcome));
    terminal.out(base::to_pretty_text(json) + "\n");
    return kOk;
  }
  for (std::size_t i = 0; i < found->hits.size(); ++i) {
    const web::SearchHit& hit = found->hits[i];
    terminal.out(fmt::format("{}. {}\n   {}\n", i + 1, terminal.styled_out(Style::kBold, hit.title),
                             hit.url));
    if (!hit.snippet.empty()) terminal.out(fmt::format("   {}\n", hit.snippet));
  }
  for (const web::ProviderOutcome& outcome : found->providers)
    terminal.note(outcome_line(terminal, outcome));
  if (!found->hits.empty()) return kOk;
  const bool all = std::ranges::none_of(found->providers, [](const web::ProviderOutcome& outcome) {
    return outcome.failure != web::SearchFailure::kNone;
  });
  terminal.note(all ? terminal.pick({"seine: nothing found", "seine: 没有找到结果"})
                    : terminal.pick({"seine: those that answered found nothing",
                                     "seine: 已响应的服务没有找到结果"}));
  return kOk;
}

}  // namespace seine::server
