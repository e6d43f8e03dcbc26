// Files that people upload: the bytes and the text read from them, as pinned blobs, and a record of
// each. The text is what counts as a source. Blocks on the store; safe on any thread. Owned by the
// composition root; database, blobs, clock and randomness outlive it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json_fwd.h"
#include "base/random.h"
#include "store/blob_store.h"
#include "store/database.h"

namespace seine::gateway {

// From byte `at` of the text on, up to the next place, what is said stands at `anchor` of the file:
// "page=3", "slide=3", "sheet=Sales".
struct FilePlace {
  std::size_t at = 0;
  std::string anchor;
};

// What a file says, as Markdown or plain text in UTF-8.
struct FileText {
  std::string type;  // "text/plain", "text/markdown", "text/html", …
  std::string title = {};
  std::string text;
  std::vector<FilePlace> places = {};  // by `at`; empty: the format has none
};

// The port that reads kinds of files. kInvalidArgument names why one cannot be read. Runs on the
// pool; bounded in time and memory for any input.
using FileReader =
    std::function<base::Result<FileText>(std::string_view name, std::string_view bytes)>;

// Reads UTF-8 text and Markdown; refuses by name what is not text (pictures, archives, PDF).
base::Result<FileText> read_plain_file(std::string_view name, std::string_view bytes);

struct StoredFile {
  std::string id;  // "f_…"
  std::string name;
  std::uint64_t bytes = 0;
  std::string type = {};
  std::string title = {};
  std::uint64_t characters = 0;  // of the text
  std::string snapshot = {};     // hash of the blob with the text
  base::WallTime created_at = {};
};

class FileStore {
 public:
  static constexpr std::size_t kBytesMax = std::size_t{32} << 20;
  static constexpr std::size_t kNameBytesMax = 255;
  static constexpr std::size_t kFilesMax = 10'000;

  static base::Result<std::unique_ptr<FileStore>> open(store::Database& database,
                                                       store::BlobStore& blobs,
                                                       const base::Clock& clock,
                                                       base::Random& random, FileReader reader);

  base::Result<StoredFile> add(std::string_view name, std::string_view bytes);
  // kNotFound.
  base::Result<StoredFile> get(const std::string& id);
  base::Result<FileText> text(const std::string& id);
  // The bytes as they were sent.
  base::Result<std::string> original(const std::string& id);
  // Newest first.
  base::Result<std::vector<StoredFile>> list(std::size_t limit);
  base::Result<> remove(const std::string& id);

 private:
  FileStore(store::Database& database, store::BlobStore& blobs, const base::Clock& clock,
            base::Random& random, FileReader reader)
      : database_(database),
        blobs_(blobs),
        clock_(clock),
        random_(random),
        reader_(std::move(reader)) {}

  base::Result<std::string> column(const std::string& id, std::string_view name);
  base::Result<std::string> blob(const std::string& hash);

  store::Database& database_;
  store::BlobStore& blobs_;
  const base::Clock& clock_;
  base::Random& random_;
  const FileReader reader_;
};

base::Json to_json(const StoredFile& file);

}  // namespace seine::gateway
