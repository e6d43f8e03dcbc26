// Tiny models with changed numbers: a key, a dimension, a type, an offset, any byte, the length.
// Whatever loads must compute; everything else is an error, and nothing is allocated by a number
// that the tensors do not bear out.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/assert.h"
#include "engine/formats/test_dir.h"
#include "engine/model/registry.h"
#include "engine/model/tiny_file.h"

namespace {

using namespace seine::engine;

constexpr std::uint64_t kMemory = std::uint64_t{256} << 20;

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  bool empty() const { return size_ == 0; }
  template <typename T>
  T take() {
    T out{};
    const std::size_t count = std::min(sizeof out, size_);
    std::memcpy(&out, data_, count);
    data_ += count;
    size_ -= count;
    return out;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
};

void change(tiny::File& file, const std::vector<std::string>& names, Input& in) {
  const auto kind = in.take<std::uint8_t>();
  const std::string& name = names[in.take<std::uint8_t>() % names.size()];
  // Numbers that matter: small ones and those near a power of two.
  const auto shift = in.take<std::uint8_t>() % 64;
  const std::uint64_t value = (std::uint64_t{1} << shift) + in.take<std::uint8_t>() - 128;
  const std::size_t at = file.tensor_of(name) + kind / 8;
  switch (kind % 8) {
    case 0:
    case 1:
    case 2:
      return file.put(file.value_of(name), static_cast<std::uint32_t>(value));
    case 3:
      return file.put(file.value_of(name) - 4, static_cast<std::uint32_t>(value % 16));
    case 4:
      return file.put(at, value);
    case 5:
      return file.put(at, static_cast<std::uint8_t>(value));
    case 6:
      return file.put(value % file.bytes().size(), in.take<std::uint8_t>());
    default:
      file.bytes().resize(file.bytes().size() - value % file.bytes().size());
  }
}

void load_and_run(const std::filesystem::path& path) {
  static ThreadPool pool(1);
  const auto file = ModelFile::open(path);
  if (!file) return;
  (void)Tokenizer::of_model(**file);
  const ModelSettings settings{.batch_rows = 8, .logit_rows = 2, .memory_limit = kMemory};
  auto model = load_model(*file, pool, settings);
  if (!model) return;
  const auto layout = (*model)->kv_layout(KvType::kF32);
  if (!layout) return;
  auto kv = KvStorage::create(*layout, 1);
  SEINE_ASSERT(kv.has_value(), "one block of a loaded model can be had");
  const TokenId tokens[] = {0, 0, 0};
  const KvBlockId blocks[] = {0};
  const TokenRun run{
      .tokens = tokens, .first_position = 0, .blocks = blocks, .phase = Phase::kPrompt};
  const std::int32_t wanted[] = {2};
  (void)(*model)->forward({.runs = {&run, 1}, .logit_rows = wanted}, *kv);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TestDir directory;
  static const tiny::File originals[] = {{tiny::kQwen, directory.path()},
                                         {tiny::kDeepSeek, directory.path()}};
  static const std::vector<std::string> names[] = {originals[0].names(), originals[1].names()};
  Input in(data, size);
  const std::size_t which = in.take<std::uint8_t>() % 2;
  tiny::File file = originals[which];
  for (int i = 0; i < 8 && !in.empty(); ++i) change(file, names[which], in);
  file.write();
  load_and_run(file.path());
  return 0;
}
