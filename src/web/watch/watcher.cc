#include "web/watch/watcher.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <iterator>

#include "base/ids.h"
#include "net/on_pool.h"
#include "net/runtime.h"
#include "web/detail/at_home.h"
#include "web/detail/task_group.h"
#include "web/extract/style/selector.h"
#include "web/verdict.h"
#include "web/watch/watch_json.h"
#include "web/watch/watched_blocks.h"
#include "web/watch/webhook.h"

namespace seine::web {
namespace {

using base::Code;
using base::Result;

constexpr std::size_t kChangesMax = 100;  // of one version
constexpr std::size_t kBlockShownMax = 4'000;
constexpr std::size_t kShownMax = 200;  // deliveries and versions in one answer
constexpr std::size_t kDueAtOnce = 64;
constexpr std::chrono::hours kGiveUpAfter{24};
constexpr std::chrono::hours kBackOffMax{24};

// After the first attempt, the second, ...: a day in all, each a fifth sooner or later.
constexpr std::array<std::chrono::seconds, 7> kRetries = {
    std::chrono::seconds(5), std::chrono::minutes(5), std::chrono::minutes(30),
    std::chrono::hours(2),   std::chrono::hours(5),   std::chrono::hours(8),
    std::chrono::hours(6)};

// What is under way, by the id of a watch or kDelivering.
using Names = std::set<std::string>;
constexpr const char* kDelivering = "deliveries";

class Busy {
 public:
  Busy(std::shared_ptr<Names> all, std::string name)
      : all_(std::move(all)), name_(std::move(name)) {
    all_->insert(name_);
  }
  ~Busy() { all_->erase(name_); }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  std::shared_ptr<Names> all_;
  std::string name_;
};

// Within `most` bytes, at the end of a character.
void cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  text += "…";
}

void bound(WatchVersion& version) {
  if (version.changes.size() > kChangesMax) {
    version.left_out = version.changes.size() - kChangesMax;
    version.changes.resize(kChangesMax);
  }
  for (BlockChange& change : version.changes) {
    cut(change.before, kBlockShownMax);
    cut(change.after, kBlockShownMax);
    cut(change.above, kBlockShownMax / 8);
    cut(change.below, kBlockShownMax / 8);
  }
}

std::vector<WatchBlock> plain(std::vector<KeyedBlock> blocks) {
  std::vector<WatchBlock> out;
  out.reserve(blocks.size());
  for (KeyedBlock& block : blocks) out.push_back(std::move(block.block));
  return out;
}

// Of a page on this machine: who adds a watch is the operator and may name it. Other private places
// are for the configuration to name, since a watch is read for as long as it stands.
std::vector<Endpoint> own_place(std::string_view address) {
  const auto url = Url::parse(address);
  if (!url || !url->is_http() || !url->port_or_default()) return {};
  const auto literal = IpAddress::parse(url->hostname());
  const bool here =
      literal ? classify(*literal) == AddressKind::kLoopback : url->hostname() == "localhost";
  if (!here) return {};
  return {{.scheme = std::string(url->scheme()),
           .host = std::string(url->hostname()),
           .port = *url->port_or_default()}};
}

Result<> judge_place(std::string_view address, std::string_view member, const GuardPolicy& policy) {
  const auto url = Url::parse(address);
  if (!url || !url->is_http())
    return base::fail_field(Code::kInvalidArgument, member, "'{}' is no web address", address);
  if (const Refusal refusal = judge_url(*url, policy); refusal != Refusal::kNone) {
    base::Error error = refusal_error(refusal, *url).error();
    error.field = member;
    return std::unexpected(std::move(error));
  }
  return {};
}

}  // namespace

std::optional<std::chrono::seconds> Watcher::retry_after(std::uint32_t attempts) {
  if (attempts == 0 || attempts > kRetries.size()) return std::nullopt;
  return kRetries[attempts - 1];
}

Watcher::Watcher(Ports ports, WatcherSettings settings, std::unique_ptr<WatchStore> store)
    : ports_(std::move(ports)),
      settings_(std::move(settings)),
      store_(std::move(store)),
      to_check_(ports_.home),
      to_deliver_(ports_.home) {}

