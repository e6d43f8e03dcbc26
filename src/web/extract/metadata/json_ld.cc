#include <algorithm>
#include <array>
#include <deque>

#include "base/json.h"
#include "base/text.h"
#include "web/extract/html/entities.h"
#include "web/extract/metadata/metadata.h"

namespace seine::web {
namespace {

using base::Json;
using html::Node;
using html::Tag;

constexpr auto kArticleTypes = std::to_array<std::string_view>(
    {"Article", "NewsArticle", "BlogPosting", "ReportageNewsArticle", "AnalysisNewsArticle",
     "OpinionNewsArticle", "BackgroundNewsArticle", "ReviewNewsArticle", "TechArticle",
     "ScholarlyArticle", "Report", "LiveBlogPosting", "SocialMediaPosting",
     "AdvertiserContentArticle", "SatiricalArticle", "MedicalScholarlyArticle",
     "DiscussionForumPosting", "QAPage", "Recipe"});

constexpr std::size_t kScriptsMax = 32;
constexpr std::size_t kObjectsMax = 2000;

bool is_article(const Json& object) {
  const Json* type = base::find(object, "@type");
  const auto matches = [](const Json& value) {
    if (!value.is_string()) return false;
    std::string_view name = value.get_ref<const std::string&>();
    if (const std::size_t slash = name.rfind('/'); slash != std::string_view::npos)
      name.remove_prefix(slash + 1);
    return std::ranges::find(kArticleTypes, name) != kArticleTypes.end();
  };
  if (type == nullptr) return false;
  return type->is_array() ? std::ranges::any_of(*type, matches) : matches(*type);
}

// A string, or the name (or URL) of an object, or the names of a list.
std::string name_of(const Json* value) {
  if (value == nullptr) return {};
  if (value->is_string())
    return tidy_line(html::decode_references(value->get_ref<const std::string&>()));
  if (value->is_object()) {
    const Json* name = base::find(*value, "name");
    if (name != nullptr && name->is_string())
      return tidy_line(html::decode_references(name->get_ref<const std::string&>()));
    const Json* url = base::find(*value, "url");
    return url != nullptr && url->is_string() ? url->get<std::string>() : "";
  }
  if (value->is_array()) {
    std::string joined;
    for (std::size_t i = 0; i < std::min<std::size_t>(value->size(), 10); ++i) {
      const Json& item = (*value)[i];
      if (item.is_array()) continue;
      const std::string one = name_of(&item);
      if (one.empty()) continue;
      joined += (joined.empty() ? "" : ", ") + one;
    }
    return joined;
  }
  return {};
}

bool is_false(const Json* value) {
  if (value == nullptr) return false;
  if (value->is_boolean()) return !value->get<bool>();
  return value->is_string() && base::ascii_iequals(value->get_ref<const std::string&>(), "false");
}

}  // namespace

JsonLd read_json_ld(const html::Document& document) {
  JsonLd out;
  std::size_t scripts = 0;
  for (const Node* node = document.root; node != nullptr;
       node = html::next_in_tree(node, document.root)) {
    if (!node->is_html(Tag::kScript) || node->get("type").find("ld+json") == std::string_view::npos)
      continue;
    if (++scripts > kScriptsMax) break;
    std::string text = html::text_content(node);
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20; },
        ' ');  // raw newlines in strings
    std::string_view body = base::trim(text);
    if (body.starts_with("//<![CDATA[")) body.remove_prefix(11);
    if (body.starts_with("<![CDATA[")) body.remove_prefix(9);
    if (body.ends_with("//]]>")) body.remove_suffix(5);
    if (body.ends_with("]]>")) body.remove_suffix(3);
    if (body.ends_with(';')) body.remove_suffix(1);
    const base::Result<Json> json =
        base::parse_json(body, {.depth_max = 64, .bytes_max = std::size_t{2} << 20});
    if (!json) continue;
    std::deque<const Json*> queue = {&*json};
    std::size_t budget = kObjectsMax;
    while (!queue.empty() && budget-- > 0) {
      const Json* value = queue.front();
      queue.pop_front();
      if (value->is_array()) {
        for (const Json& item : *value) queue.push_back(&item);
        continue;
      }
      if (!value->is_object()) continue;
      if (is_article(*value)) {
        const auto take = [&](std::string& field, std::string text_value) {
          if (field.empty()) field = std::move(text_value);
        };
        take(out.headline, name_of(base::find(*value, "headline")));
        take(out.name, name_of(base::find(*value, "name")));
        take(out.author, name_of(base::find(*value, "author")));
        take(out.published, name_of(base::find(*value, "datePublished")));
        take(out.modified, name_of(base::find(*value, "dateModified")));
        take(out.site_name, name_of(base::find(*value, "publisher")));
        take(out.description, name_of(base::find(*value, "description")));
        if (const Json* image = base::find(*value, "image"); image != nullptr) {
          const Json* one = image->is_array() && !image->empty() ? &(*image)[0] : image;
          take(out.image, one->is_array() ? "" : name_of(one));
        }
        out.paywalled = out.paywalled || is_false(base::find(*value, "isAccessibleForFree"));
      }
      for (const std::string_view key :
           {"@graph", "mainEntity", "mainEntityOfPage", "itemListElement"}) {
        if (const Json* below = base::find(*value, key)) queue.push_back(below);
      }
    }
  }
  return out;
}

}  // namespace seine::web
