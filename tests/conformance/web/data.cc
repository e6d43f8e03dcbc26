#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>

#include "base/text.h"
#include "scoring.h"

namespace seine::web::conform {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void give_up(std::string_view what) {
  fmt::print(stderr, "seine_web_conform: {}\n", what);
  std::exit(2);
}

// "\ud800" without its partner is not JSON to a strict reader; the URL standard reads it as U+FFFD.
void replace_lone_surrogates(std::string& text) {
  const auto unit = [&](std::size_t at) -> int {
    if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
    return static_cast<int>(std::strtol(text.substr(at + 2, 4).c_str(), nullptr, 16));
  };
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] != '\\') continue;
    const int first = unit(i);
    if (first < 0) {
      ++i;  // another escape, skip both characters
      continue;
    }
    const int second = first >= 0xD800 && first < 0xDC00 ? unit(i + 6) : -1;
    if (second >= 0xDC00 && second < 0xE000) {
      i += 11;
    } else {
      if (first >= 0xD800 && first < 0xE000) text.replace(i, 6, "\\ufffd");
      i += 5;
    }
  }
}

std::string decompress(const std::string& bytes, const fs::path& name) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(),
                                                                     &ZSTD_freeDCtx);
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, 27);
  std::string out;
  std::string chunk(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  while (in.pos < in.size) {
    ZSTD_outBuffer piece{chunk.data(), chunk.size(), 0};
    if (ZSTD_isError(ZSTD_decompressStream(context.get(), &piece, &in))) {
      give_up(name.string() + " is not zstd");
    }
    out.append(chunk, 0, piece.pos);
    // The last bytes of a frame may need several turns without input.
    while (in.pos == in.size && piece.pos == piece.size) {
      piece = {chunk.data(), chunk.size(), 0};
      if (ZSTD_isError(ZSTD_decompressStream(context.get(), &piece, &in))) break;
      out.append(chunk, 0, piece.pos);
    }
  }
  return out;
}

std::map<std::string, std::string> untar(const std::string& tar) {
  std::map<std::string, std::string> files;
  std::string long_name;
  for (std::size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {
    const char* header = tar.data() + at;
    const auto size =
        static_cast<std::size_t>(std::strtoull(std::string(header + 124, 12).c_str(), nullptr, 8));
    std::string name(header, strnlen(header, 100));
    const std::string prefix(header + 345, strnlen(header + 345, 155));
    if (std::string_view(header + 257, 5) == "ustar" && header[262] == '\0' && !prefix.empty()) {
      name = prefix + "/" + name;
    }
    const std::string body = tar.substr(at + 512, size);
    if (header[156] == 'L') {
      long_name = body.c_str();
    } else if (header[156] == 'x') {  // pax: "NN path=NAME\n"
      if (const std::size_t path = body.find(" path="); path != std::string::npos) {
        long_name = body.substr(path + 6, body.find('\n', path) - path - 6);
      }
    } else {
      if (!long_name.empty()) name = std::exchange(long_name, {});
      if (header[156] == '0' || header[156] == '\0') files[name] = body;
    }
    at += 512 + (size + 511) / 512 * 512;
  }
  return files;
}

}  // namespace

void Outcome::share(std::string name, std::size_t passed, std::size_t total,
                    std::optional<double> bar) {
  const double value = total == 0 ? 1.0 : static_cast<double>(passed) / static_cast<double>(total);
  metrics.push_back({fmt::format("{} ({} of {})", name, passed, total), value, bar});
}

std::optional<std::string> read_file_if(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

std::string read_file(const fs::path& file) {
  std::optional<std::string> bytes = read_file_if(file);
  if (!bytes) give_up("cannot read " + file.string());
  return *std::move(bytes);
}

base::Json to_json(std::string text, std::string_view what) {
  replace_lone_surrogates(text);
  base::Result<base::Json> json = base::parse_json(text);
  if (!json) give_up(fmt::format("{}: {}", what, json.error().to_string()));
  return *std::move(json);
}

base::Json read_json(const fs::path& file) {
  return to_json(read_file(file), file.string());
}

std::vector<base::Json> read_json_lines(const fs::path& file) {
  std::vector<base::Json> rows;
  const std::string text = read_file(file);
  for (const std::string_view line : base::split(text, '\n')) {
    if (!base::trim(line).empty()) rows.push_back(to_json(std::string(line), file.string()));
  }
  return rows;
}

std::map<std::string, std::string> read_archive(const fs::path& archive) {
  if (std::optional<std::string> bytes = read_file_if(archive)) {
    return untar(decompress(*bytes, archive));
  }
  fs::path folder = archive;
  folder.replace_extension().replace_extension();
  std::map<std::string, std::string> files;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    if (!entry.is_regular_file()) continue;
    files[fs::relative(entry.path(), folder.parent_path()).string()] = read_file(entry.path());
  }
  return files;
}

std::string text_of(const base::Json& object, std::string_view key) {
  const base::Json* found = base::find(object, key);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace seine::web::conform
