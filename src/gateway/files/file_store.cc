#include "gateway/files/file_store.h"

#include <algorithm>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::fail;
using base::fail_field;
using base::Result;

constexpr store::Migration kMigrations[] = {
    {1, "uploaded files",
     "CREATE TABLE file("
     "id TEXT PRIMARY KEY, name TEXT NOT NULL, bytes INTEGER NOT NULL, type TEXT NOT NULL,"
     "title TEXT NOT NULL, characters INTEGER NOT NULL, original TEXT NOT NULL,"
     "snapshot TEXT NOT NULL, created_us INTEGER NOT NULL) STRICT;"},
    {2, "where in a file its text stands",
     "ALTER TABLE file ADD COLUMN places TEXT NOT NULL DEFAULT '[]';"},
};

constexpr std::string_view kColumns =
    "SELECT id, name, bytes, type, title, characters, snapshot, created_us FROM file ";

StoredFile file_of(const store::Cursor& row) {
  return {.id = row.get<std::string>(0),
          .name = row.get<std::string>(1),
          .bytes = row.get<std::uint64_t>(2),
          .type = row.get<std::string>(3),
          .title = row.get<std::string>(4),
          .characters = row.get<std::uint64_t>(5),
          .snapshot = row.get<std::string>(6),
          .created_at = base::from_us(row.integer(7))};
}

// [[0,"page=1"],[812,"page=2"]]
std::string places_text(const std::vector<FilePlace>& places) {
  base::Json json = base::Json::array();
  for (const FilePlace& place : places) json.push_back({place.at, place.anchor});
  return base::to_text(json);
}

Result<std::vector<FilePlace>> places_of(std::string_view text) {
  const base::Json json = SEINE_TRY(base::parse_json(text));
  std::vector<FilePlace> places;
  for (const base::Json& pair : json) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() ||
        !pair[1].is_string())
      return fail(Code::kDataLoss, "a file's places are damaged");
    places.push_back({pair[0].get<std::size_t>(), pair[1].get<std::string>()});
  }
  return places;
}

std::string owner_of(std::string_view id) {
  return fmt::format("file:{}", id);
}

// The kinds that people try most, told by their first bytes.
std::string_view kind_of_binary(std::string_view bytes) {
  struct Mark {
    std::string_view start;
    std::string_view kind;
  };
  constexpr Mark kMarks[] = {{"%PDF", "a PDF"},
                             {"PK\x03\x04", "an archive or office document"},
                             {"\x89PNG", "a picture"},
                             {"\xff\xd8\xff", "a picture"},
                             {"GIF8", "a picture"},
                             {"\x1f\x8b", "a compressed file"},
                             {"\x7f"
                              "ELF",
                              "a program"}};
  for (const Mark& mark : kMarks) {
    if (bytes.starts_with(mark.start)) return mark.kind;
  }
  return "not text in UTF-8";
}

bool has_suffix(std::string_view name, std::string_view suffix) {
  return name.size() > suffix.size() &&
         base::ascii_iequals(name.substr(name.size() - suffix.size()), suffix);
}

}  // namespace

Result<FileText> read_plain_file(std::string_view name, std::string_view bytes) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (bytes.starts_with(kMark)) bytes.remove_prefix(kMark.size());
  if (bytes.find('\0') != std::string_view::npos || !base::is_valid_utf8(bytes)) {
    return fail_field(Code::kInvalidArgument, "body", "'{}' cannot be read: it is {}", name,
                      kind_of_binary(bytes));
  }
  if (base::trim(bytes).empty()) {
    return fail_field(Code::kInvalidArgument, "body", "'{}' holds no text", name);
  }
  const bool markdown = has_suffix(name, ".md") || has_suffix(name, ".markdown");
  return FileText{.type = markdown ? "text/markdown" : "text/plain",
                  .title = std::string(name),
                  .text = std::string(bytes)};
}

Result<std::unique_ptr<FileStore>> FileStore::open(store::Database& database,
                                                   store::BlobStore& blobs,
                                                   const base::Clock& clock, base::Random& random,
                                                   FileReader reader) {
  SEINE_CHECK(database.migrate({"gateway.files", kMigrations}));
  return std::unique_ptr<FileStore>(
      new FileStore(database, blobs, clock, random, std::move(reader)));
}

