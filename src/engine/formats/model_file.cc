#include "engine/formats/model_file.h"

#include <sys/mman.h>

#include <algorithm>

#include "engine/formats/gguf.h"
#include "engine/formats/model_dir.h"

namespace seine::engine {
namespace {

using base::Code;

// FNV-1a: it guards against a mistake, not against an adversary.
std::uint64_t hash_bytes(std::span<const std::byte> bytes, std::uint64_t seed) {
  std::uint64_t hash = seed;
  for (const std::byte byte : bytes) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3u;
  }
  return hash;
}

constexpr std::uint64_t kSeed = 0xCBF29CE484222325u;

}  // namespace

base::Result<std::shared_ptr<const ModelFile>> ModelFile::open(const std::filesystem::path& path) {
  std::error_code code;
  if (!std::filesystem::is_directory(path, code)) {
    if (path.extension() == ".safetensors") return ModelDirectory::open(path.parent_path());
    return GgufReader::open(path);
  }
  if (std::filesystem::exists(path / "config.json", code)) return ModelDirectory::open(path);
  std::vector<std::filesystem::path> found;
  for (std::filesystem::directory_iterator at(path, code), end; !code && at != end;
       at.increment(code)) {
    const std::string name = at->path().filename().string();
    const std::size_t part = name.find("-of-");
    const bool later_part =
        part != std::string::npos && part >= 5 && name.compare(part - 5, 5, "00001") != 0;
    if (at->path().extension() == ".gguf" && !later_part) found.push_back(at->path());
  }
  if (found.size() == 1) return GgufReader::open(found.front());
  return base::fail(Code::kNotFound, "{} holds neither config.json nor exactly one GGUF model",
                    path.string());
}

const Tensor* ModelFile::find(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

base::Result<const Tensor*> ModelFile::require(std::string_view name) const {
  if (const Tensor* tensor = find(name)) return tensor;
  return base::fail_field(Code::kNotFound, name, "{} has no tensor '{}'", path_.string(), name);
}

base::Result<> ModelFile::add_tensor(Tensor tensor) {
  if (!index_.try_emplace(tensor.name, tensors_.size()).second) {
    return base::fail_field(Code::kInvalidArgument, tensor.name, "tensor '{}' occurs twice",
                            tensor.name);
  }
  tensors_.push_back(std::move(tensor));
  return {};
}

void ModelFile::seal() {
  fingerprint_ = kSeed;
  for (Source& source : sources_) {
    source.header_hash = hash_bytes(source.file.bytes().first(source.header_bytes), kSeed);
    const std::uint64_t fields[2] = {source.file.bytes().size(), source.header_hash};
    fingerprint_ = hash_bytes(std::as_bytes(std::span(fields)), fingerprint_);
  }
}

std::uint64_t ModelFile::file_bytes() const {
  std::uint64_t total = 0;
  for (const Source& source : sources_) total += source.file.bytes().size();
  return total;
}

std::uint64_t ModelFile::tensor_bytes() const {
  std::uint64_t total = 0;
  for (const Tensor& tensor : tensors_) total += tensor.bytes();
  return total;
}

base::Result<> ModelFile::check_unchanged() const {
  for (const Source& source : sources_) {
    const MappedFile now = SEINE_TRY(MappedFile::open(source.file.path()));
    const bool same =
        now.bytes().size() == source.file.bytes().size() &&
        hash_bytes(now.bytes().first(source.header_bytes), kSeed) == source.header_hash;
    if (!same) {
      return base::fail(Code::kAborted, "{} was replaced while it was in use",
                        source.file.path().string());
    }
  }
  return {};
}

void ModelFile::release(const Tensor& tensor) const {
  constexpr std::uintptr_t kPage = 4096;
  for (const TensorPart& part : tensor.parts) {
    // What is derived lies on the heap, where the same call would lose it.
    const bool is_mapped = std::ranges::any_of(sources_, [&](const Source& source) {
      const auto all = source.file.bytes();
      return part.bytes.data() >= all.data() &&
             part.bytes.data() + part.bytes.size() <= all.data() + all.size();
    });
    const auto first = (reinterpret_cast<std::uintptr_t>(part.bytes.data()) + kPage - 1) & -kPage;
    const auto last =
        reinterpret_cast<std::uintptr_t>(part.bytes.data() + part.bytes.size()) & -kPage;
    if (is_mapped && first < last)
      ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  }
}

base::Result<> ModelFile::load(const LoadProgress& progress) const {
  constexpr std::size_t kChunk = std::size_t{32} << 20;
  constexpr std::size_t kPage = 4096;
  // Reading past the end of a file that was cut short would end the process.
  SEINE_CHECK(check_unchanged());
  const std::uint64_t total = file_bytes();
  std::uint64_t done = 0;
  for (const Source& source : sources_) {
    const std::span<const std::byte> bytes = source.file.bytes();
    for (std::size_t start = 0; start < bytes.size(); start += kChunk) {
      const std::span<const std::byte> chunk =
          bytes.subspan(start, std::min(kChunk, bytes.size() - start));
      ::madvise(const_cast<std::byte*>(chunk.data()), chunk.size(), MADV_WILLNEED);
      for (std::size_t i = 0; i < chunk.size(); i += kPage) {
        static_cast<void>(*static_cast<const volatile std::byte*>(&chunk[i]));
      }
      done += chunk.size();
      if (progress && !progress(done, total)) {
        return base::fail(Code::kCancelled, "loading {} was cancelled", path_.string());
      }
    }
  }
  return check_unchanged();
}

}  // namespace seine::engine
