#include "answer/gather.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <unordered_set>

#include "answer/mailbox.h"
#include "base/json.h"
#include "web/url/url.h"

namespace seine::answer {
namespace {

using base::Json;

// Tolerated age of a cached page, by what was asked.
std::optional<std::chrono::seconds> tolerated_age(const Question& question) {
  if (question.max_age) return std::chrono::minutes(5);
  if (question.fresh) return std::chrono::hours(24);
  return std::chrono::days(7);
}

// Once this many pages are open, the others get kGrace more.
constexpr std::size_t kEnough = 4;
constexpr std::chrono::milliseconds kGrace{1'200};

const base::Error kTooSlow{base::Code::kDeadlineExceeded, "not read within the time of the answer",
                           "timeout"};
const base::Error kStopped{base::Code::kCancelled, "the run was stopped", "stopped"};

}  // namespace

std::string host_of(std::string_view url) {
  const base::Result<web::Url> parsed = web::Url::parse(url);
  return parsed ? parsed->host() : std::string();
}

namespace {

// A page that does not name its site is its host's: before it is recorded, so that the snapshot
// says it, too.
void name_site(base::Result<Page>& page) {
  if (page && page->site.empty()) page->site = host_of(page->url);
}

}  // namespace

void Gatherer::opened(Source source, Page page, Gathered& out) {
  source.state = SourceState::kRead;
  source.url = page.url;
  if (!page.title.empty()) source.title = page.title;
  source.site = page.site;
  if (!page.published.empty()) source.published = page.published;
  source.fetched_at = page.fetched_at;
  source.age_s = page.age_s;
  source.from = page.from;
  source.verdict = page.verdict;
  source.snapshot = snapshot_of(page);
  c_.trail.update(source);
  out.pages.push_back(std::move(page));
  out.source_of_page.push_back(source.id);
}

void Gatherer::missed(Source source, const base::Error& error) {
  source.state = SourceState::kFailed;
  source.reason = error.message;
  source.verdict = error.field.empty() ? std::string(base::code_name(error.code)) : error.field;
  source.site = host_of(source.url);
  c_.trail.update(source);
}

std::vector<SearchHit> Gatherer::search(const Plan& plan, Gathered& out) {
  if (c_.search == nullptr) {
    out.trouble = base::Error{base::Code::kFailedPrecondition,
                              "no search provider is configured; name pages to read (sites)"};
    return {};
  }
  struct Mail {
    std::size_t query;
    base::Result<SearchResult> result;
  };
  const auto box = std::make_shared<Mailbox<Mail>>();
  const base::Deadline deadline = by(c_.settings.time.search);
  std::vector<int> steps;
  for (std::size_t i = 0; i < plan.queries.size(); ++i) {
    const SearchQuery& query = plan.queries[i];
    steps.push_back(c_.trail.begin(
        StepKind::kSearch, fmt::format("{}{}", c_.trail.say({"Search: ", "搜索："}), query.text),
        {{"query", query.text},
         {"language", query.language == base::Language::kChinese ? "zh" : "en"}}));
    c_.search->search(query, deadline, c_.stop, [box, i](base::Result<SearchResult> result) {
      box->put({i, std::move(result)});
    });
  }
  std::vector<std::optional<base::Result<SearchResult>>> results(plan.queries.size());
  for (std::size_t left = results.size(); left > 0; --left) {
    std::optional<Mail> mail = box->take(deadline, c_.stop);
    if (!mail) break;
    const int step = steps[mail->query];
    if (mail->result) {
      Json providers = Json::array();
      for (const ProviderReport& report : mail->result->providers) {
        providers.push_back({{"id", report.id},
                             {"state", report.state},
                             {"reason", report.reason},
                             {"hits", report.hits},
                             {"elapsed_ms", report.elapsed_ms}});
      }
      Json hits = Json::array();
      for (const SearchHit& hit : mail->result->hits)
        hits.push_back({{"url", hit.url}, {"title", hit.title}});
      c_.trail.done(step, {{"query", plan.queries[mail->query].text},
                           {"hits", std::move(hits)},
                           {"providers", std::move(providers)}});
    } else {
      c_.trail.failed(step, mail->result.error().message);
    }
    results[mail->query].emplace(std::move(mail->result));
  }
  box->close();
  std::vector<SearchResult> found;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i]) {
      const base::Error& why = c_.stop.stop_requested() ? kStopped : kTooSlow;
      c_.trail.failed(steps[i], why.message);
      results[i].emplace(std::unexpected(why));
    }
    if (*results[i]) {
      found.push_back(**results[i]);
    } else if (!out.trouble) {
      out.trouble = results[i]->error();
    }
    c_.record.searches.push_back({plan.queries[i].text, std::move(*results[i])});
  }
  // One provider that answered, though with nothing, is no failure.
  if (!found.empty()) out.trouble.reset();
  return merge_hits(found, c_.settings.pages_max);
}

