// With the real browser, against servers of this process on loopback.
#include "web/render/renderer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <array>
#include <atomic>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/text.h"
#include "net/request.h"
#include "net/response.h"
#include "net/router.h"
#include "net/server.h"
#include "web/extract/page.h"

namespace seine::web {
namespace {

namespace asio = boost::asio;
using base::Code;
using ::testing::HasSubstr;
using ::testing::Not;

// Serves fixed pages; "/hang" never answers. Remembers what was asked for.
class Site {
 public:
  explicit Site(net::Runtime& runtime) : server_(runtime, {}, router_.handler()) {
    router_.set_fallback([this](net::Request& request, net::Response& response) {
      return serve(this, request, response);
    });
    port_ = server_.listen({}).value_or(0);
  }
  void page(const std::string& path, std::string body, std::string type = "text/html") {
    const std::lock_guard lock(mutex_);
    pages_[path] = {std::move(body), std::move(type)};
  }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::uint16_t port() const { return port_; }
  bool was_asked(const std::string& path) {
    const std::lock_guard lock(mutex_);
    return asked_[path] > 0;
  }
  bool wait_for(const std::string& path) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return asked_[path] > 0; });
  }

 private:
  struct Served {
    std::string body;
    std::string type;
  };
  static asio::awaitable<void> serve(Site* site, net::Request& request, net::Response& response) {
    const std::string path(request.path());
    {
      const std::lock_guard lock(site->mutex_);
      ++site->asked_[path];
      site->changed_.notify_all();
    }
    if (path == "/hang") co_await net::sleep_for(std::chrono::hours(1));
    const std::optional<Served> page = site->find(path);
    if (!page) {
      response.send_text(404, "not here");
      co_return;
    }
    response.send(200, page->type, page->body);
  }
  // A copy: the browser may still be asking on another thread while a test sets its next page.
  std::optional<Served> find(const std::string& path) {
    const std::lock_guard lock(mutex_);
    const auto found = pages_.find(path);
    if (found == pages_.end()) return std::nullopt;
    return found->second;
  }

  std::mutex mutex_;
  std::map<std::string, Served> pages_;
  std::condition_variable changed_;
  std::map<std::string, int> asked_;
  net::Router router_;
  net::Server server_;
  std::uint16_t port_ = 0;
};

asio::awaitable<void> render_into(Renderer* renderer, RenderRequest request,
                                  base::Result<RenderedPage>* out) {
  *out = co_await renderer->render(std::move(request));
}

// The processes of pages in a browser's process group.
std::vector<pid_t> page_processes(int browser) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const auto pid = base::parse_u64(entry.path().filename().string());
    if (!pid || ::getpgid(static_cast<pid_t>(*pid)) != browser) continue;
    std::ifstream file(entry.path() / "cmdline");
    const std::string words{std::istreambuf_iterator<char>(file), {}};
    if (words.contains("--type=renderer")) found.push_back(static_cast<pid_t>(*pid));
  }
  return found;
}

class RendererTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (Browser::find_program({}).empty()) GTEST_SKIP() << "skipped: no browser is installed";
    signal(SIGPIPE, SIG_IGN);  // as the program does: a browser may end while it is written to
  }
  RenderRequest request(const std::string& url,
                        std::chrono::milliseconds timeout = kTimeout) const {
    GuardPolicy policy;
    policy.endpoints.push_back({"http", "127.0.0.1", site_.port()});
    return {.url = Url::parse(url).value(), .policy = policy, .timeout = timeout};
  }
  base::Result<RenderedPage> render(Renderer& renderer, RenderRequest what) {
    base::Result<RenderedPage> out = base::fail(Code::kUnknown, "nothing came");
    runtime_.run(1, [&] { return render_into(&renderer, std::move(what), &out); });
    return out;
  }
  base::Result<RenderedPage> render(RenderRequest what) {
    return render(renderer_, std::move(what));
  }
  // Whether `holds` came to hold while a browser did what it was told.
  template <typename Holds>
  static bool comes_to(Holds holds) {
    const auto until = std::chrono::steady_clock::now() + kTimeout;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }
  std::string markdown(const std::string& path) {
    const auto page = render(request(site_.url(path)));
    if (!page) return page.error().to_string();
    return read_page(page->html, {.url = page->url, .main_content = false, .rendered = true})
        ->markdown();
  }

  static constexpr std::chrono::milliseconds kTimeout{20'000};
  base::SystemClock clock_;
  net::Runtime runtime_{2, clock_};
  Site site_{runtime_};
  Renderer renderer_{
      runtime_,
      clock_,
      {.browser = {.user_agent = "SeineTest/1"}, .settle_max = std::chrono::milliseconds(2500)}};
};

