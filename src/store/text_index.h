// Full-text collections on FTS5 with our tokenizer and BM25. A document is {id, title, heading,
// body, metadata}; a query is what a person types, never query syntax: any text is safe. Hits carry
// byte spans in the stored text, so that a citation lands on the original. Writes are batches, one
// transaction each. Blocks; safe on any thread. The database outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/database.h"

namespace seine::store {

struct Document {
  std::string id;  // unique within its collection, at most 512 bytes
  std::string title;
  std::string heading;  // the path of headings above the text, "Guide > Install"
  std::string body;
  std::string metadata = "{}";  // a JSON object; its top-level members can be filtered on
};

// Documents whose metadata member `key` is one of `any_of` (compared as text).
struct Filter {
  std::string key;
  std::vector<std::string> any_of;
};

struct ByteSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const ByteSpan&) const = default;
};

struct TextQuery {
  std::string text;        // words count by their rarity; "quoted words" must stand as a phrase
  std::size_t limit = 10;  // at most 1000
  std::size_t offset = 0;
  std::vector<Filter> filters = {};
  std::size_t snippet_bytes = 320;  // 0: no snippet, and no body is read
  // A word in the title (or heading) counts as this many in the body.
  double title_weight = 1.0;
  double heading_weight = 1.0;
};

struct Hit {
  std::string id;
  std::string title;
  std::string heading;
  std::string metadata;
  double score = 0;               // BM25, higher is better; comparable within one query only
  ByteSpan snippet;               // of the body, cut at sentence or word bounds
  std::string snippet_text;       // the bytes of that span
  std::vector<ByteSpan> matches;  // of the body: the query's words within the snippet
};

struct CollectionInfo {
  std::string name;
  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;  // of the texts
};

struct TextIndexLimits {
  std::size_t collections_max = 256;
  std::size_t document_bytes_max = 4 << 20;
  std::size_t batch_documents_max = 1024;
  std::size_t batch_bytes_max = 64 << 20;
  std::size_t query_bytes_max = 8 << 10;
  std::size_t query_terms_max = 96;
};

class TextIndex {
 public:
  static base::Result<std::unique_ptr<TextIndex>> open(Database& database,
                                                       TextIndexLimits limits = {});
  ~TextIndex();

  // A name is 1-128 bytes of UTF-8. kAlreadyExists, kNotFound, kResourceExhausted.
  base::Result<void> create_collection(std::string_view name, const CallOptions& options = {});
  base::Result<void> drop_collection(std::string_view name, const CallOptions& options = {});
  base::Result<std::vector<CollectionInfo>> collections(const CallOptions& options = {});

  // Adds or replaces documents and removes ids, all or nothing. Removing an absent id is no error.
  base::Result<void> apply(std::string_view collection, std::span<const Document> upserts,
                           std::span<const std::string> removals = {},
                           const CallOptions& options = {});

  base::Result<std::vector<Hit>> search(std::string_view collection, const TextQuery& query,
                                        const CallOptions& options = {});
  base::Result<std::optional<Document>> get(std::string_view collection, std::string_view id,
                                            const CallOptions& options = {});

  // Merges index segments: a bounded piece of work; true when there is more to do.
  base::Result<bool> merge(std::string_view collection, const CallOptions& options = {});
  // The index against its documents, as `seine doctor` asks; empty when all is well.
  base::Result<std::vector<std::string>> check(const CallOptions& options = {});

 private:
  struct Impl;
  explicit TextIndex(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::store
