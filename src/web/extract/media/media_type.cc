#include "web/extract/media/media_type.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/json.h"
#include "base/text.h"
#include "web/extract/office/xml_reader.h"
#include "web/extract/office/zip_reader.h"

namespace seine::web {
namespace {

// The resource header of the standard, section 5.2.
constexpr std::size_t kHeaderBytes = 1445;

struct Magic {
  std::string_view start;
  std::size_t at;
  std::string_view type;
};

using namespace std::string_view_literals;

// Section 6, and what people hand in besides.
constexpr std::array kMagics = {
    Magic{"\x89PNG\r\n\x1a\n", 0, "image/png"},
    Magic{"\xff\xd8\xff", 0, "image/jpeg"},
    Magic{"GIF87a", 0, "image/gif"},
    Magic{"GIF89a", 0, "image/gif"},
    Magic{"WEBPVP", 8, "image/webp"},
    Magic{"BM", 0, "image/bmp"},
    Magic{"\0\0\1\0"sv, 0, "image/x-icon"},
    Magic{"II*\0"sv, 0, "image/tiff"},
    Magic{"MM\0*"sv, 0, "image/tiff"},
    Magic{"ftypavif", 4, "image/avif"},
    Magic{"ftypheic", 4, "image/heic"},
    Magic{"ftyp", 4, "video/mp4"},
    Magic{"\x1a\x45\xdf\xa3", 0, "video/webm"},
    Magic{"AVI ", 8, "video/avi"},
    Magic{"WAVE", 8, "audio/wave"},
    Magic{"ID3", 0, "audio/mpeg"},
    Magic{"OggS\0"sv, 0, "application/ogg"},
    Magic{"fLaC", 0, "audio/flac"},
    Magic{"\x1f\x8b\x08", 0, "application/gzip"},
    Magic{"BZh", 0, "application/x-bzip2"},
    Magic{"\xfd"
          "7zXZ\0"sv,
          0, "application/x-xz"},
    Magic{"\x28\xb5\x2f\xfd", 0, "application/zstd"},
    Magic{"7z\xbc\xaf\x27\x1c", 0, "application/x-7z-compressed"},
    Magic{"Rar!\x1a\x07", 0, "application/vnd.rar"},
    Magic{"ustar", 257, "application/x-tar"},
    Magic{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0, "application/x-ole-storage"},
    Magic{"{\\rtf", 0, "application/rtf"},
    Magic{"%!PS-Adobe-", 0, "application/postscript"},
    Magic{"\0asm"sv, 0, "application/wasm"},
    Magic{"\x7f"
          "ELF",
          0, "application/x-executable"},
    Magic{"MZ\x90\0"sv, 0, "application/x-msdownload"},
    Magic{"SQLite format 3\0"sv, 0, "application/vnd.sqlite3"},
    Magic{"wOF2", 0, "font/woff2"},
    Magic{"wOFF", 0, "font/woff"},
    Magic{"OTTO", 0, "font/otf"},
    Magic{"\0\1\0\0"sv, 0, "font/ttf"},
};

constexpr std::string_view kDocxType =
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
constexpr std::string_view kXlsxType =
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
constexpr std::string_view kPptxType =
    "application/vnd.openxmlformats-officedocument.presentationml.presentation";

// Section 3: bytes that no text has.
bool is_binary(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte <= 0x08 || byte == 0x0B || (byte >= 0x0E && byte <= 0x1A) ||
         (byte >= 0x1C && byte <= 0x1F);
}

bool looks_binary(std::string_view bytes) {
  const std::string_view start = bytes.substr(0, kHeaderBytes);
  if (start.starts_with("\xfe\xff") || start.starts_with("\xff\xfe") ||
      start.starts_with("\xef\xbb\xbf"))
    return false;
  return std::ranges::any_of(start, is_binary);
}

// `claimed`: the Office format that its type or name promises, else kOther.
std::optional<Media> by_archive(std::string_view bytes, Format claimed) {
  if (!bytes.starts_with("PK\x03\x04") && !bytes.starts_with("PK\x05\x06")) return std::nullopt;
  // OpenDocument and EPUB name themselves in a stored first entry.
  constexpr std::string_view kMimetype = "mimetype";
  if (bytes.substr(std::min<std::size_t>(30, bytes.size())).starts_with(kMimetype)) {
    const std::string_view rest = bytes.substr(30 + kMimetype.size(), 80);
    const std::size_t end = std::min(rest.find("PK"), rest.size());
    const std::string_view named = rest.substr(0, end);
    if (named.starts_with("application/") && std::ranges::none_of(named, is_binary))
      return Media{Format::kOther, std::string(named)};
  }
  const auto archive = ZipReader::open(bytes);
  // One without a directory is what its name says, so that its reader says what is wrong with it.
  if (!archive) return Media{claimed, "application/zip"};
  const auto has = [&archive](std::string_view folder) {
    return std::ranges::any_of(archive->entries(), [folder](const ZipReader::Entry& entry) {
      return entry.name.starts_with(folder);
    });
  };
  if (archive->find("[Content_Types].xml") != nullptr) {
    if (has("word/")) return Media{Format::kDocx, std::string(kDocxType)};
    if (has("xl/")) return Media{Format::kXlsx, std::string(kXlsxType)};
    if (has("ppt/")) return Media{Format::kPptx, std::string(kPptxType)};
  }
  return Media{Format::kOther, "application/zip"};
}

// Of a kind that tesseract reads.
bool is_picture(std::string_view type) {
  static constexpr std::array<std::string_view, 6> kPictures = {
      "image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff"};
  return std::ranges::find(kPictures, type) != kPictures.end();
}

// What the bytes say in whatever the type says.
std::optional<Media> by_magic(std::string_view bytes, Format claimed) {
  // Readers of PDF take a header within the first 1,024 bytes (ISO 32000-1, note to 7.5.2), but
  // before it a page of text may just mention one.
  const std::size_t pdf = bytes.substr(0, 1024).find("%PDF-");
  if (pdf == 0 || (pdf != std::string_view::npos && looks_binary(bytes)))
    return Media{Format::kPdf, "application/pdf"};
  if (auto archive = by_archive(bytes, claimed)) return archive;
  for (const Magic& magic : kMagics) {
    if (bytes.size() < magic.at || !bytes.substr(magic.at).starts_with(magic.start)) continue;
    // "BM", "ID3" and the like may begin a text.
    if (magic.start.size() < 4 && !looks_binary(bytes)) continue;
    return Media{is_picture(magic.type) ? Format::kImage : Format::kOther, std::string(magic.type)};
  }
  return std::nullopt;
}

std::string_view text_start(std::string_view bytes) {
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  const std::size_t text = bytes.find_first_not_of(" \t\r\n\f");
  return text == std::string_view::npos ? std::string_view() : bytes.substr(text);
}

// Section 7.1: the tags that make an unlabelled text HTML.
bool looks_like_html(std::string_view bytes) {
  static constexpr std::array<std::string_view, 17> kTags = {"<!doctype html",
                                                             "<html",
                                                             "<head",
                                                             "<script",
                                                             "<iframe",
                                                             "<h1",
                                                             "<div",
                                                             "<font",
                                                             "<table",
                                                             "<a",
                                                             "<style",
                                                             "<title",
                                                             "<b",
                                                             "<body",
                                                             "<br",
                                                             "<p",
                                                             "<!--"};
  const std::string_view start = text_start(bytes);
  return std::ranges::any_of(kTags, [start](std::string_view tag) {
    if (!base::ascii_iequals(start.substr(0, tag.size()), tag)) return false;
    if (tag == "<!--") return true;
    const char after = start.size() > tag.size() ? start[tag.size()] : '\0';
    return after == ' ' || after == '>' || after == '\t' || after == '\n' || after == '\r';
  });
}

bool looks_like_json(std::string_view text) {
  if (!text.starts_with('{') && !text.starts_with('[')) return false;
  const std::string_view inside = text_start(text.substr(1));
  return !inside.empty() && std::string_view("{[\"}]").contains(inside.front()) &&
         base::parse_json(text).has_value();
}

// By the root element; section 7.3 asks the same of pages that say they are HTML.
std::optional<Format> by_root(std::string_view bytes) {
  XmlReader reader(bytes.substr(0, 4096));
  for (int steps = 0; steps < 64; ++steps) {
    const XmlReader::Event event = reader.next();
    if (event == XmlReader::Event::kDone) return std::nullopt;
    if (event == XmlReader::Event::kText) {
      if (!text_start(reader.text()).empty()) return std::nullopt;
      continue;
    }
    if (event != XmlReader::Event::kStart) continue;
    const std::string_view root = reader.local();
    if (root == "rss" || root == "feed" || reader.name() == "rdf:RDF" || root == "channel")
      return Format::kFeed;
    if (base::ascii_iequals(root, "html")) return Format::kHtml;
    return Format::kXml;
  }
  return std::nullopt;
}

std::string_view extension_of(std::string_view name) {
  name = name.substr(0, name.find_first_of("?#"));
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

struct TextKind {
  std::string_view word;  // an extension or a media type
  Format format;
  std::string_view type;
};
constexpr std::array kExtensions = {
    TextKind{"md", Format::kMarkdown, "text/markdown"},
    TextKind{"markdown", Format::kMarkdown, "text/markdown"},
    TextKind{"csv", Format::kCsv, "text/csv"},
    TextKind{"tsv", Format::kCsv, "text/tab-separated-values"},
    TextKind{"tab", Format::kCsv, "text/tab-separated-values"},
    TextKind{"json", Format::kJson, "application/json"},
    TextKind{"jsonl", Format::kJsonLines, "application/jsonl"},
    TextKind{"ndjson", Format::kJsonLines, "application/x-ndjson"},
    TextKind{"html", Format::kHtml, "text/html"},
    TextKind{"htm", Format::kHtml, "text/html"},
    TextKind{"xhtml", Format::kHtml, "application/xhtml+xml"},
};
constexpr std::array kTypes = {
    TextKind{"text/html", Format::kHtml, ""},
    TextKind{"application/xhtml+xml", Format::kHtml, ""},
    TextKind{"text/markdown", Format::kMarkdown, ""},
    TextKind{"text/x-markdown", Format::kMarkdown, ""},
    TextKind{"text/csv", Format::kCsv, ""},
    TextKind{"application/csv", Format::kCsv, ""},
    TextKind{"text/tab-separated-values", Format::kCsv, ""},
    TextKind{"application/json", Format::kJson, ""},
    TextKind{"text/json", Format::kJson, ""},
    TextKind{"application/x-ndjson", Format::kJsonLines, ""},
    TextKind{"application/jsonl", Format::kJsonLines, ""},
    TextKind{"application/json-lines", Format::kJsonLines, ""},
    TextKind{"application/rss+xml", Format::kFeed, ""},
    TextKind{"application/atom+xml", Format::kFeed, ""},
    TextKind{"application/rdf+xml", Format::kFeed, ""},
    TextKind{"application/pdf", Format::kPdf, ""},
    TextKind{"application/x-pdf", Format::kPdf, ""},
    TextKind{kDocxType, Format::kDocx, ""},
    TextKind{kXlsxType, Format::kXlsx, ""},
    TextKind{kPptxType, Format::kPptx, ""},
};

// Types that say nothing: the servers' words for "I do not know", and for "save this".
bool is_unknown(std::string_view type) {
  static constexpr std::array<std::string_view, 11> kUnknown = {"",
                                                                "unknown/unknown",
                                                                "application/unknown",
                                                                "*/*",
                                                                "application/octet-stream",
                                                                "binary/octet-stream",
                                                                "application/binary",
                                                                "application/x-download",
                                                                "application/download",
                                                                "application/force-download",
                                                                "application/zip"};
  return std::ranges::find(kUnknown, type) != kUnknown.end() || !type.contains('/');
}

Format by_type(std::string_view type) {
  const auto known = std::ranges::find(kTypes, type, &TextKind::word);
  if (known != kTypes.end()) return known->format;
  if (type == "image/svg+xml") return Format::kOther;
  if (type == "text/xml" || type == "application/xml" || type.ends_with("+xml"))
    return Format::kXml;
  if (type.ends_with("+json")) return Format::kJson;
  if (type == "text/css" || type == "text/javascript" || type == "text/calendar" ||
      type == "text/event-stream")
    return Format::kOther;
  return type.starts_with("text/") ? Format::kText : Format::kOther;
}

Format claimed_office(std::string_view type, std::string_view name) {
  const Format format = by_type(type);
  if (format == Format::kDocx || format == Format::kXlsx || format == Format::kPptx) return format;
  const std::string extension = base::ascii_lower(extension_of(name));
  if (extension == "docx") return Format::kDocx;
  if (extension == "xlsx") return Format::kXlsx;
  if (extension == "pptx") return Format::kPptx;
  return Format::kOther;
}

// A text without a type of use: by its start, then by its name.
Media by_text(std::string_view bytes, std::string_view name) {
  if (looks_binary(bytes)) return {Format::kOther, "application/octet-stream"};
  const std::string extension = base::ascii_lower(extension_of(name));
  const auto named = std::ranges::find(kExtensions, extension, &TextKind::word);
  if (named != kExtensions.end() && named->format != Format::kHtml)
    return {named->format, std::string(named->type)};
  const std::string_view start = text_start(bytes);
  if (start.starts_with("<?xml") || start.starts_with("<rss") || start.starts_with("<feed") ||
      start.starts_with("<rdf:RDF")) {
    const Format root = by_root(bytes).value_or(Format::kXml);
    return {root, root == Format::kHtml ? "application/xhtml+xml" : "application/xml"};
  }
  if (looks_like_html(bytes)) return {Format::kHtml, "text/html"};
  if (named != kExtensions.end()) return {named->format, std::string(named->type)};
  if (looks_like_json(start)) return {Format::kJson, "application/json"};
  return {Format::kText, "text/plain"};
}

}  // namespace

std::string media_type(std::string_view content_type) {
  return base::ascii_lower(base::trim(content_type.substr(0, content_type.find(';'))));
}

Media identify_media(std::string_view bytes, const MediaHints& hints) {
  const std::string type = media_type(hints.content_type);
  if (hints.no_sniff && !is_unknown(type)) return {by_type(type), type};
  if (auto found = by_magic(bytes, claimed_office(type, hints.name))) return *std::move(found);
  if (is_unknown(type)) {
    Media text = by_text(bytes, hints.name);
    if (text.format == Format::kOther && !type.empty()) text.type = type;
    return text;
  }
  const Format format = by_type(type);
  switch (format) {
    case Format::kPdf:
    case Format::kDocx:
    case Format::kXlsx:
    case Format::kPptx: {
      // The bytes are none: an error page, most often. A cut archive says so itself.
      Media text = by_text(bytes, "");
      return text.format == Format::kOther ? Media{format, type} : text;
    }
    case Format::kHtml:
      if (const auto root = by_root(bytes); root == Format::kFeed) return {Format::kFeed, type};
      return {format, type};
    case Format::kFeed:
    case Format::kXml: {
      const auto root = by_root(bytes);
      if (root) return {*root, type};
      return looks_like_html(bytes) ? Media{Format::kHtml, "text/html"} : Media{format, type};
    }
    case Format::kJson:
      return looks_like_html(bytes) ? Media{Format::kHtml, "text/html"} : Media{format, type};
    case Format::kText: {
      // "text/plain" is what servers say of anything; only what stays text is told apart.
      if (looks_binary(bytes) && !base::ascii_lower(hints.content_type).contains("utf-16"))
        return {Format::kOther, "application/octet-stream"};
      const std::string extension = base::ascii_lower(extension_of(hints.name));
      const auto named = std::ranges::find(kExtensions, extension, &TextKind::word);
      if (named != kExtensions.end() && named->format != Format::kHtml)
        return {named->format, type};
      return {format, type};
    }
    default:
      return {format, type};
  }
}

}  // namespace seine::web