TEST_F(RendererTest, ReadsWhatAScriptWritesAfterItsDataHasCome) {
  site_.page("/",
             "<title>Shop</title><div id=root></div><script>"
             "fetch('/data').then(r => r.text()).then(t => setTimeout(() => {"
             "root.innerHTML = '<h1>Goods</h1><p>' + t + '</p>'}, 50));</script>");
  site_.page("/data", "eleven <b>apples</b>", "text/plain");
  const auto page = render(request(site_.url("/")));
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_EQ(page->status, 200);
  EXPECT_TRUE(page->settled);
  EXPECT_EQ(page->url, site_.url("/"));
  const Page read =
      read_page(page->html, {.url = page->url, .main_content = false, .rendered = true}).value();
  EXPECT_EQ(read.metadata.title, "Shop");
  EXPECT_THAT(read.markdown(), HasSubstr("# Goods\n\neleven **apples**"));
}

TEST_F(RendererTest, WaitsForTheFirstWordsOfAPage) {
  site_.page("/",
             "<title>Shop</title><p id=root>Loading…</p><script>setTimeout(() => {"
             "root.textContent = 'eleven apples in a basket, as a clock of the page wrote them'},"
             "400)</script>");
  EXPECT_THAT(markdown("/"), HasSubstr("eleven apples"));
}

TEST_F(RendererTest, ReadsWhatAPageDrawsFrameByFrame) {
  site_.page("/",
             "<body><p id=first>at once</p><script>let frames = 0; const frame = () => {"
             "if (++frames < 4) requestAnimationFrame(frame);"
             "else document.body.append('drawn by frames') }; requestAnimationFrame(frame);"
             "</script>");
  EXPECT_THAT(markdown("/"), HasSubstr("drawn by frames"));
}

// Fifty screens' worth of paragraphs and more.
std::string tall(int paragraphs = 40) {
  std::string out;
  for (int i = 0; i < paragraphs; ++i) {
    out += "<p style='height:300px'>paragraph " + std::to_string(i) + "</p>";
  }
  return out;
}

TEST_F(RendererTest, WaitsForATimerThatIsSoonDue) {
  site_.page("/", "<body>" + tall(2) +
                      "<p>more words than next to nothing at all</p><script>onload = () => {"
                      "document.body.append('now'); setTimeout(() =>"
                      "document.body.append('written by a timer'), 100) }</script>");
  for (int round = 0; round < 3; ++round) {
    EXPECT_THAT(markdown("/"), HasSubstr("written by a timer"));
  }
}

TEST_F(RendererTest, ReadsWhatLoadsWhenItComesIntoView) {
  site_.page("/",
             tall() + "<div id=seen></div><div id=faded>faded in</div>" + tall() +
                 "<iframe loading=lazy src=/frame></iframe>" + tall() +
                 "<style>#faded{opacity:0;transition:opacity 5s}#faded.on{opacity:1}</style>"
                 "<script>new IntersectionObserver((all, views) => { for (const one of all)"
                 "if (one.isIntersecting) { views.disconnect(); fetch('/data').then(r => r.text())"
                 ".then(t => seen.append(t)) } }).observe(seen);"
                 "new IntersectionObserver(all => { for (const one of all)"
                 "if (one.isIntersecting) faded.className = 'on' }).observe(faded)</script>");
  site_.page("/data", "seen from afar", "text/plain");
  site_.page("/frame", "<p>framed");
  const std::string text = markdown("/");
  for (const char* shown : {"seen from afar", "faded in", "framed", "paragraph 39"}) {
    EXPECT_THAT(text, HasSubstr(shown));
  }
}

