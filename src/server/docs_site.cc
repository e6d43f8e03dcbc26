#include "server/docs_site.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/text.h"
#include "docs/pages.h"
#include "gateway/docs/docs.h"
#include "server/web_ports.h"
#include "store/tokenizer.h"
#include "web/read/extract_document.h"
#include "web/url/url.h"

namespace seine::server {
namespace {

using base::Code;
using base::Result;

// Pages stand in the index under a name that is no host's, so that another port makes no new index.
constexpr std::string_view kIndexed = "http://seine.invalid";
constexpr std::string_view kRecords = "docs";
constexpr std::string_view kProgress = "progress";  // DIGEST:PAGES
constexpr std::size_t kWaitingMax = 64;
constexpr std::size_t kSitePages = 6;

// A question is about Seine where one passage holds this share of its words; in Chinese pairs of
// characters are the words, so that fewer of them meet. Measured by bench/answer/about_seine.py
// (bench/answer/RESULTS.md).
constexpr double kShare = 0.75;
constexpr double kShareChinese = 0.5;

// Characters that hold a Chinese sentence together. A pair of characters with one of them is the
// border of two words, or a question's form, which sentences on anything share ("光速是多少").
constexpr std::string_view kJoints =
    "的是了吗呢在有多少怎样如何什么哪些会能可要我你请与和或及这那个为被把时将以也都就不没谁何";

constexpr std::size_t kJointBytes = 3;  // of each of them

constexpr auto kNameStem = "sein";  // the term that "Seine" becomes

// Whether a term without spaces around it tells what a sentence is about: single characters, which
// stand in many words, do not.
bool is_word(std::string_view term) {
  if (term.size() <= kJointBytes) return false;
  for (std::size_t at = 0; at < kJoints.size(); at += kJointBytes)
    if (term.contains(kJoints.substr(at, kJointBytes))) return false;
  return true;
}

std::set<std::string> words_of(std::string_view text) {
  std::set<std::string> out;
  store::Tokenizer().run(text, [&out](const store::Token& token) {
    if (token.cjk ? is_word(token.text) : !token.stop) out.insert(token.text);
    return true;
  });
  return out;
}

Result<web::PageDocument> document_of(const docs::Page& page, base::WallTime now) {
  const std::string url = std::string(kIndexed) + gateway::docs_address(page);
  web::PageDocument document = SEINE_TRY(web::extract_document(
      gateway::docs_html(page), {.url = url, .content_type = "text/html; charset=utf-8"}));
  document.url = url;
  document.final_url = url;
  document.fetched_at = now;
  document.language = page.chinese ? "zh" : "en";
  return document;
}

bool is_loopback(std::string_view host) {
  return host == "127.0.0.1" || host == "localhost" || host == "[::1]";
}

}  // namespace

void DocsSite::start(std::string address) {
  address_ = std::move(address);
  const auto queued = ports_.pool.submit(
      [this] { return ports_.records.get(kRecords, kProgress); },
      [this](const Result<std::optional<store::KvEntry>>& known) {
        if (!known) return fail(known.error());
        const std::string_view value = *known ? std::string_view((*known)->value) : "";
        const std::size_t digest = docs::digest().size();
        const bool same = value.starts_with(docs::digest()) && value.size() > digest;
        if (same) return put_page(base::parse_u64(value.substr(digest + 1)).value_or(0));
        if (const auto dropped = ports_.index.drop(kCollection); !dropped)
          return fail(dropped.error());
        put_page(0);
      });
  if (!queued) fail(queued.error());
}

// A page a job, so that the pool serves others in between; a process that ends early goes on where
// it was when it starts again.
void DocsSite::put_page(std::size_t place) {
  const auto all = docs::pages();
  if (place >= all.size()) return settle(State::kReady);
  const auto queued = ports_.pool.submit(
      [this, place, all]() -> Result<> {
        const web::PageDocument page = SEINE_TRY(document_of(all[place], ports_.clock.wall()));
        SEINE_CHECK(ports_.index.put(kCollection, page));
        SEINE_CHECK(ports_.records.put(kRecords, kProgress,
                                       fmt::format("{}:{}", docs::digest(), place + 1)));
        return {};
      },
      [this, place, all](const Result<>& kept) {
        if (!kept) return fail(kept.error());
        if (place + 1 == all.size())
          ports_.log.info("documentation indexed", {{"pages", all.size()}});
        put_page(place + 1);
      });
  if (!queued) fail(queued.error());
}

void DocsSite::fail(const base::Error& error) {
  // A pool that closes is the service's end.
  if (error.code != Code::kUnavailable)
    ports_.log.error("documentation not indexed", {{"error", error.message}});
  settle(State::kFailed);
}

void DocsSite::settle(State state) {
  std::vector<std::pair<Job, std::function<void(base::Error)>>> waiting;
  {
    const std::lock_guard guard(mutex_);
    state_ = state;
    waiting.swap(waiting_);
  }
  settled_.notify_all();
  for (auto& [job, otherwise] : waiting) when_ready(std::move(job), std::move(otherwise));
}

bool DocsSite::wait(base::Duration within) {
  std::unique_lock lock(mutex_);
  return settled_.wait_for(lock, within, [this] { return state_ != State::kIndexing; });
}

void DocsSite::when_ready(Job job, std::function<void(base::Error)> otherwise) {
  {
    const std::lock_guard guard(mutex_);
    if (state_ == State::kIndexing && waiting_.size() < kWaitingMax) {
      waiting_.emplace_back(std::move(job), std::move(otherwise));
      return;
    }
    if (state_ != State::kReady) job = {};
  }
  const base::Error missing{Code::kUnavailable, "the documentation is not indexed"};
  if (!job) return otherwise(missing);
  const auto queued = ports_.pool.submit([]() -> Result<> { return {}; },
                                         [job = std::move(job), otherwise](const Result<>& may) {
                                           if (may) return job();
                                           otherwise(may.error());
                                         });
  if (!queued) otherwise(queued.error());
}

void DocsSite::close() {
  const std::unique_lock guard(open_mutex_);
  open_ = false;
}

void DocsSite::search_beyond(answer::SearchQuery query, base::Deadline deadline,
                             std::stop_token stop, Found done) {
  const std::shared_lock guard(open_mutex_);
  if (open_) return ports_.search.search(std::move(query), deadline, std::move(stop), done);
  done(base::fail(Code::kCancelled, "the service ends"));
}

std::optional<std::string> DocsSite::path_of(std::string_view url) const {
  const auto asked = web::Url::parse(url);
  const auto own = web::Url::parse(address_);
  if (!asked || !own || !asked->is_http()) return std::nullopt;
  const bool same_host = asked->hostname() == own->hostname() ||
                         (is_loopback(asked->hostname()) && is_loopback(own->hostname()));
  if (!same_host || asked->port_or_default() != own->port_or_default()) return std::nullopt;
  const docs::Page* page = gateway::find_docs(asked->path());
  if (page == nullptr) return std::nullopt;
  return gateway::docs_address(*page);
}

Result<answer::Page> DocsSite::page(std::string_view path) {
  const std::string kept = std::string(kIndexed) + std::string(path);
  auto found = SEINE_TRY(ports_.index.get(kCollection, kept));
  if (!found) return base::fail(Code::kNotFound, "the documentation has no page {}", path);
  found->age = std::chrono::seconds(0);  // it is of this version
  found->final_url = address_ + std::string(path);
  return to_page(*std::move(found));
}

std::vector<answer::SearchHit> DocsSite::about_seine(const answer::SearchQuery& query) {
  std::set<std::string> asked = words_of(query.text);
  const bool chinese = query.language == base::Language::kChinese;
  // Every page holds the name, and the few words of a Chinese question ("Seine 河流") would pass by
  // it.
  if (chinese) asked.erase(kNameStem);
  std::vector<answer::SearchHit> out;
  if (asked.empty()) return out;
  for (answer::SearchHit& hit : hits(query.text, 3)) {
    const std::set<std::string> there = words_of(hit.snippet);
    const auto shared =
        std::ranges::count_if(asked, [&](const auto& word) { return there.contains(word); });
    const double share = static_cast<double>(shared) / static_cast<double>(asked.size());
    if (share >= (chinese ? kShareChinese : kShare)) out.push_back(std::move(hit));
  }
  return out;
}

std::vector<answer::SearchHit> DocsSite::hits(const std::string& text, std::size_t limit) {
  std::vector<answer::SearchHit> out;
  const auto found = ports_.index.search(kCollection, text, limit * 3);
  if (!found) return out;
  for (const web::PassageHit& hit : *found) {
    if (out.size() == limit) break;
    std::string url = address_ + hit.url.substr(std::min(kIndexed.size(), hit.url.size()));
    if (std::ranges::find(out, url, &answer::SearchHit::url) != out.end()) continue;
    out.push_back({.url = std::move(url),
                   .title = hit.title,
                   .snippet = hit.title + " " + hit.heading + " " + hit.text});
  }
  return out;
}

void DocsSite::search(answer::SearchQuery query, base::Deadline deadline, std::stop_token stop,
                      Found done) {
  const base::TimePoint began = ports_.clock.now();
  when_ready(
      [this, query, deadline, stop, began, done] {
        std::vector<answer::SearchHit> own = about_seine(query);
        if (own.empty()) return search_beyond(query, deadline, stop, done);
        const auto spent =
            std::chrono::duration_cast<std::chrono::milliseconds>(ports_.clock.now() - began);
        answer::SearchResult out{.hits = std::move(own)};
        out.providers.push_back({.id = std::string(kCollection),
                                 .state = "ok",
                                 .hits = out.hits.size(),
                                 .elapsed_ms = spent.count()});
        search_beyond(query, deadline, stop,
                      [out = std::move(out), done](Result<answer::SearchResult> found) mutable {
                        if (found) {
                          std::ranges::move(found->hits, std::back_inserter(out.hits));
                          std::ranges::move(found->providers, std::back_inserter(out.providers));
                        }
                        done(std::move(out));
                      });
      },
      [this, query, deadline, stop, done](const base::Error&) {
        search_beyond(query, deadline, stop, done);
      });
}

void DocsSite::read(answer::ReadRequest request, base::Deadline deadline, std::stop_token stop,
                    std::function<void(Result<answer::Page>)> done) {
  const auto path = path_of(request.url);
  if (!path) return ports_.pages.read(std::move(request), deadline, std::move(stop), done);
  when_ready([this, path = *path, done] { done(page(path)); },
             [done](const base::Error& error) { done(std::unexpected(error)); });
}

void DocsSite::read_site(answer::SiteRequest request, base::Deadline deadline, std::stop_token stop,
                         std::function<void(answer::PageRead)> page,
                         std::function<void(Result<>)> done) {
  const auto path = path_of(request.url);
  if (!path) {
    return ports_.pages.read_site(std::move(request), deadline, std::move(stop), std::move(page),
                                  std::move(done));
  }
  when_ready(
      [this, request, path = *path, page, done] {
        std::vector<std::string> paths;
        for (const answer::SearchHit& hit :
             hits(request.question, std::min(kSitePages, request.pages_max))) {
          paths.push_back(hit.url.substr(address_.size()));
        }
        if (paths.empty()) paths.push_back(path);
        for (const std::string& each : paths) page({address_ + each, this->page(each)});
        done({});
      },
      [done](const base::Error& error) { done(std::unexpected(error)); });
}

}  // namespace seine::server
