// TextIndex: what goes in and out of a collection.
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "store/detail/text_index_impl.h"

namespace seine::store {

using base::Code;
using base::fail;
using base::fail_field;
using base::Result;
using detail::Collection;

namespace {

constexpr std::size_t kIdBytesMax = 512;
constexpr std::size_t kMetadataBytesMax = 64 << 10;

Result<void> check_text(std::string_view id, std::string_view field, std::string_view text) {
  if (const auto bad = base::find_invalid_utf8(text)) {
    return fail_field(Code::kInvalidArgument, field, "document '{}': {} is not UTF-8 at byte {}",
                      id, field, *bad);
  }
  return {};
}

std::size_t size_of(const Document& document) {
  return document.id.size() + document.title.size() + document.heading.size() +
         document.body.size() + document.metadata.size();
}

Result<void> check_document(const Document& document, const TextIndexLimits& limits) {
  if (document.id.empty() || document.id.size() > kIdBytesMax) {
    return fail_field(Code::kInvalidArgument, "id", "a document's id has 1 to {} bytes, not {}",
                      kIdBytesMax, document.id.size());
  }
  SEINE_CHECK(check_text(base::to_valid_utf8(document.id), "id", document.id));
  if (size_of(document) > limits.document_bytes_max) {
    return fail(Code::kInvalidArgument, "document '{}' has {}, the limit is {}", document.id,
                base::format_size(size_of(document)), base::format_size(limits.document_bytes_max));
  }
  SEINE_CHECK(check_text(document.id, "title", document.title));
  SEINE_CHECK(check_text(document.id, "heading", document.heading));
  SEINE_CHECK(check_text(document.id, "body", document.body));
  const auto metadata =
      base::parse_json(document.metadata, {.depth_max = 16, .bytes_max = kMetadataBytesMax});
  if (!metadata || !metadata->is_object()) {
    return fail_field(Code::kInvalidArgument, "metadata",
                      "document '{}': metadata is not a JSON object{}", document.id,
                      metadata ? std::string() : ": " + metadata.error().message);
  }
  return {};
}

// The old texts leave the index exactly as they went in; FTS5 asks for them.
Result<bool> unindex(Connection& connection, std::int64_t collection, std::string_view id,
                     std::int64_t& n, std::int64_t& bytes) {
  Cursor old = SEINE_TRY(
      connection.query(fmt::format("SELECT n, title, heading, body,"
                                   "length(CAST(id||title||heading||body||metadata AS BLOB))"
                                   " FROM text_doc_{} WHERE id=?1",
                                   collection),
                       id));
  if (!SEINE_TRY(old.next())) return false;
  n = old.integer(0);
  bytes = old.integer(4);
  SEINE_CHECK(connection.run(
      fmt::format("INSERT INTO text_fts_{0}(text_fts_{0}, rowid, title, heading, body)"
                  " VALUES('delete', ?1, ?2, ?3, ?4)",
                  collection),
      n, old.text(1), old.text(2), old.text(3)));
  return true;
}

}  // namespace

Result<void> TextIndex::apply(std::string_view collection, std::span<const Document> upserts,
                              std::span<const std::string> removals, const CallOptions& options) {
  if (upserts.size() + removals.size() > impl_->limits.batch_documents_max) {
    return fail(Code::kInvalidArgument, "the batch has {} documents, the limit is {}",
                upserts.size() + removals.size(), impl_->limits.batch_documents_max);
  }
  std::size_t bytes = 0;
  for (const Document& document : upserts) {
    SEINE_CHECK(check_document(document, impl_->limits));
    bytes += size_of(document);
  }
  if (bytes > impl_->limits.batch_bytes_max) {
    return fail(Code::kInvalidArgument, "the batch has {}, the limit is {}",
                base::format_size(bytes), base::format_size(impl_->limits.batch_bytes_max));
  }
  const std::string name(collection);
  return impl_->database.write(
      [&](Connection& connection) { return impl_->apply(connection, name, upserts, removals); },
      options);
}

Result<void> TextIndex::Impl::apply(Connection& connection, std::string_view name,
                                    std::span<const Document> upserts,
                                    std::span<const std::string> removals) {
  const Collection collection = SEINE_TRY(detail::find_collection(connection, name));
  std::int64_t documents = 0;
  std::int64_t bytes = 0;
  for (const std::string& id : removals) {
    std::int64_t n = 0;
    std::int64_t old_bytes = 0;
    if (!SEINE_TRY(unindex(connection, collection.n, id, n, old_bytes))) continue;
    SEINE_CHECK(connection.run(fmt::format("DELETE FROM text_doc_{} WHERE n=?1", collection.n), n));
    --documents;
    bytes -= old_bytes;
  }
  const std::string replace = fmt::format(
      "UPDATE text_doc_{} SET metadata=?2, title=?3, heading=?4, body=?5 WHERE n=?1", collection.n);
  const std::string insert = fmt::format(
      "INSERT INTO text_doc_{}(id, metadata, title, heading, body) VALUES(?1, ?2, ?3, ?4, ?5)",
      collection.n);
  const std::string index = fmt::format(
      "INSERT INTO text_fts_{}(rowid, title, heading, body) VALUES(?1, ?2, ?3, ?4)", collection.n);
  for (const Document& document : upserts) {
    std::int64_t n = 0;
    std::int64_t old_bytes = 0;
    if (SEINE_TRY(unindex(connection, collection.n, document.id, n, old_bytes))) {
      SEINE_CHECK(connection.run(replace, n, document.metadata, document.title, document.heading,
                                 document.body));
      bytes -= old_bytes;
    } else {
      SEINE_CHECK(connection.run(insert, document.id, document.metadata, document.title,
                                 document.heading, document.body));
      n = connection.last_insert_id();
      ++documents;
    }
    SEINE_CHECK(connection.run(index, n, document.title, document.heading, document.body));
    bytes += static_cast<std::int64_t>(size_of(document));
  }
  return connection.run(
      "UPDATE text_collection SET documents=documents+?2, bytes=bytes+?3 WHERE n=?1", collection.n,
      documents, bytes);
}

}  // namespace seine::store