TEST_F(RendererTest, ReadsWhatAPageAddsAtItsBottom) {
  site_.page("/", tall() +
                      "<script>onscroll = () => { if (scrollY + innerHeight + 50 >="
                      "document.documentElement.scrollHeight) { onscroll = null;"
                      "document.body.append('at the bottom') } }</script>");
  EXPECT_THAT(markdown("/"), HasSubstr("at the bottom"));
  site_.page("/box",
             "<body style='margin:0;height:100vh;overflow:hidden'><div "
             "style='height:100vh;overflow:auto'>" +
                 tall() +
                 "<div id=end></div></div><script>new IntersectionObserver(all => {"
                 "for (const one of all) if (one.isIntersecting) end.textContent = 'of the box'"
                 "}).observe(end)</script>");
  const std::string box = markdown("/box");
  EXPECT_THAT(box, HasSubstr("of the box"));
  EXPECT_THAT(box, HasSubstr("paragraph 0"));
}

TEST_F(RendererTest, AFeedWithoutEndHasAnEnd) {
  site_.page("/", tall(10) +
                      "<div id=end>.</div><script>let pages = 0;"
                      "new IntersectionObserver(all => { if (all[0].isIntersecting)"
                      "fetch('/more').then(r => r.text()).then(t => { ++pages;"
                      "for (let i = 0; i < 10; ++i) { const p = document.createElement('p');"
                      "p.style.height = '300px'; p.textContent = t + ' ' + pages;"
                      "document.body.insertBefore(p, end) } }) }).observe(end)</script>");
  site_.page("/more", "page", "text/plain");
  const auto page = render(request(site_.url("/")));
  ASSERT_TRUE(page) << page.error().to_string();
  EXPECT_TRUE(page->settled);
  for (const char* shown : {"paragraph 0", "page 1<", "page 2<", "page 3<"}) {
    EXPECT_THAT(page->html, HasSubstr(shown));
  }
  EXPECT_THAT(page->html, Not(HasSubstr("page 20<")));
}

// Of a list that keeps only what is in view, its top is read.
TEST_F(RendererTest, APageIsReadAtItsTop) {
  site_.page("/",
             "<body style='margin:0'><div id=list style='height:40000px;position:relative'></div>"
             "<script>const draw = () => { list.textContent = ''; const at = Math.floor(scrollY /"
             "100); for (let i = at; i < at + 12; ++i) { const p = document.createElement('p');"
             "p.style = 'position:absolute;top:' + i * 100 + 'px'; p.textContent = 'row ' + i;"
             "list.append(p) } }; draw(); onscroll = draw</script>");
  const std::string text = markdown("/");
  EXPECT_THAT(text, HasSubstr("row 0"));
  EXPECT_THAT(text, HasSubstr("row 9"));
}

TEST_F(RendererTest, ReadsWhatStillFadesIn) {
  site_.page("/",
             "<style>@keyframes in{from{opacity:0}to{opacity:1}}@keyframes spin{to{"
             "transform:rotate(1turn)}}p{animation:in 60s both}i{animation:spin 1s infinite}"
             "</style><i>wheel</i><p>faded in");
  EXPECT_THAT(markdown("/"), HasSubstr("faded in"));
}

TEST_F(RendererTest, LeavesOutWhatNobodySees) {
  site_.page(
      "/",
      "<style>.a{display:none}.b{opacity:.01}.c{font-size:1px}.d{position:absolute;left:-5000px}"
      ".e{color:#fefefe;background:#fff}.f{height:0;overflow:hidden}.g{clip-path:inset(100%)}"
      ".h{position:absolute;clip:rect(0,0,0,0)}.i{visibility:hidden}.j{transform:scale(0)}"
      ".k{text-indent:-9999px}.l{color:transparent}</style><p>shown one</p>"
      "<p class=a>xa</p><p class=b>xb</p><p class=c>xc</p><p class=d>xd</p><p class=e>xe</p>"
      "<div class=f><p>xf</p></div><p class=g>xg</p><p class=h>xh</p><p class=i>xi</p>"
      "<p class=j>xj</p><p class=k>xk</p><p class=l>xl</p>"
      "<dialog>xm</dialog><template>xn</template><noscript>xo</noscript>"
      "<details><summary>more</summary><p>shown two</p></details>"
      "<div style='display:contents'><p>shown three</p></div>"
      "<div style='overflow:auto;height:50px'><p style='margin-top:200px'>shown four</p></div>"
      "<iframe srcdoc='<p>shown five</p>'></iframe><div id=s></div>"
      "<script>s.attachShadow({mode:'open'}).innerHTML='<p>shown six</p>'</script>");
  const std::string text = markdown("/");
  for (const char* shown : {"one", "two", "three", "four", "five", "six"}) {
    EXPECT_THAT(text, HasSubstr(std::string("shown ") + shown));
  }
  for (char hidden = 'a'; hidden <= 'o'; ++hidden) {
    EXPECT_THAT(text, Not(HasSubstr(std::string("x") + hidden)));
  }
}

