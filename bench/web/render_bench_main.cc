// seine_web_bench_render [ROUNDS]: a page that a script writes, from a loopback server to text
// through a warm browser: milliseconds a page, one after another as in a burst, then each as the
// first of a burst, for which no page was opened ahead; and what the browser holds at rest.
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <thread>
#include <vector>

#include "base/text.h"
#include "net/request.h"
#include "net/response.h"
#include "net/router.h"
#include "net/server.h"
#include "web/extract/page.h"
#include "web/render/renderer.h"

namespace {

using namespace seine;
namespace asio = boost::asio;

// Three hundred paragraphs that a script makes from data that it fetches.
constexpr std::string_view kPage =
    "<!doctype html><title>Bench</title><div id=root></div><script>"
    "fetch('/data').then(r => r.text()).then(t => { let h = '<h1>Bench</h1>';"
    "for (let i = 0; i < 300; ++i) h += '<p>Paragraph ' + i + ' says: ' + t + '</p>';"
    "root.innerHTML = h; });</script>";
constexpr std::string_view kData =
    "the quick brown fox jumps over the lazy dog while the river flows past the mill and the town";

double milliseconds(base::Duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

asio::awaitable<void> serve(net::Request& request, net::Response& response) {
  const bool data = request.path() == "/data";
  response.send(200, data ? "text/plain" : "text/html", std::string(data ? kData : kPage));
  co_return;
}

asio::awaitable<void> render_into(web::Renderer& renderer, web::RenderRequest request,
                                  base::Result<web::RenderedPage>& out) {
  out = co_await renderer.render(std::move(request));
}

// Renders `rounds` times after a first one; how many failed.
int measure(net::Runtime& runtime, const base::Clock& clock, web::Renderer& renderer,
            const web::RenderRequest& request, std::size_t rounds, std::string_view name) {
  int failed = 0;
  std::vector<double> all;
  std::vector<double> rendered;
  for (std::size_t round = 0; round <= rounds; ++round) {
    const base::TimePoint start = clock.now();
    base::Result<web::RenderedPage> page = base::fail(base::Code::kUnknown, "nothing came");
    runtime.run(1, [&] { return render_into(renderer, request, page); });
    const base::TimePoint shown = clock.now();
    std::string text;
    if (page) {
      const auto read = web::read_page(page->html, {.url = page->url, .rendered = true});
      if (read) text = read->text();
    }
    if (!text.contains("Paragraph 299")) {
      fmt::print("round {}: {}\n", round, page ? "text is missing" : page.error().message);
      ++failed;
    }
    const double total = milliseconds(clock.now() - start);
    if (round == 0) {
      fmt::print("first page, with the browser's start: {:.0f} ms\n", total);
      continue;
    }
    all.push_back(total);
    rendered.push_back(milliseconds(shown - start));
  }
  std::ranges::sort(all);
  std::ranges::sort(rendered);
  fmt::print(
      "warm page to text, {}, {} rounds: median {:.0f} ms, 90 % {:.0f} ms, most {:.0f} ms; of it "
      "rendering {:.0f} ms\n",
      name, all.size(), all[all.size() / 2], all[all.size() * 9 / 10], all.back(),
      rendered[rendered.size() / 2]);
  return failed;
}

// The kernel takes a while to free what a page's process held.
std::uint64_t memory_at_rest(web::Renderer& renderer) {
  while (renderer.statistics().page_ahead) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));
  return renderer.statistics().memory_bytes;
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t rounds = argc > 1 ? base::parse_u64(argv[1]).value_or(20) : 20;
  const base::SystemClock clock;
  net::Runtime runtime(2, clock);
  net::Router router;
  router.set_fallback(
      [](net::Request& request, net::Response& response) { return serve(request, response); });
  net::Server server(runtime, {}, router.handler());
  const auto port = server.listen({});
  if (!port) return 1;
  web::RenderRequest request{.url = *web::Url::parse(fmt::format("http://127.0.0.1:{}/", *port))};
  request.policy.endpoints.push_back({"http", "127.0.0.1", *port});
  int failed = 0;
  {
    web::Renderer renderer(runtime, clock, {.browser = {.user_agent = "bench"}});
    failed += measure(runtime, clock, renderer, request, rounds, "one after another");
    const auto busy = renderer.statistics();
    fmt::print("browser right after the last page: {}; ", base::format_size(busy.memory_bytes));
    fmt::print("idle: {} (proportional set size of all its processes), pages {}\n",
               base::format_size(memory_at_rest(renderer)), busy.pages);
  }
  {
    web::Renderer renderer(runtime, clock, {.browser = {.user_agent = "bench"}, .ahead_max = {}});
    failed += measure(runtime, clock, renderer, request, rounds, "first of a burst");
  }
  server.drain(base::Deadline::after(clock, std::chrono::seconds(5)));
  runtime.stop();
  return failed == 0 ? 0 : 1;
}
