// ZipReader: the entries of a ZIP archive in memory (APPNOTE 6.3.10), found by its central
// directory and unpacked one at a time into memory, never onto a disk. Bounded in entries, names,
// bytes of one entry, bytes of all, and ratio, so that a bomb costs what a document costs. Stored
// and deflated entries only; the bytes outlive it. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::web {

struct ZipLimits {
  std::size_t entries_max = 10'000;
  std::size_t entry_bytes_max = std::size_t{64} << 20;
  std::size_t total_bytes_max = std::size_t{128} << 20;  // unpacked, over the reader's life
  // Sheets of equal rows pack 100 to 1; deflate itself ends at 1,032.
  std::size_t ratio_max = 300;
  std::size_t ratio_from = std::size_t{1} << 20;  // smaller entries may pack as they like
};

class ZipReader {
 public:
  struct Entry {
    std::string_view name;
    std::uint32_t packed = 0;  // bytes in the archive
    std::uint32_t bytes = 0;   // as the directory claims
    std::uint32_t crc = 0;
    std::uint32_t header = 0;  // where its local header lies
    std::uint16_t method = 0;
    bool encrypted = false;
  };

  // Errors carry a Verdict: kBroken where there is no directory, kTooLarge past a limit.
  static base::Result<ZipReader> open(std::string_view bytes, const ZipLimits& limits = {});

  const std::vector<Entry>& entries() const { return entries_; }
  const Entry* find(std::string_view name) const;
  // kBroken for a wrong length or checksum, kTooLarge past a limit, kEncrypted, kUnsupported.
  base::Result<std::string> read(const Entry& entry);

 private:
  ZipReader(std::string_view bytes, const ZipLimits& limits) : bytes_(bytes), limits_(limits) {}

  std::string_view bytes_;
  ZipLimits limits_;
  std::vector<Entry> entries_;
  std::size_t unpacked_ = 0;
};

}  // namespace seine::web