TEST_F(RendererTest, RefusesDialoguesPopupsAndDownloads) {
  site_.page("/",
             "<script>alert('wait'); window.open('/popup'); onload = () => {"
             "document.body.append('went on')}</script><body>");
  site_.page("/file", "bytes", "application/octet-stream");
  EXPECT_THAT(markdown("/"), HasSubstr("went on"));
  const auto file = render(request(site_.url("/file")));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Code::kFailedPrecondition);
}

TEST_F(RendererTest, LoadsNoPictures) {
  site_.page("/",
             "<img src=/a.png><style>@font-face{font-family:q;src:url(/q.woff)}"
             "p{font-family:q}</style><p>text");
  EXPECT_THAT(markdown("/"), HasSubstr("text"));
  EXPECT_FALSE(site_.was_asked("/a.png"));
  EXPECT_FALSE(site_.was_asked("/q.woff"));
}

TEST_F(RendererTest, ReadsTenThousandLevels) {
  site_.page("/",
             "<body><script>let at = document.body; for (let i = 0; i < 10000; ++i) {"
             "const one = document.createElement('div'); at.append(one); at = one; }"
             "at.append('innermost')</script>");
  const auto page = render(request(site_.url("/")));
  if (page) {
    EXPECT_THAT(page->html, HasSubstr("innermost"));
  } else {
    EXPECT_NE(page.error().code, Code::kInternal);
  }
  site_.page("/next", "<p>next");
  EXPECT_THAT(markdown("/next"), HasSubstr("next"));
}

// Another port of this machine is not the operator's endpoint: no way there, by no means.
TEST_F(RendererTest, ReachesOnlyWhatTheGuardAllows) {
  Site other(runtime_);
  other.page("/secret", "secret");
  const std::string secret = other.url("/secret");
  const std::string localhost = "http://localhost:" + std::to_string(other.port()) + "/secret";
  site_.page("/",
             "<body><script>const say = t => document.body.append(t + ' ');"
             "fetch('" +
                 secret +
                 "', {mode:'no-cors'}).then(() => say('leak'), () => say('kept'));"
                 "fetch('" +
                 localhost +
                 "', {mode:'no-cors'}).then(() => say('leak'), () => say('kept'));"
                 "new WebSocket('ws://127.0.0.1:" +
                 std::to_string(other.port()) +
                 "/secret').onerror"
                 " = () => say('kept');</script><iframe src='" +
                 secret +
                 "'></iframe>"
                 "<link rel=prefetch href='" +
                 secret + "'>");
  const std::string text = markdown("/");
  EXPECT_THAT(text, HasSubstr("kept kept"));
  EXPECT_THAT(text, Not(HasSubstr("leak")));
  EXPECT_FALSE(other.was_asked("/secret"));

  site_.page("/go", "<script>location = '" + secret + "'</script>");
  (void)render(request(site_.url("/go"), std::chrono::seconds(6)));
  EXPECT_FALSE(other.was_asked("/secret"));
  const auto direct = render(request(secret));
  ASSERT_FALSE(direct);
  EXPECT_EQ(direct.error().code, Code::kPermissionDenied);
}

// A page that starts to load before its process listens to us would say nothing of its end.
TEST_F(RendererTest, EveryPageTellsThatItHasLoaded) {
  site_.page("/", "<p>short");
  for (int page = 0; page < 8; ++page) {
    const auto shown = render(request(site_.url("/")));
    ASSERT_TRUE(shown) << shown.error().to_string();
    EXPECT_TRUE(shown->settled) << page;
  }
}

