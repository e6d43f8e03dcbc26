// Any bytes as a query: FTS5 accepts what we make of it.
#include "base/assert.h"
#include "store/detail/temporary_directory.h"
#include "store/text_index.h"

namespace {

struct World {
  seine::store::detail::TemporaryDirectory dir;
  std::unique_ptr<seine::store::Database> database =
      *seine::store::Database::open(dir / "a.db", {seine::store::Durability::kRelaxed});
  std::unique_ptr<seine::store::TextIndex> index = *seine::store::TextIndex::open(*database);
  World() {
    (void)index->create_collection("c");
    const std::vector<seine::store::Document> documents = {
        {"a", "NEAR AND", "x", "some words \"quoted\" 中国人民 v1.2.3 c++", "{}"},
        {"b", "", "", std::string(300, 'a') + " 網路 a_b", R"({"k":"v"})"}};
    (void)index->apply("c", documents);
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  seine::store::TextQuery query;
  query.text.assign(reinterpret_cast<const char*>(data), size);
  query.snippet_bytes = size % 64;
  const auto hits = world.index->search("c", query);
  SEINE_ASSERT(hits || hits.error().code == seine::base::Code::kInvalidArgument,
               "a query is answered or too long");
  return 0;
}
