#include "web/index/collection.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "web/guard/guard.h"
#include "web/url/site.h"
#include "web/url/url.h"

namespace seine::web {
namespace {

constexpr std::size_t kPassageBytes = 1'200;
constexpr std::size_t kPassagesMax = 1'000;

constexpr std::array kMigrations = {
    store::Migration{.version = 1, .name = "kept pages", .sql = R"(
CREATE TABLE web_page (
  collection TEXT NOT NULL,
  url TEXT NOT NULL,
  title TEXT NOT NULL,
  page TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  fetched_at_us INTEGER NOT NULL,
  passages INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (collection, url)
) STRICT, WITHOUT ROWID;
)"},
};

std::string index_name(std::string_view collection) {
  return fmt::format("web:{}", collection);
}

std::string document_id(std::string_view url, std::size_t passage) {
  return fmt::format("{}#{}", store::BlobId::of(url).hex().substr(0, 32), passage);
}

std::string owner_of(std::string_view collection, std::string_view url) {
  return fmt::format("web:{}:{}", store::BlobId::of(collection).hex().substr(0, 16),
                     store::BlobId::of(url).hex().substr(0, 32));
}

struct Passage {
  std::size_t start = 0;
  std::size_t end = 0;
  std::string heading;
};

std::string path_text(const std::vector<std::string>& path) {
  return base::join(path, " > ");
}

// Neighbouring blocks under one heading, up to kPassageBytes together.
std::vector<Passage> passages_of(const PageDocument& page) {
  std::vector<Passage> out;
  std::string heading;
  bool open = false;
  for (const PageBlock& block : page.blocks) {
    if (out.size() == kPassagesMax) break;
    if (block.kind == BlockKind::kHeading) {
      std::vector<std::string> path = block.heading_path;
      std::string_view own(page.markdown);
      own = own.substr(block.start, block.end - block.start);
      own.remove_prefix(std::min(own.find_first_not_of("# "), own.size()));
      path.emplace_back(own);
      heading = path_text(path);
      open = false;
      continue;
    }
    const bool fits = open && block.end - out.back().start <= kPassageBytes;
    if (!fits) {
      out.push_back({block.start, block.end, heading});
      open = true;
    } else {
      out.back().end = block.end;
    }
  }
  return out;
}

}  // namespace

struct PageIndex::Impl {
  store::Database& database;
  store::TextIndex& index;
  store::BlobStore& blobs;
};

PageIndex::PageIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PageIndex::~PageIndex() = default;

base::Result<std::unique_ptr<PageIndex>> PageIndex::open(store::Database& database,
                                                         store::TextIndex& index,
                                                         store::BlobStore& blobs) {
  SEINE_CHECK(database.migrate({.module = "web_index", .migrations = kMigrations}));
  return std::unique_ptr<PageIndex>(
      new PageIndex(std::make_unique<Impl>(Impl{database, index, blobs})));
}

base::Result<void> PageIndex::put(std::string_view collection, const PageDocument& page,
                                  const store::CallOptions& options) {
  const std::string name = index_name(collection);
  if (auto made = impl_->index.create_collection(name, options);
      !made && made.error().code != base::Code::kAlreadyExists)
    return made;
  const std::string owner = owner_of(collection, page.url);
  SEINE_CHECK(remove(collection, page.url, options));
  const store::BlobId snapshot = SEINE_TRY(impl_->blobs.put(page.markdown, owner));

  std::vector<store::Document> documents;
  const auto url = Url::parse(page.final_url.empty() ? page.url : page.final_url);
  const std::string host = url ? std::string(url->hostname()) : "";
  const std::string domain = registrable_domain(host);
  for (const Passage& passage : passages_of(page)) {
    base::Json metadata = {{"url", page.url},
                           {"host", host},
                           {"domain", domain},
                           {"start", passage.start},
                           {"end", passage.end},
                           {"snapshot", snapshot.hex()},
                           {"published", page.published},
                           {"language", page.language},
                           {"fetched_at_us", base::to_us(page.fetched_at)}};
    documents.push_back({.id = document_id(page.url, documents.size()),
                         .title = page.title,
                         .heading = passage.heading,
                         .body = page.markdown.substr(passage.start, passage.end - passage.start),
                         .metadata = base::to_text(metadata)});
  }
  SEINE_CHECK(impl_->index.apply(name, documents, {}, options));
  PageDocument kept = page;
  kept.snapshot = snapshot;
  kept.links.clear();
  kept.html.clear();
  base::Json json = to_json(kept, true);
  json.erase("markdown");  // it is the snapshot
  return impl_->database.write(
      [&](store::Connection& connection) {
        return connection.run(
            "INSERT OR REPLACE INTO web_page VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", collection,
            page.url, page.title, base::to_text(json), snapshot.hex(), base::to_us(page.fetched_at),
            documents.size(), page.markdown.size());
      },
      options);
}

base::Result<bool> PageIndex::remove(std::string_view collection, std::string_view url,
                                     const store::CallOptions& options) {
  struct Old {
    std::size_t passages = 0;
    std::string snapshot;
  };
  const auto old = SEINE_TRY(impl_->database.read(
      [&](store::Connection& connection) -> base::Result<std::optional<Old>> {
        auto row = SEINE_TRY(connection.query(
            "SELECT passages, snapshot FROM web_page WHERE collection = ?1 AND url = ?2",
            collection, url));
        if (!SEINE_TRY(row.next())) return std::nullopt;
        return Old{row.get<std::size_t>(0), std::string(row.text(1))};
      },
      options));
  if (!old) return false;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < old->passages; ++i) ids.push_back(document_id(url, i));
  SEINE_CHECK(impl_->index.apply(index_name(collection), {}, ids, options));
  SEINE_CHECK(impl_->database.write(
      [&](store::Connection& connection) -> base::Result<void> {
        if (const auto id = store::BlobId::parse(old->snapshot)) {
          auto unpinned = store::BlobStore::unpin(connection, *id, owner_of(collection, url));
          if (!unpinned && unpinned.error().code != base::Code::kNotFound) return unpinned;
        }
        return connection.run("DELETE FROM web_page WHERE collection = ?1 AND url = ?2", collection,
                              url);
      },
      options));
  return true;
}

