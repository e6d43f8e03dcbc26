#include <future>

#include "base/utf8.h"
#include "net/request.h"
#include "net/response.h"
#include "net/router.h"
#include "net/server.h"
#include "scoring.h"
#include "shingles.h"
#include "web/extract/page.h"
#include "web/render/renderer.h"

namespace seine::web::conform {
namespace {

// Tag characters stand for ASCII: what a model would read in them.
std::string decode_tags(std::string_view text) {
  std::string out;
  for (const char32_t c : base::to_utf32(text))
    base::append_utf8(out, c >= 0xE0020 && c <= 0xE007E ? c - 0xE0000 : c);
  return out;
}

// Gives the page that a reader would get of the bytes.
using Reading = std::function<Page(const std::string& name, const std::string& bytes)>;

void score_with(const std::filesystem::path& dir, std::string_view way, double leaks_max,
                const Reading& reading, Outcome& outcome) {
  const auto files = read_archive(dir / "pages.tar.zst");
  std::size_t hard = 0, leaks = 0, soft = 0, soft_leaks = 0;
  std::size_t kept = 0, sentences = 0;
  for (const base::Json& row : read_json(dir / "manifest.json")) {
    const std::string name = text_of(row, "file");
    const auto found = files.find(name);
    if (found == files.end()) continue;
    const Page page = reading(name, found->second);
    const std::string markdown = decode_tags(page.markdown());
    const bool leaked = markdown.find(text_of(row, "canary")) != std::string::npos;
    const bool is_hard = text_of(row, "class") == "hard";
    ++(is_hard ? hard : soft);
    if (leaked) {
      ++(is_hard ? leaks : soft_leaks);
      if (is_hard) outcome.failures.push_back(fmt::format("{} leak: {}", way, name));
    }
    std::string text;  // of all blocks, captions too: what the Markdown shows
    for (const Block& block : page.blocks) text += without_space(block.text);
    std::size_t here = 0;
    const base::Json& keep = row["must_keep"];
    for (const base::Json& sentence : keep) {
      if (text.find(without_space(sentence.get<std::string>())) != std::string::npos) ++here;
    }
    kept += here;
    sentences += keep.size();
    if (here < keep.size())
      outcome.failures.push_back(fmt::format("{} kept {} of {}: {} {}", way, here, keep.size(),
                                             name, page_failure_name(page.failure)));
  }
  outcome.metrics.push_back({fmt::format("hard leaks, {} ({} of {})", way, leaks, hard),
                             hard == 0 ? 0 : static_cast<double>(leaks) / static_cast<double>(hard),
                             leaks_max, true});
  outcome.share(fmt::format("must_keep recall, {}", way), kept, sentences, 0.90);
  outcome.metrics.push_back(
      {fmt::format("soft carriers shown, {} ({} of {})", way, soft_leaks, soft),
       soft == 0 ? 0 : static_cast<double>(soft_leaks) / static_cast<double>(soft), std::nullopt});
}

boost::asio::awaitable<void> serve(const std::string* page, net::Request&,
                                   net::Response& response) {
  response.send(200, "text/html; charset=utf-8", *page);
  co_return;
}
boost::asio::awaitable<void> render_into(Renderer* renderer, RenderRequest request,
                                         base::Result<RenderedPage>* out) {
  *out = co_await renderer->render(std::move(request));
}

void score_rendered(const std::filesystem::path& dir, Outcome& outcome) {
  const base::SystemClock clock;
  net::Runtime runtime(2, clock);
  std::string served;
  net::Router router;
  router.set_fallback([&served](net::Request& request, net::Response& response) {
    return serve(&served, request, response);
  });
  net::Server server(runtime, {}, router.handler());
  const std::uint16_t port = server.listen({}).value();
  Renderer renderer(runtime, clock, {.browser = {.user_agent = "SeineConformance/1"}});
  const std::string url = fmt::format("http://127.0.0.1:{}/", port);
  const auto reading = [&](const std::string&, const std::string& bytes) {
    served = bytes;
    GuardPolicy policy;
    policy.endpoints.push_back({"http", "127.0.0.1", port});
    base::Result<RenderedPage> out = base::fail(base::Code::kUnknown, "nothing came");
    runtime.run(1, [&] {
      return render_into(&renderer, {.url = Url::parse(url).value(), .policy = policy}, &out);
    });
    if (!out) return Page{};
    return read_page(out->html, {.header_charset = "utf-8", .rendered = true}).value_or(Page{});
  };
  score_with(dir, "rendered", 0, reading, outcome);
}

}  // namespace

Outcome score_hidden_injection(const std::filesystem::path& dir) {
  Outcome outcome;
  score_with(
      dir, "static", 0.10,
      [](const std::string&, const std::string& bytes) {
        return read_page(bytes, {}).value_or(Page{});
      },
      outcome);
  if (!Browser::find_program({}).empty()) score_rendered(dir, outcome);
  return outcome;
}

}  // namespace seine::web::conform
