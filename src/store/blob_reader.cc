// The name of a blob, and reading one.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "store/blob_store.h"
#include "store/detail/blob_store_impl.h"
#include "store/detail/files.h"
#include "store/detail/sha256.h"

namespace seine::store {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kReadChunk = 256 << 10;

}  // namespace

BlobId detail::blob_id_from(std::string_view bytes) {
  BlobId id;
  std::copy_n(bytes.begin(), std::min(bytes.size(), id.sha256.size()), id.sha256.begin());
  return id;
}

Result<BlobId> detail::hash_of(const BlobReader& reader) {
  Sha256 hash;
  std::string buffer(kReadChunk, '\0');
  for (std::uint64_t at = 0; at < reader.size();) {
    const std::size_t got = SEINE_TRY(reader.read_at(at, buffer));
    if (got == 0) break;
    hash.update(std::string_view(buffer).substr(0, got));
    at += got;
  }
  BlobId id;
  id.sha256 = hash.finish();
  return id;
}

std::optional<BlobId> BlobId::parse(std::string_view hex) {
  if (hex.size() != 64) return std::nullopt;
  // One spelling only: the name of a file is compared as text.
  if (std::ranges::any_of(hex, [](char c) { return c >= 'A' && c <= 'F'; })) return std::nullopt;
  const auto bytes = base::from_hex(hex);
  if (!bytes) return std::nullopt;
  return detail::blob_id_from(*bytes);
}

BlobId BlobId::of(std::string_view bytes) {
  detail::Sha256 hash;
  hash.update(bytes);
  BlobId id;
  id.sha256 = hash.finish();
  return id;
}

std::string BlobId::hex() const {
  return base::hex(bytes());
}

BlobReader::BlobReader(BlobReader&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      mapped_(std::exchange(other.mapped_, nullptr)) {}

BlobReader::~BlobReader() {
  if (mapped_ != nullptr) ::munmap(mapped_, size_);
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> BlobReader::read_at(std::uint64_t offset, std::span<char> out) const {
  if (offset > size_) {
    return fail(Code::kOutOfRange, "offset {} is past the blob's {} bytes", offset, size_);
  }
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd_, out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(base::errno_error("read blob", errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

Result<std::string> BlobReader::read(std::uint64_t offset, std::uint64_t length) const {
  if (offset > size_) {
    return fail(Code::kOutOfRange, "offset {} is past the blob's {} bytes", offset, size_);
  }
  std::string bytes(std::min(length, size_ - offset), '\0');
  const std::size_t got = SEINE_TRY(read_at(offset, bytes));
  if (got != bytes.size()) return fail(Code::kDataLoss, "a blob ends after {} bytes", offset + got);
  return bytes;
}

Result<std::string_view> BlobReader::map() {
  if (size_ == 0) return std::string_view();
  if (mapped_ == nullptr) {
    void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0);
    if (address == MAP_FAILED) return std::unexpected(base::errno_error("map blob", errno));
    mapped_ = address;
  }
  return std::string_view(static_cast<const char*>(mapped_), size_);
}

}  // namespace seine::store