Result<std::unique_ptr<Watcher>> Watcher::open(Ports ports, WatcherSettings settings) {
  auto store = SEINE_TRY(WatchStore::open(ports.database));
  return std::unique_ptr<Watcher>(
      new Watcher(std::move(ports), std::move(settings), std::move(store)));
}

void Watcher::tell(std::string_view what, std::string_view watch, std::string_view detail) const {
  if (settings_.told) settings_.told(what, watch, detail);
}

void Watcher::wake(net::Event* event) {
  asio::post(ports_.home, [event] { event->set(); });
}

template <typename T, typename Job>
asio::awaitable<Result<T>> Watcher::stored(Job job) {
  return net::on_pool<T>(ports_.pool,
                         [this, job = std::move(job)]() mutable { return job(*store_); });
}

asio::awaitable<Result<Watch>> Watcher::add(WatchSpec spec) {
  if (!spec.selector.empty()) SEINE_CO_CHECK(css::parse_selector_list(spec.selector));
  GuardPolicy named = settings_.guard;
  std::ranges::move(own_place(spec.url), std::back_inserter(named.endpoints));
  SEINE_CO_CHECK(judge_place(spec.url, "url", named));
  if (!spec.webhook.empty()) SEINE_CO_CHECK(judge_place(spec.webhook, "webhook", settings_.guard));
  const base::WallTime now = ports_.clock.wall();
  Watch watch{.id = base::make_hex_id(ports_.random, 12),
              .spec = std::move(spec),
              .secret = make_webhook_secret(ports_.random),
              .hook_secret = make_webhook_secret(ports_.random),
              .created_at = now,
              .next_at = now};
  SEINE_CO_CHECK(co_await stored<void>([watch](WatchStore& store) { return store.add(watch); }));
  wake(&to_check_);
  co_return watch;
}

asio::awaitable<Result<std::vector<Watch>>> Watcher::list() {
  return stored<std::vector<Watch>>([](WatchStore& store) { return store.list(); });
}

asio::awaitable<Result<WatchHistory>> Watcher::show(std::string id) {
  return stored<WatchHistory>([id = std::move(id)](WatchStore& store) -> Result<WatchHistory> {
    Watch watch = SEINE_TRY(store.get(id));
    return WatchHistory{std::move(watch), SEINE_TRY(store.versions(id, kShownMax))};
  });
}

asio::awaitable<Result<void>> Watcher::remove(std::string id) {
  return stored<void>([id = std::move(id)](WatchStore& store) { return store.remove(id); });
}

asio::awaitable<Result<Watch>> Watcher::pause(std::string id, bool paused) {
  const base::WallTime now = ports_.clock.wall();
  auto watch =
      co_await stored<Watch>([id = std::move(id), paused, now](WatchStore& store) -> Result<Watch> {
        SEINE_CHECK(store.pause(id, paused, now));
        return store.get(id);
      });
  wake(&to_check_);
  co_return watch;
}

asio::awaitable<Result<std::vector<Delivery>>> Watcher::deliveries(
    std::optional<DeliveryState> state) {
  return stored<std::vector<Delivery>>(
      [state](WatchStore& store) { return store.deliveries(state, kShownMax); });
}

asio::awaitable<Result<void>> Watcher::resend(std::string id) {
  const base::WallTime now = ports_.clock.wall();
  auto done = co_await stored<void>(
      [id = std::move(id), now](WatchStore& store) { return store.resend(id, now); });
  if (done) co_await deliver_now();
  co_return done;
}

asio::awaitable<Result<void>> Watcher::hook(std::string id, net::Headers headers,
                                            std::string body) {
  const base::WallTime now = ports_.clock.wall();
  auto taken = co_await stored<void>([id = std::move(id), headers = std::move(headers),
                                      body = std::move(body), now](WatchStore& store) -> Result<> {
    auto watch = store.get(id);
    // Whether a watch is there is told to nobody who cannot sign for it.
    if (!watch && watch.error().code == Code::kNotFound)
      return base::fail(Code::kUnauthenticated,
                        "the webhook is not signed for this place and time");
    if (!watch) return std::unexpected(std::move(watch).error());
    const std::string message = SEINE_TRY(verify_webhook(watch->hook_secret, headers, body, now));
    if (watch->paused) return base::fail(Code::kFailedPrecondition, "the watch is paused");
    if (!SEINE_TRY(store.take_message(id, message, now)))
      return base::fail(Code::kAlreadyExists, "the webhook {} came before", message);
    return store.ask(id, now);
  });
  if (taken) wake(&to_check_);
  co_return taken;
}

