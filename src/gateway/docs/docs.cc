#include "gateway/docs/docs.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>

#include "base/html.h"
#include "base/language.h"
#include "base/text.h"
#include "gateway/api_error.h"
#include "gateway/console.h"
#include "gateway/docs/markdown.h"
#include "gateway/reader_language.h"
#include "net/request.h"
#include "net/response.h"
#include "store/blob_store.h"

namespace seine::gateway {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kStylePath = "/docs/style.css";

const docs::Page* find_page(std::string_view path, bool chinese) {
  const auto all = docs::pages();
  const auto found = std::ranges::find_if(
      all, [&](const docs::Page& page) { return page.path == path && page.chinese == chinese; });
  return found == all.end() ? nullptr : &*found;
}

// A relative path in a page of `folder`: "../guides/models.md" in "concepts" is "guides/models.md".
// Nothing when it leaves docs/.
std::optional<std::string> resolve(std::string_view folder, std::string_view target) {
  std::vector<std::string_view> parts;
  for (const std::string_view base : {folder, target}) {
    for (const std::string_view part : base::split(base, '/')) {
      if (part.empty() || part == ".") continue;
      if (part != "..") {
        parts.push_back(part);
      } else if (parts.empty()) {
        return std::nullopt;
      } else {
        parts.pop_back();
      }
    }
  }
  return fmt::format("{}", fmt::join(parts, "/"));
}

// Where a link of a page leads: other pages by their addresses, the rest of the repository nowhere.
std::optional<std::string> target_of(const docs::Page& page, std::string_view target) {
  if (target.starts_with('#') || target.starts_with('/')) return std::string(target);
  if (target.find(':') != std::string_view::npos) return std::string(target);
  const std::size_t hash = target.find('#');
  const std::string_view anchor =
      hash == std::string_view::npos ? std::string_view() : target.substr(hash);
  const std::size_t slash = page.path.rfind('/');
  const std::string_view folder =
      slash == std::string_view::npos ? std::string_view() : page.path.substr(0, slash);
  std::optional<std::string> file = resolve(folder, target.substr(0, hash));
  if (!file || !file->ends_with(".md")) return std::nullopt;
  file->resize(file->size() - 3);
  const bool chinese = file->ends_with(".zh-CN");
  if (chinese) file->resize(file->size() - 6);
  if (*file == "README") file->clear();
  const docs::Page* found = find_page(*file, chinese);
  if (found == nullptr) return std::nullopt;
  return docs_address(*found) + std::string(anchor);
}

void send(const net::Request& request, net::Response& response, std::string_view type,
          std::string body) {
  const std::string etag = fmt::format("\"{}\"", store::BlobId::of(body).hex().substr(0, 16));
  net::Headers headers = {{"etag", etag}, {"cache-control", "no-cache"}};
  add_security_headers(headers);
  if (request.headers().get("if-none-match") == etag) {
    response.send(304, std::move(headers), "");
    return;
  }
  headers.add("content-type", type);
  response.send(200, std::move(headers), std::move(body));
}

// A person who follows an old address sees a page that leads on; a program gets the error.
void send_missing(const net::Request& request, net::Response& response) {
  const auto accept = request.headers().get("accept");
  if (!accept || accept->find("text/html") == std::string_view::npos) {
    send_api_error(request, response,
                   {base::Code::kNotFound, "the documentation has no such page"});
    return;
  }
  const bool chinese = request.path().starts_with("/docs/zh") ||
                       reader_language(request) == base::Language::kChinese;
  const std::string_view home = chinese ? "/docs/zh" : "/docs";
  const std::string body =
      fmt::format("<h1>{}</h1>\n<p>{}</p>\n<p><a href=\"{}\">{}</a></p>\n",
                  chinese ? "没有这一页" : "There is no such page",
                  chinese ? "地址可能有误，或来自其他版本。"
                          : "The address may be mistyped, or come from another version.",
                  home, chinese ? "查看文档目录" : "See the table of contents");
  net::Headers headers = {{"cache-control", "no-store"},
                          {"content-type", "text/html; charset=utf-8"}};
  add_security_headers(headers);
  response.send(404, std::move(headers),
                text_page_html({.title = chinese ? "没有这一页" : "There is no such page",
                                .chinese = chinese,
                                .site = chinese ? "Seine 文档" : "Seine documentation",
                                .home = home,
                                .style = kStylePath,
                                .links = {},
                                .body = body}));
}

asio::awaitable<void> serve_docs(net::Request& request, net::Response& response) {
  const std::string_view path = request.path();
  if (path == kStylePath) {
    send(request, response, "text/css; charset=utf-8", std::string(docs::style()));
  } else if (const docs::Page* page = find_docs(path)) {
    send(request, response, "text/html; charset=utf-8", docs_html(*page));
  } else {
    send_missing(request, response);
  }
  co_return;
}

}  // namespace

std::string docs_address(const docs::Page& page) {
  std::string out = page.chinese ? "/docs/zh" : "/docs";
  if (!page.path.empty()) out += fmt::format("/{}", page.path);
  return out;
}

const docs::Page* find_docs(std::string_view path) {
  if (!path.starts_with("/docs")) return nullptr;
  path.remove_prefix(5);
  if (!path.empty() && !path.starts_with('/')) return nullptr;
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  const bool chinese = path == "zh" || path.starts_with("zh/");
  if (chinese) path.remove_prefix(std::min<std::size_t>(3, path.size()));
  return find_page(path, chinese);
}

std::string text_page_html(const TextPage& page) {
  const std::string title = base::to_html(page.title, base::HtmlPlace::kAttribute);
  const std::string site = base::to_html(page.site, base::HtmlPlace::kAttribute);
  return fmt::format(
      "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta property=\"og:site_name\" content=\"{}\">\n<title>{}</title>\n"
      "<link rel=\"stylesheet\" href=\"{}\">\n{}</head>\n<body>\n"
      "<header><nav><a class=\"site\" href=\"{}\">{}</a><span class=\"links\">{}</span></nav>"
      "</header>\n<main>\n<article>\n{}</article>\n</main>\n</body>\n</html>\n",
      page.chinese ? "zh-CN" : "en", site, title, page.style, page.head, page.home, site,
      page.links, page.body);
}

std::string docs_html(const docs::Page& page) {
  const std::string title = markdown_title(page.markdown);
  const docs::Page* other = find_page(page.path, !page.chinese);
  std::string links;
  if (other != nullptr) {
    links = fmt::format("<a href=\"{}\" lang=\"{}\">{}</a>", docs_address(*other),
                        page.chinese ? "en" : "zh-CN", page.chinese ? "English" : "中文");
  }
  links += fmt::format("<a href=\"/\">{}</a>", page.chinese ? "控制台" : "Console");
  const std::string body = markdown_to_html(
      page.markdown, [&page](std::string_view target) { return target_of(page, target); });
  return text_page_html({.title = title,
                         .chinese = page.chinese,
                         .site = page.chinese ? "Seine 文档" : "Seine documentation",
                         .home = page.chinese ? "/docs/zh" : "/docs",
                         .style = kStylePath,
                         .links = links,
                         .body = body});
}

void add_docs(net::Router& router) {
  const net::RouteInfo info{.operation_id = "getDocs",
                            .summary = "Seine's documentation",
                            .tag = "console",
                            .scope = "public"};
  router.add("GET", "/docs", serve_docs, info);
  router.add("GET", "/docs/{path...}", serve_docs, info);
}

}  // namespace seine::gateway
