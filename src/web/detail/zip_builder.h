// Writes a ZIP archive of stored or deflated entries, for tests and fuzz targets.
#pragma once

#define ZLIB_CONST  // input that is not written to
#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seine::web::detail {

class ZipBuilder {
 public:
  ZipBuilder& store(std::string_view name, std::string_view bytes) {
    return add(name, bytes, std::string(bytes), 0);
  }

  ZipBuilder& deflate(std::string_view name, std::string_view bytes) {
    z_stream stream = {};
    deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
    stream.next_in = reinterpret_cast<const Bytef*>(bytes.data());
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    ::deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return add(name, bytes, packed, 8);
  }

  // What the directory says of the last entry, for archives that lie.
  ZipBuilder& claim_bytes(std::uint32_t bytes) {
    entries_.back().bytes = bytes;
    return *this;
  }
  ZipBuilder& claim_encrypted() {
    entries_.back().flags = 1;
    return *this;
  }

  std::string finish() const {
    std::string out = body_;
    std::string directory;
    for (const Entry& entry : entries_) {
      directory += "PK\x01\x02";
      for (const std::uint32_t version : {20U, 20U}) put(directory, version, 2);
      put(directory, entry.flags, 2);
      put(directory, entry.method, 2);
      put(directory, 0, 4);
      put(directory, entry.crc, 4);
      put(directory, entry.packed, 4);
      put(directory, entry.bytes, 4);
      put(directory, static_cast<std::uint32_t>(entry.name.size()), 2);
      for (const int bytes : {2, 2, 2, 2, 4}) put(directory, 0, bytes);
      put(directory, entry.header, 4);
      directory += entry.name;
    }
    const auto count = static_cast<std::uint32_t>(entries_.size());
    const auto from = static_cast<std::uint32_t>(out.size());
    out += directory;
    out += "PK\x05\x06";
    put(out, 0, 4);
    put(out, count, 2);
    put(out, count, 2);
    put(out, static_cast<std::uint32_t>(directory.size()), 4);
    put(out, from, 4);
    put(out, 0, 2);
    return out;
  }

 private:
  struct Entry {
    std::string name;
    std::uint32_t packed;
    std::uint32_t bytes;
    std::uint32_t crc;
    std::uint32_t header;
    std::uint32_t method;
    std::uint32_t flags = 0;
  };

  static void put(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFFU));
  }

  ZipBuilder& add(std::string_view name, std::string_view bytes, const std::string& packed,
                  std::uint32_t method) {
    const auto crc = static_cast<std::uint32_t>(
        crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
    Entry entry{std::string(name),
                static_cast<std::uint32_t>(packed.size()),
                static_cast<std::uint32_t>(bytes.size()),
                crc,
                static_cast<std::uint32_t>(body_.size()),
                method};
    body_ += "PK\x03\x04";
    put(body_, 20, 2);
    put(body_, 0, 2);
    put(body_, method, 2);
    put(body_, 0, 4);
    put(body_, crc, 4);
    put(body_, entry.packed, 4);
    put(body_, entry.bytes, 4);
    put(body_, static_cast<std::uint32_t>(name.size()), 2);
    put(body_, 0, 2);
    body_ += name;
    body_ += packed;
    entries_.push_back(std::move(entry));
    return *this;
  }

  std::string body_;
  std::vector<Entry> entries_;
};

}  // namespace seine::web::detail