TEST_F(RendererTest, APageThatNeverRestsHasAnEnd) {
  site_.page("/busy",
             "<p>first</p><script>setInterval(() => {"
             "document.body.append(document.createElement('i'))}, 20)</script>");
  const auto busy = render(request(site_.url("/busy"), std::chrono::seconds(40)));
  ASSERT_TRUE(busy) << busy.error().to_string();
  EXPECT_FALSE(busy->settled);
  EXPECT_THAT(busy->html, HasSubstr("first"));
  site_.page("/loop", "<p>x</p><script>for(;;);</script>");
  const auto loop = render(request(site_.url("/loop"), std::chrono::seconds(2)));
  ASSERT_FALSE(loop);
  EXPECT_EQ(loop.error().code, Code::kDeadlineExceeded);
  site_.page("/", "<p>still here");
  EXPECT_THAT(markdown("/"), HasSubstr("still here"));
}

TEST_F(RendererTest, ABrowserThatIsKilledIsReplacedAndTheJobDoneAgain) {
  site_.page("/", "<p>warm");
  EXPECT_THAT(markdown("/"), HasSubstr("warm"));
  const int process = renderer_.statistics().process;
  ASSERT_GT(process, 0);
  site_.page("/slow", "<p>at last</p><script>fetch('/hang')</script>");
  base::Result<RenderedPage> out = base::fail(Code::kUnknown, "nothing came");
  std::thread killer([&] {
    if (site_.wait_for("/hang")) ::kill(process, SIGKILL);
  });
  runtime_.run(1, [&] { return render_into(&renderer_, request(site_.url("/slow")), &out); });
  killer.join();
  ASSERT_TRUE(out) << out.error().to_string();
  EXPECT_THAT(out->html, HasSubstr("at last"));
  EXPECT_EQ(renderer_.statistics().browsers, 2u);
}

TEST_F(RendererTest, ABrowserThatCannotStartSaysWhereToLook) {
  Renderer renderer(runtime_, clock_, {.browser = {.program = "/bin/false"}});
  base::Result<RenderedPage> out = base::fail(Code::kUnknown, "nothing came");
  runtime_.run(1, [&] { return render_into(&renderer, request(site_.url("/")), &out); });
  ASSERT_FALSE(out);
  EXPECT_EQ(out.error().code, Code::kUnavailable);
  EXPECT_THAT(out.error().message, HasSubstr("`seine doctor`"));
}

TEST_F(RendererTest, ACallerThatLeavesEndsItsJob) {
  site_.page("/", "<p>x</p><script>fetch('/hang')</script>");
  asio::cancellation_signal leave;
  base::Result<RenderedPage> out = base::fail(Code::kUnknown, "nothing came");
  std::mutex mutex;
  std::condition_variable changed;
  bool ended = false;
  runtime_.post(1, [&] {
    asio::co_spawn(runtime_.context(1), render_into(&renderer_, request(site_.url("/")), &out),
                   asio::bind_cancellation_slot(leave.slot(), [&](std::exception_ptr) {
                     const std::lock_guard lock(mutex);
                     ended = true;
                     changed.notify_all();
                   }));
  });
  ASSERT_TRUE(site_.wait_for("/hang"));
  runtime_.post(1, [&] { leave.emit(asio::cancellation_type::terminal); });
  std::unique_lock lock(mutex);
  ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(20), [&] { return ended; }));
  for (int i = 0; i < 200 && renderer_.statistics().active > 0; ++i) std::this_thread::yield();
  site_.page("/next", "<p>next");
  EXPECT_THAT(markdown("/next"), HasSubstr("next"));
}