asio::awaitable<Result<CheckOutcome>> Watcher::check(std::string id) {
  auto outcome = co_await detail::at_home(ports_.home, check_here(std::move(id)));
  if (outcome && outcome->result == CheckResult::kChanged) co_await deliver_now();
  co_return outcome;
}

// Also in a process that does not run the schedule. Where the schedule is sending just now, it
// looks again afterwards.
asio::awaitable<void> Watcher::deliver_now() {
  (void)co_await detail::at_home(ports_.home, deliver_due_here());
  wake(&to_deliver_);
}

asio::awaitable<Result<std::size_t>> Watcher::check_due() {
  return detail::at_home(ports_.home, check_due_here());
}
asio::awaitable<Result<std::size_t>> Watcher::deliver_due() {
  return detail::at_home(ports_.home, deliver_due_here());
}
asio::awaitable<void> Watcher::run() {
  co_await detail::at_home(ports_.home, keep_both());
}

asio::awaitable<Result<CheckOutcome>> Watcher::check_here(std::string id) {
  if (busy_->contains(id))
    co_return base::fail(Code::kAborted, "watch {} is being read already", id);
  const Busy busy(busy_, id);
  Watch watch =
      SEINE_CO_TRY(co_await stored<Watch>([id](WatchStore& store) { return store.get(id); }));
  co_return co_await examine(std::move(watch));
}

asio::awaitable<Result<PageDocument>> Watcher::read(const Watch& watch) {
  ReadOptions options{.render_js = watch.spec.render,
                      .timeout = settings_.read_timeout,
                      .max_age = std::chrono::seconds(0),
                      .main_content = watch.spec.selector.empty() && watch.spec.block.empty(),
                      .selector = watch.spec.selector};
  options.endpoints = own_place(watch.spec.url);
  auto page = co_await ports_.reader.read(watch.spec.url, options);
  // What was kept from before is no reading of now.
  if (page && (page->verdict != Verdict::kOk || page->from == PageSource::kIndex))
    co_return fail_verdict(Verdict::kUnreachable, "{} cannot be read now", watch.spec.url);
  co_return page;
}

base::WallTime Watcher::next_check(const Watch& watch, bool failed) {
  auto wait = std::chrono::duration<double>(watch.spec.every);
  if (failed) {
    const auto most = std::max(wait, std::chrono::duration<double>(kBackOffMax));
    wait = std::min(wait * static_cast<double>(1U << std::min(watch.failures, 16U)), most);
  }
  // A tenth sooner or later, so that watches do not march in step.
  wait *= 0.9 + 0.2 * ports_.random.uniform();
  return ports_.clock.wall() + std::chrono::duration_cast<std::chrono::microseconds>(wait);
}

std::optional<Delivery> Watcher::delivery_of(const Watch& watch, const WatchVersion& version) {
  if (watch.spec.webhook.empty()) return std::nullopt;
  return Delivery{.id = "msg_" + base::make_hex_id(ports_.random, 16),
                  .watch = watch.id,
                  .url = watch.spec.webhook,
                  .body = webhook_body(watch, version),
                  .created_at = version.at,
                  .next_at = version.at};
}

