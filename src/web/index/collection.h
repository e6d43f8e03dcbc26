// Collection: pages kept for searching without the network, one full-text collection each. Pages go
// in as passages of a few hundred words that never cross a heading; a hit says which bytes of the
// page's Markdown it is. Blocks; safe on any thread. Database, index and blobs outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/blob_store.h"
#include "store/database.h"
#include "store/text_index.h"
#include "web/page_document.h"

namespace seine::web {

struct PassageHit {
  std::string url;
  std::string title;
  std::string heading;    // "Guide > Install"
  std::string text;       // the passage
  std::size_t start = 0;  // bytes [start, end) of the page's Markdown
  std::size_t end = 0;
  store::BlobId snapshot{};  // that Markdown; pinned while the page is in the collection
  std::string published;
  std::string language;
  base::WallTime fetched_at{};
  double score = 0;  // comparable within one query only
};

struct KeptPage {
  std::string url;
  std::string title;
  base::WallTime fetched_at{};
  store::BlobId snapshot{};
};

struct IndexInfo {
  std::string name;
  std::uint64_t pages = 0;
  std::uint64_t passages = 0;
  std::uint64_t bytes = 0;
};

class PageIndex {
 public:
  // The name under which `seine web crawl` keeps pages unless told otherwise.
  static constexpr std::string_view kDefault = "web";

  // Applies its migrations.
  static base::Result<std::unique_ptr<PageIndex>> open(store::Database& database,
                                                       store::TextIndex& index,
                                                       store::BlobStore& blobs);
  ~PageIndex();

  // Adds or replaces a page; creates the collection. A page without a snapshot gets one.
  base::Result<void> put(std::string_view collection, const PageDocument& page,
                         const store::CallOptions& options = {});
  base::Result<bool> remove(std::string_view collection, std::string_view url,
                            const store::CallOptions& options = {});
  base::Result<void> drop(std::string_view collection, const store::CallOptions& options = {});

  // Any text is a query. An unknown collection has no hits. `sites`: only these domains.
  base::Result<std::vector<PassageHit>> search(std::string_view collection, std::string_view text,
                                               std::size_t limit,
                                               const std::vector<std::string>& sites = {},
                                               const store::CallOptions& options = {});
  // The whole page as it was kept.
  base::Result<std::optional<PageDocument>> get(std::string_view collection, std::string_view url,
                                                const store::CallOptions& options = {});
  base::Result<std::vector<KeptPage>> pages(std::string_view collection, std::size_t limit,
                                            const store::CallOptions& options = {});
  base::Result<std::vector<IndexInfo>> list(const store::CallOptions& options = {});

 private:
  struct Impl;
  explicit PageIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::web
