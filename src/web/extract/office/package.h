// OfficePackage: a document of Office Open XML (ECMA-376, part 2): parts in an archive, bound to
// each other by relationships. Nothing outside of the archive is ever opened, whatever a
// relationship says; paths that climb out of it lead nowhere. One thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "web/extract/metadata/metadata.h"
#include "web/extract/office/zip_reader.h"

namespace seine::web {

struct Relationship {
  std::string type;  // the last word of its type: "hyperlink", "slide"
  // A part's name in the archive, or an external address, as it stands.
  std::string target;
  bool external = false;
};
using Relationships = std::map<std::string, Relationship, std::less<>>;

class OfficePackage {
 public:
  static base::Result<OfficePackage> open(std::string_view bytes);

  // The part that the package is about, "word/document.xml"; `otherwise` where it does not say.
  std::string main_part(std::string_view otherwise);
  // Text of a part in UTF-8; empty where there is none. Errors are the archive's.
  base::Result<std::string> text(std::string_view part);
  base::Result<std::string> required_text(std::string_view part);
  // Of a part, by their ids; empty where it has none.
  Relationships relationships(std::string_view part);
  // Title, author and dates of docProps/core.xml.
  Metadata metadata();

 private:
  explicit OfficePackage(ZipReader zip) : zip_(std::move(zip)) {}

  ZipReader zip_;
};

// "ppt/media/a.png" of "../media/a.png" seen from "ppt/slides/slide1.xml"; nothing where it climbs
// out of the package.
std::optional<std::string> resolve_part(std::string_view from, std::string_view target);

// An http, https or mailto address in its normal form; nothing for any other.
std::string safe_link(std::string_view target);

}  // namespace seine::web