asio::awaitable<Result<CheckOutcome>> Watcher::examine(Watch watch) {
  WatchStore::Checked done{.id = watch.id, .started_at = ports_.clock.wall()};
  CheckOutcome outcome;
  const auto baseline = SEINE_CO_TRY(co_await stored<std::optional<std::vector<WatchBlock>>>(
      [id = watch.id](WatchStore& store) { return store.baseline(id); }));
  const std::vector<KeyedBlock> known =
      baseline ? keyed(*baseline, watch.spec) : std::vector<KeyedBlock>();

  std::vector<KeyedBlock> first;
  std::optional<base::Error> failure;
  for (int reading = 0; reading < 2 && !failure; ++reading) {
    const auto page = co_await read(watch);
    auto blocks = page ? watched_blocks(*page, watch.spec)
                       : Result<std::vector<WatchBlock>>(std::unexpected(page.error()));
    if (!blocks) {
      failure = std::move(blocks).error();
      break;
    }
    done.title = page->title;
    std::vector<KeyedBlock> now = keyed(*blocks, watch.spec);
    if (reading == 0) {
      if (baseline && diff_blocks(known, now).empty()) break;
      first = std::move(now);
      outcome.result = CheckResult::kNoise;
      if (settings_.confirm_after.count() > 0 && !co_await net::sleep_for(settings_.confirm_after))
        co_return fail_verdict(Verdict::kCancelled, "reading {} was cancelled", watch.spec.url);
      continue;
    }
    Agreement agreed = agree(known, first, now);
    if (baseline && agreed.changes.empty()) break;
    outcome.result = baseline ? CheckResult::kChanged : CheckResult::kFirst;
    done.baseline = plain(std::move(agreed.blocks));
    done.version =
        WatchVersion{.number = watch.version + 1, .at = ports_.clock.wall(), .title = page->title};
    if (baseline) {
      done.version->changes = std::move(agreed.changes);
      bound(*done.version);
      outcome.changes = done.version->changes;
      done.delivery = delivery_of(watch, *done.version);
    }
  }
  // A caller that left is no fault of the page.
  if (failure && verdict_of(*failure) == Verdict::kCancelled)
    co_return std::unexpected(*std::move(failure));
  if (failure) {
    outcome = {.result = CheckResult::kFailed,
               .verdict = std::string(verdict_name(verdict_of(*failure))),
               .message = failure->message};
    done.verdict = outcome.verdict;
    done.message = outcome.message;
    done.failed = true;
    ++watch.failures;
    tell("page not read", watch.id, outcome.message);
  }
  done.at = ports_.clock.wall();
  done.next_at = next_check(watch, done.failed);
  const bool told = done.delivery.has_value();
  SEINE_CO_CHECK(co_await stored<void>(
      [done = std::move(done)](WatchStore& store) { return store.checked(done); }));
  if (outcome.result == CheckResult::kChanged) tell("page changed", watch.id, watch.spec.url);
  if (told) to_deliver_.set();
  co_return outcome;
}

asio::awaitable<bool> Watcher::check_one(std::string id) {
  const auto outcome = co_await check_here(std::move(id));
  // Removed meanwhile, or read by somebody's order: nothing is left to do.
  co_return outcome || outcome.error().code == Code::kNotFound ||
      outcome.error().code == Code::kAborted;
}

// A few at a time; the next starts when one ends. An error when what came of one was not kept.
template <typename Job>
asio::awaitable<Result<std::size_t>> Watcher::work_off(std::vector<Job> jobs) {
  detail::TaskGroup<bool> group(co_await asio::this_coro::executor);
  std::size_t started = 0;
  std::size_t kept = 0;
  while (started < jobs.size() || !group.empty()) {
    while (started < jobs.size() && group.running() < settings_.at_once)
      group.start(jobs[started++]());
    // Each has time-outs of its own; this one only outlasts them.
    const auto ended = co_await group.next(std::chrono::minutes(5), ports_.clock);
    if (group.cancelled()) co_return fail_verdict(Verdict::kCancelled, "the watches were stopped");
    kept += ended && *ended ? 1 : 0;
  }
  if (kept < jobs.size())
    co_return base::fail(Code::kUnavailable, "{} of {} could not be kept", jobs.size() - kept,
                         jobs.size());
  co_return kept;
}

asio::awaitable<Result<std::size_t>> Watcher::check_due_here() {
  const base::WallTime now = ports_.clock.wall();
  const auto ids = SEINE_CO_TRY(co_await stored<std::vector<std::string>>(
      [now](WatchStore& store) { return store.due(now, kDueAtOnce); }));
  std::vector<std::function<asio::awaitable<bool>()>> jobs;
  for (const std::string& id : ids) jobs.emplace_back([this, id] { return check_one(id); });
  co_return co_await work_off(std::move(jobs));
}

// Once at a time: of two, the later would send what the earlier has sent and not yet written down.
asio::awaitable<Result<std::size_t>> Watcher::deliver_due_here() {
  if (busy_->contains(kDelivering)) co_return std::size_t{0};
  const Busy busy(busy_, kDelivering);
  const base::WallTime now = ports_.clock.wall();
  const auto due = SEINE_CO_TRY(co_await stored<std::vector<Delivery>>(
      [now](WatchStore& store) { return store.due_deliveries(now, kDueAtOnce); }));
  std::vector<std::function<asio::awaitable<bool>()>> jobs;
  for (const Delivery& one : due) jobs.emplace_back([this, one] { return deliver(one); });
  co_return co_await work_off(std::move(jobs));
}