Result<StoredFile> FileStore::add(std::string_view name, std::string_view bytes) {
  if (name.empty() || name.size() > kNameBytesMax || !base::is_valid_utf8(name)) {
    return fail_field(Code::kInvalidArgument, "name", "a file's name has 1 to {} bytes of UTF-8",
                      kNameBytesMax);
  }
  if (bytes.size() > kBytesMax) {
    return fail_field(Code::kResourceExhausted, "body", "'{}' has {}, the limit is {}", name,
                      base::format_size(bytes.size()), base::format_size(kBytesMax));
  }
  const FileText read = SEINE_TRY(reader_(name, bytes));
  StoredFile file{.id = "f_" + base::make_uuid7(clock_, random_),
                  .name = std::string(name),
                  .bytes = bytes.size(),
                  .type = read.type,
                  .title = read.title,
                  .characters = base::count_points(read.text),
                  .created_at = clock_.wall()};
  const std::string owner = owner_of(file.id);
  const store::BlobId original = SEINE_TRY(blobs_.put(bytes, owner));
  const store::BlobId text = SEINE_TRY(blobs_.put(read.text, owner));
  file.snapshot = text.hex();
  const Result<> kept = database_.write([&](store::Connection& c) -> Result<> {
    const auto count = SEINE_TRY(c.value<std::uint64_t>("SELECT count(*) FROM file"));
    if (count.value_or(0) >= kFilesMax) {
      return fail(Code::kResourceExhausted, "there are {} files, the limit; delete some", *count);
    }
    return c.run("INSERT INTO file VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", file.id,
                 file.name, file.bytes, file.type, file.title, file.characters, original.hex(),
                 file.snapshot, base::to_us(file.created_at), places_text(read.places));
  });
  if (!kept) {
    // Without a record nobody would ever let the blobs go.
    (void)database_.write(
        [&](store::Connection& c) { return store::BlobStore::unpin_all(c, owner); });
    return std::unexpected(kept.error());
  }
  return file;
}

Result<StoredFile> FileStore::get(const std::string& id) {
  return database_.read([&](store::Connection& c) -> Result<StoredFile> {
    store::Cursor row = SEINE_TRY(c.query(std::string(kColumns) + "WHERE id = ?1", id));
    if (!SEINE_TRY(row.next())) return fail_field(Code::kNotFound, "id", "no file '{}'", id);
    return file_of(row);
  });
}

Result<FileText> FileStore::text(const std::string& id) {
  const StoredFile file = SEINE_TRY(get(id));
  FileText text{.type = file.type, .title = file.title, .text = SEINE_TRY(blob(file.snapshot))};
  const std::string places = SEINE_TRY(column(id, "places"));
  text.places = SEINE_TRY(places_of(places));
  return text;
}

Result<std::string> FileStore::original(const std::string& id) {
  return blob(SEINE_TRY(column(id, "original")));
}

Result<std::string> FileStore::column(const std::string& id, std::string_view name) {
  return database_.read([&](store::Connection& c) -> Result<std::string> {
    store::Cursor row =
        SEINE_TRY(c.query(fmt::format("SELECT {} FROM file WHERE id = ?1", name), id));
    if (!SEINE_TRY(row.next())) return fail_field(Code::kNotFound, "id", "no file '{}'", id);
    return row.get<std::string>(0);
  });
}

Result<std::string> FileStore::blob(const std::string& hash) {
  const auto id = store::BlobId::parse(hash);
  if (!id) return fail(Code::kDataLoss, "a file's record has the damaged hash '{}'", hash);
  const store::BlobReader reader = SEINE_TRY(blobs_.open_blob(*id));
  return reader.read_all();
}

Result<std::vector<StoredFile>> FileStore::list(std::size_t limit) {
  return database_.read([&](store::Connection& c) -> Result<std::vector<StoredFile>> {
    std::vector<StoredFile> files;
    store::Cursor row =
        SEINE_TRY(c.query(std::string(kColumns) + "ORDER BY rowid DESC LIMIT ?1", limit));
    while (SEINE_TRY(row.next())) files.push_back(file_of(row));
    return files;
  });
}

Result<> FileStore::remove(const std::string& id) {
  return database_.write([&](store::Connection& c) -> Result<> {
    SEINE_CHECK(c.run("DELETE FROM file WHERE id = ?1", id));
    if (c.changes() == 0) return fail_field(Code::kNotFound, "id", "no file '{}'", id);
    return store::BlobStore::unpin_all(c, owner_of(id));
  });
}

base::Json to_json(const StoredFile& file) {
  return {{"id", file.id},
          {"name", file.name},
          {"bytes", file.bytes},
          {"type", file.type},
          {"title", file.title},
          {"characters", file.characters},
          {"snapshot", file.snapshot},
          {"created_at", base::format_rfc3339(file.created_at)}};
}

}  // namespace seine::gateway
