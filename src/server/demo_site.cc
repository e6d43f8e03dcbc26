#include "server/demo_site.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cmath>
#include <numbers>
#include <optional>

#include "base/html.h"
#include "docs/pages.h"
#include "gateway/docs/docs.h"
#include "gateway/docs/markdown.h"
#include "net/request.h"
#include "net/response.h"

namespace seine::server {
namespace {

namespace asio = boost::asio;

// Whoever runs no script sees a heading and nothing else.
constexpr std::string_view kPricesScript =
    R"js(const chinese = document.documentElement.lang === "zh-CN";
const lines = chinese
  ? ["成人票每张9欧元，儿童票每张4欧元，6岁以下免费。",
     "家庭票22欧元，含两名成人和最多四名儿童。",
     "渡船单程每人3欧元。每月第一个周日免费参观。"]
  : ["A ticket costs 9 euros for adults and 4 euros for children; children under six enter free.",
     "A family ticket costs 22 euros for two adults and up to four children.",
     "The ferry costs 3 euros each way. On the first Sunday of the month the museum is free."];
for (const line of lines) {
  const paragraph = document.createElement("p");
  paragraph.textContent = line;
  document.getElementById("prices").append(paragraph);
}
)js";

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

const docs::Page* find_page(std::string_view path, bool chinese) {
  const auto all = docs::sample_site();
  const auto found = std::ranges::find_if(
      all, [&](const docs::Page& page) { return page.path == path && page.chinese == chinese; });
  return found == all.end() ? nullptr : &*found;
}

std::string address_of(std::string_view path, bool chinese) {
  if (path.empty()) return chinese ? "/zh" : "/";
  return fmt::format("{}/{}", chinese ? "/zh" : "", path);
}

std::string page_html(std::string_view title, std::string_view path, bool chinese,
                      std::string_view body, std::string_view head = {}) {
  const std::string other =
      fmt::format("<a href=\"{}\" lang=\"{}\">{}</a>", address_of(path, !chinese),
                  chinese ? "en" : "zh-CN", chinese ? "English" : "中文");
  return gateway::text_page_html(
      {.title = title,
       .chinese = chinese,
       .site = chinese ? "波特阿瓦尔河流博物馆" : "River Museum of Port-Aval",
       .home = address_of("", chinese),
       .style = "/style.css",
       .head = head,
       .links = other,
       .body = body});
}

std::string text_html(const docs::Page& page) {
  const std::string body = gateway::markdown_to_html(
      page.markdown, [](std::string_view target) -> std::optional<std::string> {
        if (!target.ends_with(".md")) return std::string(target);
        target.remove_suffix(3);
        const bool chinese = target.ends_with(".zh-CN");
        if (chinese) target.remove_suffix(6);
        return address_of(target, chinese);
      });
  return page_html(gateway::markdown_title(page.markdown), page.path, page.chinese, body);
}

std::string prices_html(bool chinese) {
  const std::string_view title = chinese ? "门票价格" : "Tickets and prices";
  const std::string body = fmt::format("<h1>{}</h1>\n<div id=\"prices\"></div>\n", title);
  return page_html(title, "prices", chinese, body, "<script src=\"/prices.js\" defer></script>\n");
}

std::string sitemap(std::string_view origin) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
  const auto add = [&](std::string_view path, bool chinese) {
    out += fmt::format("<url><loc>{}{}</loc></url>\n", origin, address_of(path, chinese));
  };
  for (const docs::Page& page : docs::sample_site()) add(page.path, page.chinese);
  for (const bool chinese : {false, true}) {
    add("today", chinese);
    add("prices", chinese);
  }
  return out + "</urlset>\n";
}

void send(net::Response& response, std::string_view type, std::string body) {
  response.send(200,
                {{"content-type", type},
                 {"cache-control", "no-cache"},
                 {"content-security-policy", kPolicy},
                 {"x-content-type-options", "nosniff"}},
                std::move(body));
}

asio::awaitable<void> serve(const base::Clock& clock, net::Request& request,
                            net::Response& response) {
  constexpr std::string_view kHtml = "text/html; charset=utf-8";
  std::string_view path = request.path();
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  const bool chinese = path == "zh" || path.starts_with("zh/");
  const std::string_view own = chinese ? path.substr(std::min<std::size_t>(3, path.size())) : path;
  if (own == "today") {
    send(response, kHtml, demo_today(clock.wall(), chinese));
  } else if (own == "prices") {
    send(response, kHtml, prices_html(chinese));
  } else if (path == "prices.js") {
    send(response, "text/javascript; charset=utf-8", std::string(kPricesScript));
  } else if (path == "style.css") {
    send(response, "text/css; charset=utf-8", std::string(docs::style()));
  } else if (path == "robots.txt") {
    send(response, "text/plain; charset=utf-8", "User-agent: *\nAllow: /\n");
  } else if (path == "sitemap.xml") {
    const std::string host(request.headers().get("host").value_or("127.0.0.1"));
    send(response, "application/xml",
         sitemap(base::to_html("http://" + host, base::HtmlPlace::kText)));
  } else if (const docs::Page* page = find_page(own, chinese)) {
    send(response, kHtml, text_html(*page));
  } else {
    response.send(404, {{"content-type", "text/plain; charset=utf-8"}}, "no such page\n");
  }
  co_return;
}

}  // namespace

std::string demo_today(base::WallTime now, bool chinese) {
  // A tide of twelve hours and a little wind: two numbers that a watch can see change.
  const auto minute = std::chrono::floor<std::chrono::minutes>(now);
  const auto of_day = minute - std::chrono::floor<std::chrono::days>(minute);
  const double turn = 2 * std::numbers::pi * static_cast<double>(of_day.count()) / 720;
  const int level_cm = 240 + static_cast<int>(std::lround(120 * std::sin(turn)));
  const int wind = 12 + static_cast<int>((of_day.count() * 37) % 61);
  const bool runs = wind <= 60;
  const std::string time = fmt::format("{:02}:{:02}", of_day.count() / 60, of_day.count() % 60);
  std::string body;
  if (chinese) {
    body = fmt::format(
        "<h1>今日水情</h1>\n<p>世界标准时间{}，波特阿瓦尔码头的水位为{}厘米。</p>\n"
        "<p>风速为每小时{}公里，渡船{}。</p>\n<p>本页每分钟更新一次。</p>\n",
        time, level_cm, wind, runs ? "正常开行" : "停航");
  } else {
    body = fmt::format(
        "<h1>The river today</h1>\n<p>At {} UTC the water level at the quay of Port-Aval is {} "
        "centimetres.</p>\n<p>The wind blows at {} kilometres an hour, and the ferry {}.</p>\n"
        "<p>This page is measured anew each minute.</p>\n",
        time, level_cm, wind, runs ? "runs" : "does not run");
  }
  return page_html(chinese ? "今日水情" : "The river today", "today", chinese, body);
}

void add_demo_site(net::Router& router, const base::Clock& clock) {
  router.add("GET", "/{path...}", [&clock](net::Request& request, net::Response& response) {
    return serve(clock, request, response);
  });
}

}  // namespace seine::server