asio::awaitable<bool> Watcher::deliver(Delivery delivery) {
  const auto watch =
      co_await stored<Watch>([id = delivery.watch](WatchStore& store) { return store.get(id); });
  if (!watch) co_return watch.error().code == Code::kNotFound;  // removed, its webhooks with it
  const auto policy = std::make_shared<GuardPolicy>(settings_.guard);
  HopRequest request{.method = "POST", .url = {}, .body = delivery.body, .policy = policy};
  request.limits.total_timeout = settings_.webhook_timeout;
  request.limits.body_bytes_max = std::uint64_t{64} << 10;
  request.cache.store = false;
  Result<HopResponse> answer = base::fail(Code::kUnknown, "not sent yet");
  const auto url = Url::parse(delivery.url);
  const auto signature =
      webhook_headers(watch->secret, delivery.id, delivery.body, ports_.clock.wall());
  if (const auto allowed = judge_place(delivery.url, "webhook", *policy); !allowed) {
    answer = std::unexpected(allowed.error());
  } else if (!signature) {
    answer = std::unexpected(signature.error());
  } else {
    request.url = *url;
    request.headers = *signature;
    request.headers.add("content-type", "application/json");
    answer = co_await ports_.transport.send(std::move(request));
  }
  if (!answer && verdict_of(answer.error()) == Verdict::kCancelled) co_return false;

  const base::WallTime now = ports_.clock.wall();
  ++delivery.attempts;
  delivery.status = answer ? answer->status : 0;
  if (answer && answer->status / 100 == 2) {
    delivery.state = DeliveryState::kSent;
    delivery.message.clear();
  } else {
    delivery.message =
        answer ? fmt::format("the receiver answers {}", answer->status) : answer.error().message;
    const auto wait = retry_after(delivery.attempts);
    const bool gone = answer && answer->status == 410;  // the scheme's word for "no more"
    if (wait)
      delivery.next_at =
          now + std::chrono::duration_cast<std::chrono::microseconds>(
                    std::chrono::duration<double>(*wait) * (0.8 + 0.4 * ports_.random.uniform()));
    if (gone || !wait || delivery.next_at > delivery.created_at + kGiveUpAfter) {
      delivery.state = DeliveryState::kDead;
      tell("webhook given up", delivery.watch, delivery.message);
    }
  }
  const auto kept =
      co_await stored<void>([delivery](WatchStore& store) { return store.attempted(delivery); });
  co_return kept.has_value();
}

// Works off what is due, then waits for what comes next, for news, or for a while. What cannot be
// kept (a full disk) is not done again and again: the next look is after the while.
asio::awaitable<bool> Watcher::keep(net::Event& news, Work work, Next next) {
  for (;;) {
    const auto worked = co_await (this->*work)();
    const auto due = co_await stored<std::optional<base::WallTime>>(
        [next](WatchStore& store) { return (store.*next)(); });
    base::Duration wait = settings_.idle;
    if (worked && due && *due)
      wait = std::clamp<base::Duration>(**due - ports_.clock.wall(), std::chrono::seconds(1), wait);
    if (co_await news.wait_for(wait) == net::Event::Outcome::kCancelled) co_return true;
  }
}

asio::awaitable<void> Watcher::keep_both() {
  detail::TaskGroup<bool> group(co_await asio::this_coro::executor);
  group.start(keep(to_check_, &Watcher::check_due_here, &WatchStore::next_due));
  group.start(keep(to_deliver_, &Watcher::deliver_due_here, &WatchStore::next_delivery));
  while (!group.cancelled() && !group.empty())
    (void)co_await group.next(std::chrono::hours(1), ports_.clock);
  // What runs uses this object: its end is waited for.
  co_await asio::this_coro::reset_cancellation_state();
  group.cancel();
  const base::TimePoint latest = ports_.clock.now() + settings_.read_timeout;
  while (!group.empty() && ports_.clock.now() < latest)
    (void)co_await group.next(std::chrono::seconds(1), ports_.clock);
}

}  // namespace seine::web