void Gatherer::read(const std::vector<Target>& targets, Gathered& out) {
  if (targets.empty()) return;
  struct Mail {
    std::size_t target;
    base::Result<Page> page;
  };
  const auto box = std::make_shared<Mailbox<Mail>>();
  const base::Deadline last = by(c_.settings.time.first_token);
  // Reads that are not waited for any longer end with this.
  std::stop_source enough;
  const std::stop_callback forward(c_.stop, [&enough] { enough.request_stop(); });
  std::vector<int> steps;
  std::vector<int> sources;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Target& target = targets[i];
    sources.push_back(c_.trail.add(
        {.url = target.request.url, .title = target.title, .published = target.published}));
    steps.push_back(
        c_.trail.begin(StepKind::kRead,
                       fmt::format("{}{}", c_.trail.say({"Read: ", "阅读："}), target.request.url),
                       {{"url", target.request.url}, {"source_id", sources.back()}}));
    c_.pages->read(target.request, last, enough.get_token(),
                   [box, i](base::Result<Page> page) { box->put({i, std::move(page)}); });
  }
  std::vector<std::optional<base::Result<Page>>> results(targets.size());
  std::size_t open = 0;
  base::Deadline until = last;
  for (std::size_t left = targets.size(); left > 0; --left) {
    std::optional<Mail> mail = box->take(until, c_.stop);
    if (!mail) break;
    const int step = steps[mail->target];
    Source source = c_.trail.source(sources[mail->target]);
    name_site(mail->page);
    if (mail->page) {
      c_.trail.done(step, {{"url", mail->page->url},
                           {"source_id", source.id},
                           {"from", mail->page->from},
                           {"bytes", mail->page->markdown.size()}});
      if (++open == 1) until = by(c_.settings.time.read);
      if (open == kEnough) until = until.earlier_of(base::Deadline::after(c_.clock, kGrace));
    } else {
      c_.trail.failed(step, mail->page.error().message);
    }
    results[mail->target].emplace(std::move(mail->page));
  }
  enough.request_stop();
  box->close();
  // In the order of the hits, so that nothing after this depends on who was first.
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (!results[i]) {
      const base::Error& why = c_.stop.stop_requested() ? kStopped : kTooSlow;
      c_.trail.failed(steps[i], why.message);
      results[i].emplace(std::unexpected(why));
    }
    c_.record.reads.emplace_back(targets[i].request.url,
                                 PageRead{targets[i].request.url, *results[i]});
    const Source source = c_.trail.source(sources[i]);
    if (*results[i]) {
      opened(source, std::move(**results[i]), out);
    } else {
      missed(source, results[i]->error());
      if (!out.trouble) out.trouble = results[i]->error();
    }
  }
  if (!out.pages.empty()) out.trouble.reset();
}

