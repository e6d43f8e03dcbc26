#include "web/extract/office/package.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/charset/sniff.h"
#include "web/extract/metadata/date.h"
#include "web/extract/office/xml_reader.h"
#include "web/url/url.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

using Event = XmlReader::Event;

constexpr std::size_t kRelationshipsMax = 20'000;

std::string_view last_word(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

std::optional<std::string> resolve_part(std::string_view from, std::string_view target) {
  std::vector<std::string_view> folders;
  if (!target.starts_with('/')) {
    folders = base::split(from, '/');
    folders.pop_back();
  }
  for (const std::string_view step : base::split(target, '/')) {
    if (step.empty() || step == ".") continue;
    if (step == "..") {
      if (folders.empty()) return std::nullopt;
      folders.pop_back();
    } else {
      folders.push_back(step);
    }
  }
  std::string part;
  for (const std::string_view folder : folders) {
    if (!part.empty()) part += '/';
    part += folder;
  }
  return part;
}

std::string safe_link(std::string_view target) {
  const auto url = Url::parse(target);
  if (!url || url->has_credentials()) return {};
  return url->is_http() || url->scheme() == "mailto" ? url->href() : "";
}

base::Result<OfficePackage> OfficePackage::open(std::string_view bytes) {
  return OfficePackage(SEINE_TRY(ZipReader::open(bytes)));
}

base::Result<std::string> OfficePackage::text(std::string_view part) {
  const ZipReader::Entry* entry = zip_.find(part);
  if (entry == nullptr) return std::string();
  std::string bytes = SEINE_TRY(zip_.read(*entry));
  if (base::is_valid_utf8(bytes)) return bytes;
  return decode_page(bytes, "").text;  // UTF-16 is allowed
}

base::Result<std::string> OfficePackage::required_text(std::string_view part) {
  if (zip_.find(part) == nullptr)
    return fail_verdict(Verdict::kBroken, "the document has no part '{}'", part);
  return text(part);
}

Relationships OfficePackage::relationships(std::string_view part) {
  Relationships found;
  const std::string_view name = last_word(part);
  const std::string_view folder = part.substr(0, part.size() - name.size());
  const auto xml = text(fmt::format("{}_rels/{}.rels", folder, name));
  if (!xml) return found;
  XmlReader reader(*xml);
  for (Event event = reader.next(); event != Event::kDone; event = reader.next()) {
    if (event != Event::kStart || reader.local() != "Relationship") continue;
    if (found.size() >= kRelationshipsMax) break;
    const std::string target = reader.attribute("Target").value_or("");
    Relationship one{.type = std::string(last_word(reader.attribute("Type").value_or(""))),
                     .target = target,
                     .external = reader.attribute("TargetMode").value_or("") == "External"};
    if (!one.external) {
      auto inside = resolve_part(part, target);
      if (!inside) continue;
      one.target = *std::move(inside);
    }
    found.try_emplace(reader.attribute("Id").value_or(""), std::move(one));
  }
  return found;
}

std::string OfficePackage::main_part(std::string_view otherwise) {
  for (const auto& [id, one] : relationships("")) {
    if (one.type == "officeDocument" && zip_.find(one.target) != nullptr) return one.target;
  }
  return std::string(otherwise);
}

Metadata OfficePackage::metadata() {
  Metadata metadata;
  const auto xml = text("docProps/core.xml");
  if (!xml) return metadata;
  XmlReader reader(*xml);
  const auto date = [&reader]() -> std::string {
    const std::string text = reader.inner_text(100);
    const auto found = find_date(text);
    return found ? found->iso : "";
  };
  for (Event event = reader.next(); event != Event::kDone; event = reader.next()) {
    if (event != Event::kStart || reader.depth() < 2) continue;
    const std::string local(reader.local());
    if (local == "title") {
      metadata.title = tidy_line(reader.inner_text(2'000), 300);
    } else if (local == "creator") {
      metadata.author = tidy_line(reader.inner_text(2'000), 120);
    } else if (local == "description") {
      metadata.description = tidy_line(reader.inner_text(4'000), 1'000);
    } else if (local == "language") {
      metadata.language = tidy_line(reader.inner_text(100), 35);
    } else if (local == "created") {
      metadata.published = date();
    } else if (local == "modified") {
      metadata.modified = date();
    }
  }
  return metadata;
}

}  // namespace seine::web