TEST_F(RendererTest, APageOpenedAheadKnowsNothingOfTheJobBefore) {
  Site other(runtime_);
  other.page("/data", "leak", "text/plain");
  site_.page("/",
             "<body><script>document.body.append(document.cookie + localStorage.length + ' ');"
             "document.cookie = 'job=seen'; localStorage.setItem('job', 'seen');"
             "fetch('" +
                 other.url("/data") +
                 "', {mode: 'no-cors'}).then(() => document.body.append('reached'),"
                 " () => document.body.append('kept'))</script>");
  RenderRequest wide = request(site_.url("/"));
  wide.policy.endpoints.push_back({"http", "127.0.0.1", other.port()});
  const auto first = render(wide);
  ASSERT_TRUE(first) << first.error().to_string();
  EXPECT_THAT(first->html, HasSubstr("0 reached"));
  ASSERT_TRUE(renderer_.statistics().page_ahead);
  const auto second = render(request(site_.url("/")));
  ASSERT_TRUE(second) << second.error().to_string();
  EXPECT_THAT(second->html, HasSubstr("0 kept"));
  EXPECT_THAT(second->html, Not(HasSubstr("seen")));
}

TEST_F(RendererTest, JobsAtOnceEachHaveAPageOfTheirOwn) {
  site_.page("/",
             "<body><script>document.cookie = 'c' + Math.random() + '=1';"
             "setTimeout(() => document.body.append('cookies ' +"
             " document.cookie.split(';').length + '.'), 50)</script>");
  for (int round = 0; round < 2; ++round) {
    std::array<base::Result<RenderedPage>, 3> pages;
    std::vector<std::jthread> callers;
    for (auto& page : pages) {
      callers.emplace_back([&] { page = render(request(site_.url("/"))); });
    }
    callers.clear();
    for (const auto& page : pages) {
      ASSERT_TRUE(page) << page.error().to_string();
      EXPECT_THAT(page->html, HasSubstr("cookies 1."));
    }
  }
  EXPECT_EQ(renderer_.statistics().browsers, 1u);
}

TEST_F(RendererTest, APageAheadThatDiedIsReplaced) {
  site_.page("/", "<p>here");
  EXPECT_THAT(markdown("/"), HasSubstr("here"));
  ASSERT_TRUE(renderer_.statistics().page_ahead);
  const int browser = renderer_.statistics().process;
  EXPECT_TRUE(comes_to([&] {
    for (const pid_t page : page_processes(browser)) ::kill(page, SIGKILL);
    return !renderer_.statistics().page_ahead;
  }));
  EXPECT_THAT(markdown("/"), HasSubstr("here"));
  EXPECT_EQ(renderer_.statistics().browsers, 1u);
}

TEST_F(RendererTest, APageAheadIsClosedWhenNoJobComes) {
  site_.page("/", "<p>here");
  Renderer renderer(runtime_, clock_, {.ahead_max = std::chrono::milliseconds(100)});
  for (int burst = 0; burst < 2; ++burst) {
    const auto page = render(renderer, request(site_.url("/")));
    ASSERT_TRUE(page) << page.error().to_string();
    EXPECT_TRUE(comes_to([&] { return !renderer.statistics().page_ahead; }));
    const int browser = renderer.statistics().process;
    ASSERT_GT(browser, 0);
    EXPECT_TRUE(comes_to([&] { return page_processes(browser).empty(); }));
  }
  EXPECT_EQ(renderer.statistics().browsers, 1u);
}

TEST_F(RendererTest, ABrowserThatHasServedItsPagesIsReplaced) {
  site_.page("/", "<p>here");
  Renderer renderer(runtime_, clock_, {.pages_per_browser = 2});
  for (int page = 1; page <= 5; ++page) {
    const auto shown = render(renderer, request(site_.url("/")));
    ASSERT_TRUE(shown) << shown.error().to_string();
    // Not in a browser that the next job will not find.
    EXPECT_EQ(renderer.statistics().page_ahead, page % 2 == 1) << page;
  }
  EXPECT_EQ(renderer.statistics().browsers, 3u);
}

TEST(RenderDecision, SaysWhy) {
  Page page;
  page.failure = PageFailure::kEmptyShell;
  EXPECT_TRUE(decide_render(page).render);
  page.failure = PageFailure::kChallenge;
  EXPECT_FALSE(decide_render(page).render);
  EXPECT_THAT(decide_render(page).reason, HasSubstr("challenge"));
  const Page full = read_page("<p>Some text that stands here.", {.main_content = false}).value();
  EXPECT_FALSE(decide_render(full).render);
}

}  // namespace
}  // namespace seine::web