void Gatherer::read_sites(const AskRequest& request, const Question& question, Gathered& out) {
  struct Mail {
    std::size_t site;
    std::optional<PageRead> page;            // a page, or
    std::optional<base::Result<>> finished;  // the end of this site
  };
  const auto box = std::make_shared<Mailbox<Mail>>();
  const base::Deadline last = by(c_.settings.time.first_token);
  std::stop_source enough;
  const std::stop_callback forward(c_.stop, [&enough] { enough.request_stop(); });
  struct Site {
    int step = 0;
    bool ended = false;
    std::size_t pages = 0;
    std::size_t failed = 0;
    std::string why = {};
  };
  std::vector<Site> sites;
  for (std::size_t i = 0; i < request.sites.size(); ++i) {
    const std::string& url = request.sites[i];
    sites.push_back({.step = c_.trail.begin(
                         StepKind::kRead,
                         fmt::format("{}{}", c_.trail.say({"Read the site: ", "阅读站点："}), url),
                         {{"url", url}})});
    c_.pages->read_site(
        {.url = url,
         .origin = request.trusted_sites ? Origin::kOperator : Origin::kQuestion,
         .question = question.text,
         .pages_max = std::max<std::size_t>(4, c_.settings.site_pages_max / request.sites.size())},
        by(c_.settings.time.read), enough.get_token(),
        [box, i](PageRead page) { box->put({i, std::move(page), {}}); },
        [box, i](base::Result<> result) { box->put({i, {}, std::move(result)}); });
  }
  base::Deadline until = last;
  for (std::size_t left = sites.size(); left > 0;) {
    std::optional<Mail> mail = box->take(until, c_.stop);
    if (!mail) break;
    Site& site = sites[mail->site];
    if (mail->finished) {
      site.ended = true;
      --left;
      if (!*mail->finished) site.why = mail->finished->error().message;
      if (site.pages == 0) {
        const base::Error none =
            *mail->finished ? base::Error{base::Code::kNotFound, "the site gave no page with text"}
                            : mail->finished->error();
        if (!out.trouble) out.trouble = none;
        c_.record.reads.emplace_back("site:" + request.sites[mail->site],
                                     PageRead{request.sites[mail->site], std::unexpected(none)});
        c_.trail.failed(site.step, site.why.empty() ? none.message : site.why);
      } else {
        c_.trail.done(
            site.step,
            {{"url", request.sites[mail->site]}, {"pages", site.pages}, {"failed", site.failed}});
      }
      continue;
    }
    PageRead& read = *mail->page;
    name_site(read.page);
    c_.record.site_reads.emplace_back(request.sites[mail->site], read);
    const int id = c_.trail.add({.url = read.url});
    const Source source = c_.trail.source(id);
    if (read.page) {
      ++site.pages;
      if (out.pages.empty()) until = by(c_.settings.time.read);
      opened(source, std::move(*read.page), out);
    } else {
      ++site.failed;
      site.why = read.page.error().message;
      missed(source, read.page.error());
      if (!out.trouble) out.trouble = read.page.error();
    }
  }
  enough.request_stop();
  box->close();
  for (std::size_t i = 0; i < sites.size(); ++i) {
    if (sites[i].ended) continue;
    if (sites[i].pages > 0) {
      c_.trail.done(sites[i].step, {{"url", request.sites[i]},
                                    {"pages", sites[i].pages},
                                    {"failed", sites[i].failed},
                                    {"cut", true}});
    } else {
      const base::Error& why = c_.stop.stop_requested() ? kStopped : kTooSlow;
      c_.trail.failed(sites[i].step, why.message);
      if (!out.trouble) out.trouble = why;
      c_.record.reads.emplace_back("site:" + request.sites[i],
                                   PageRead{request.sites[i], std::unexpected(why)});
    }
  }
  if (!out.pages.empty()) out.trouble.reset();
}

Gathered Gatherer::gather(const AskRequest& request, const Question& question, const Plan& plan) {
  Gathered out;
  for (const Page& page : request.files) {
    const int id = c_.trail.add({.url = page.url, .title = page.title});
    opened(c_.trail.source(id), page, out);
  }
  if (request.search == SearchMode::kOff && request.sites.empty()) return out;
  if (!request.sites.empty()) {
    if (c_.pages != nullptr) {
      read_sites(request, question, out);
    } else {
      out.trouble = base::Error{base::Code::kFailedPrecondition, "this node reads no pages"};
    }
    return out;
  }
  std::vector<Target> targets;
  std::unordered_set<std::string> seen;
  for (const std::string& url : question.urls) {
    if (seen.insert(url).second)
      targets.push_back({{.url = url, .origin = Origin::kQuestion}, {}, {}});
  }
  if (plan.search) {
    for (SearchHit& hit : search(plan, out)) {
      if (targets.size() >= c_.settings.pages_max || !seen.insert(hit.url).second) continue;
      targets.push_back({{.url = hit.url, .origin = Origin::kSearchHit},
                         std::move(hit.title),
                         std::move(hit.published)});
    }
  }
  for (Target& target : targets) target.request.max_age = tolerated_age(question);
  if (c_.pages == nullptr) {
    if (!targets.empty())
      out.trouble = base::Error{base::Code::kFailedPrecondition, "this node reads no pages"};
    return out;
  }
  read(targets, out);
  return out;
}

}  // namespace seine::answer
