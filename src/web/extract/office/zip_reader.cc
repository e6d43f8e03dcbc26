#include "web/extract/office/zip_reader.h"

#define ZLIB_CONST  // input that is not written to
#include <zlib.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "base/text.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

constexpr std::size_t kEndBytes = 22;  // end of central directory, without its comment
constexpr std::size_t kCommentMax = 65535;
constexpr std::size_t kCentralBytes = 46;
constexpr std::size_t kLocalBytes = 30;
constexpr std::size_t kNameMax = 1024;
constexpr std::uint32_t kZip64 = 0xFFFFFFFF;

std::uint32_t little(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    value |= std::uint32_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
  }
  return value;
}

// Where the end record starts: the last one whose comment reaches just to the end.
std::optional<std::size_t> find_end(std::string_view bytes) {
  if (bytes.size() < kEndBytes) return std::nullopt;
  const std::size_t last = bytes.size() - kEndBytes;
  const std::size_t first = last > kCommentMax ? last - kCommentMax : 0;
  for (std::size_t at = last + 1; at-- > first;) {
    if (bytes.substr(at).starts_with("PK\x05\x06") &&
        at + kEndBytes + little(bytes, at + 20, 2) == bytes.size())
      return at;
  }
  return std::nullopt;
}

class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, -MAX_WBITS) == Z_OK; }
  ~Inflater() {
    if (ready_) inflateEnd(&stream_);
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Nothing where the data are damaged or more than `limit`.
  std::optional<std::string> run(std::string_view packed, std::size_t limit) {
    if (!ready_) return std::nullopt;
    std::string out;
    stream_.next_in = reinterpret_cast<const Bytef*>(packed.data());
    stream_.avail_in = static_cast<uInt>(packed.size());
    const auto piece = std::make_unique<std::array<char, 65'536>>();
    int state = Z_OK;
    while (state == Z_OK) {
      stream_.next_out = reinterpret_cast<Bytef*>(piece->data());
      stream_.avail_out = static_cast<uInt>(piece->size());
      state = inflate(&stream_, Z_NO_FLUSH);
      const std::size_t made = piece->size() - stream_.avail_out;
      if (out.size() + made > limit) return std::nullopt;
      out.append(piece->data(), made);
      if (state == Z_OK && made == 0 && stream_.avail_in == 0) return std::nullopt;
    }
    if (state != Z_STREAM_END) return std::nullopt;
    return out;
  }

 private:
  z_stream stream_ = {};
  bool ready_ = false;
};

}  // namespace

base::Result<ZipReader> ZipReader::open(std::string_view bytes, const ZipLimits& limits) {
  const auto end = find_end(bytes);
  if (!end) return fail_verdict(Verdict::kBroken, "the archive has no directory: it is cut short");
  const std::size_t count = little(bytes, *end + 10, 2);
  const std::size_t size = little(bytes, *end + 12, 4);
  const std::size_t from = little(bytes, *end + 16, 4);
  if (count == 0xFFFF || size == kZip64 || from == kZip64)
    return fail_verdict(Verdict::kUnsupported,
                        "the archive is in the ZIP64 form, which is not read");
  if (count > limits.entries_max)
    return fail_verdict(Verdict::kTooLarge, "the archive has {} entries, the limit is {}",
                        base::format_count(count), base::format_count(limits.entries_max));
  if (from > *end || size > *end - from)
    return fail_verdict(Verdict::kBroken, "the archive's directory lies outside of it");
  ZipReader reader(bytes, limits);
  std::size_t at = from;
  for (std::size_t i = 0; i < count; ++i) {
    if (at + kCentralBytes > *end || !bytes.substr(at).starts_with("PK\x01\x02"))
      return fail_verdict(Verdict::kBroken, "the archive's directory is damaged");
    const std::size_t name = little(bytes, at + 28, 2);
    const std::size_t rest =
        std::size_t{little(bytes, at + 30, 2)} + std::size_t{little(bytes, at + 32, 2)};
    if (name > kNameMax || at + kCentralBytes + name + rest > *end)
      return fail_verdict(Verdict::kBroken, "the archive's directory is damaged");
    reader.entries_.push_back({.name = bytes.substr(at + kCentralBytes, name),
                               .packed = little(bytes, at + 20, 4),
                               .bytes = little(bytes, at + 24, 4),
                               .crc = little(bytes, at + 16, 4),
                               .header = little(bytes, at + 42, 4),
                               .method = static_cast<std::uint16_t>(little(bytes, at + 10, 2)),
                               .encrypted = (little(bytes, at + 8, 2) & 1U) != 0});
    at += kCentralBytes + name + rest;
  }
  return reader;
}

const ZipReader::Entry* ZipReader::find(std::string_view name) const {
  const auto found = std::ranges::find(entries_, name, &Entry::name);
  return found == entries_.end() ? nullptr : &*found;
}

base::Result<std::string> ZipReader::read(const Entry& entry) {
  if (entry.encrypted)
    return fail_verdict(Verdict::kEncrypted, "the archive is encrypted: it asks for a password");
  if (entry.method != 0 && entry.method != 8)
    return fail_verdict(Verdict::kUnsupported, "'{}' is packed by method {}, which is not read",
                        entry.name, entry.method);
  const std::size_t left = limits_.total_bytes_max - unpacked_;
  std::size_t most = std::min(limits_.entry_bytes_max, left);
  if (entry.bytes > most ||
      (entry.bytes > limits_.ratio_from && entry.bytes / limits_.ratio_max > entry.packed))
    return fail_verdict(Verdict::kTooLarge,
                        "'{}' in the archive unpacks from {} to {}, more than is read", entry.name,
                        base::format_size(entry.packed), base::format_size(entry.bytes));
  most = std::min<std::size_t>(most, entry.bytes);
  if (std::size_t{entry.header} + kLocalBytes > bytes_.size() ||
      !bytes_.substr(entry.header).starts_with("PK\x03\x04"))
    return fail_verdict(Verdict::kBroken, "'{}' in the archive has no header", entry.name);
  const std::size_t from = entry.header + kLocalBytes + little(bytes_, entry.header + 26, 2) +
                           little(bytes_, entry.header + 28, 2);
  if (from > bytes_.size() || entry.packed > bytes_.size() - from)
    return fail_verdict(Verdict::kBroken, "'{}' in the archive is cut short", entry.name);
  const std::string_view packed = bytes_.substr(from, entry.packed);
  std::optional<std::string> data;
  if (entry.method == 8) {
    // No more than the directory claims: what would be longer is not what it says it is.
    data = Inflater().run(packed, most);
  } else if (packed.size() == entry.bytes) {
    data = std::string(packed);
  }
  if (!data || data->size() != entry.bytes ||
      crc32(crc32(0, nullptr, 0), reinterpret_cast<const Bytef*>(data->data()),
            static_cast<uInt>(data->size())) != entry.crc)
    return fail_verdict(Verdict::kBroken, "'{}' in the archive is damaged", entry.name);
  unpacked_ += data->size();
  return *std::move(data);
}

}  // namespace seine::web
