// Any bytes as a database and as a backup, both plain and as damage to a sound file: never a crash.
#include <fstream>
#include <iterator>

#include "store/detail/temporary_directory.h"
#include "store/maintenance.h"
#include "store/text_index.h"

namespace {

using seine::store::Database;
using seine::store::detail::TemporaryDirectory;

std::string sound_file() {
  const TemporaryDirectory dir;
  {
    auto database = *Database::open(dir / "a.db");
    auto index = *seine::store::TextIndex::open(*database);
    (void)index->create_collection("c");
    const std::vector<seine::store::Document> documents = {{"a", "t", "h", "some words", "{}"}};
    (void)index->apply("c", documents);
  }
  std::ifstream in(dir / "a.db", std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TemporaryDirectory dir;
  static const std::string sound = sound_file();
  std::string bytes(reinterpret_cast<const char*>(data), size);
  if (size > 3 && (data[0] & 1) != 0) {
    // Each three bytes: a place (in 1/65536 of the file) and what stands there.
    bytes = sound;
    for (std::size_t i = 1; i + 2 < size; i += 3) {
      const std::size_t at = (data[i] * 256U + data[i + 1]) * bytes.size() / 65536;
      bytes[at] = static_cast<char>(data[i + 2]);
    }
  }
  for (const char* name : {"a.db", "a.db-wal", "a.db-shm", "b.db"}) {
    std::filesystem::remove(dir / name);
  }
  std::ofstream(dir / "a.db", std::ios::binary) << bytes;
  (void)seine::store::check_database(dir / "a.db");
  if (const auto kept = seine::store::restore_database(dir / "a.db", dir / "b.db");
      kept && !kept->empty()) {
    std::filesystem::remove(*kept);
  }
  if (auto database = Database::open(dir / "a.db", {seine::store::Durability::kRelaxed})) {
    if (auto index = seine::store::TextIndex::open(**database)) {
      (void)(*index)->search("c", {.text = "some words"});
      (void)(*index)->check();
    }
  }
  return 0;
}