base::Result<void> PageIndex::drop(std::string_view collection, const store::CallOptions& options) {
  const auto kept = SEINE_TRY(pages(collection, SIZE_MAX, options));
  if (auto dropped = impl_->index.drop_collection(index_name(collection), options);
      !dropped && dropped.error().code != base::Code::kNotFound)
    return dropped;
  return impl_->database.write(
      [&](store::Connection& connection) -> base::Result<void> {
        for (const KeptPage& page : kept)
          SEINE_CHECK(store::BlobStore::unpin_all(connection, owner_of(collection, page.url)));
        return connection.run("DELETE FROM web_page WHERE collection = ?1", collection);
      },
      options);
}

base::Result<std::vector<PassageHit>> PageIndex::search(std::string_view collection,
                                                        std::string_view text, std::size_t limit,
                                                        const std::vector<std::string>& sites,
                                                        const store::CallOptions& options) {
  store::TextQuery query{.text = std::string(text),
                         .limit = std::min<std::size_t>(limit * (sites.empty() ? 1 : 4), 1'000),
                         .title_weight = 2.0,
                         .heading_weight = 1.5};
  if (!sites.empty()) {
    store::Filter filter{.key = "domain", .any_of = {}};
    for (const std::string& site : sites) filter.any_of.push_back(registrable_domain(site));
    query.filters.push_back(std::move(filter));
  }
  auto found = impl_->index.search(index_name(collection), query, options);
  if (!found) {
    if (found.error().code == base::Code::kNotFound) return std::vector<PassageHit>();
    return std::unexpected(std::move(found).error());
  }
  std::vector<PassageHit> hits;
  for (const store::Hit& hit : *found) {
    if (hits.size() == limit) break;
    const base::Json metadata = SEINE_TRY(base::parse_json(hit.metadata));
    const auto host = SEINE_TRY(base::get_or<std::string>(metadata, "host", ""));
    if (!sites.empty() && std::ranges::none_of(sites, [&host](const std::string& site) {
          return domain_covers(site, host);
        }))
      continue;
    PassageHit out;
    out.url = SEINE_TRY(base::get_or<std::string>(metadata, "url", ""));
    out.title = hit.title;
    out.heading = hit.heading;
    out.start = SEINE_TRY(base::get_or<std::uint64_t>(metadata, "start", 0));
    out.end = SEINE_TRY(base::get_or<std::uint64_t>(metadata, "end", 0));
    const auto snapshot = SEINE_TRY(base::get_or<std::string>(metadata, "snapshot", ""));
    out.snapshot = store::BlobId::parse(snapshot).value_or(store::BlobId{});
    out.published = SEINE_TRY(base::get_or<std::string>(metadata, "published", ""));
    out.language = SEINE_TRY(base::get_or<std::string>(metadata, "language", ""));
    out.fetched_at =
        base::from_us(SEINE_TRY(base::get_or<std::int64_t>(metadata, "fetched_at_us", 0)));
    out.score = hit.score;
    const auto whole = SEINE_TRY(impl_->index.get(index_name(collection), hit.id, options));
    out.text = whole ? whole->body : hit.snippet_text;
    hits.push_back(std::move(out));
  }
  return hits;
}

base::Result<std::optional<PageDocument>> PageIndex::get(std::string_view collection,
                                                         std::string_view url,
                                                         const store::CallOptions& options) {
  struct Row {
    std::string page;
    std::string snapshot;
    std::int64_t fetched_at_us = 0;
  };
  const auto row = SEINE_TRY(impl_->database.read(
      [&](store::Connection& connection) -> base::Result<std::optional<Row>> {
        auto rows = SEINE_TRY(connection.query(
            "SELECT page, snapshot, fetched_at_us FROM web_page WHERE collection = ?1 AND url = ?2",
            collection, url));
        if (!SEINE_TRY(rows.next())) return std::nullopt;
        return Row{std::string(rows.text(0)), std::string(rows.text(1)), rows.integer(2)};
      },
      options));
  if (!row) return std::nullopt;
  const auto id = store::BlobId::parse(row->snapshot);
  if (!id) return base::fail(base::Code::kDataLoss, "the kept page {} names no snapshot", url);
  const auto blob = SEINE_TRY(impl_->blobs.open_blob(*id, store::Verify::kYes));
  base::Json json = SEINE_TRY(base::parse_json(row->page));
  json["markdown"] = SEINE_TRY(blob.read_all());
  PageDocument page = SEINE_TRY(page_from_json(json));
  page.from = PageSource::kIndex;
  page.fetched_at = base::from_us(row->fetched_at_us);
  return page;
}

base::Result<std::vector<KeptPage>> PageIndex::pages(std::string_view collection, std::size_t limit,
                                                     const store::CallOptions& options) {
  const auto most = static_cast<std::int64_t>(std::min<std::size_t>(limit, INT64_MAX));
  return impl_->database.read(
      [&](store::Connection& connection) -> base::Result<std::vector<KeptPage>> {
        auto rows = SEINE_TRY(connection.query(
            "SELECT url, title, fetched_at_us, snapshot FROM web_page WHERE collection = ?1 "
            "ORDER BY url LIMIT ?2",
            collection, most));
        std::vector<KeptPage> out;
        while (SEINE_TRY(rows.next())) {
          out.push_back({std::string(rows.text(0)), std::string(rows.text(1)),
                         base::from_us(rows.integer(2)),
                         store::BlobId::parse(rows.text(3)).value_or(store::BlobId{})});
        }
        return out;
      },
      options);
}

base::Result<std::vector<IndexInfo>> PageIndex::list(const store::CallOptions& options) {
  return impl_->database.read(
      [](store::Connection& connection) -> base::Result<std::vector<IndexInfo>> {
        auto rows = SEINE_TRY(
            connection.query("SELECT collection, count(*), sum(passages), sum(bytes) FROM web_page "
                             "GROUP BY collection ORDER BY collection"));
        std::vector<IndexInfo> out;
        while (SEINE_TRY(rows.next())) {
          out.push_back({std::string(rows.text(0)), rows.get<std::uint64_t>(1),
                         rows.get<std::uint64_t>(2), rows.get<std::uint64_t>(3)});
        }
        return out;
      },
      options);
}

}  // namespace seine::web
