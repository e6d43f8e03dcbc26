#include "web/extract/html/tags.h"

#include <array>

namespace seine::web::html {
namespace {

constexpr auto kNames = std::to_array<std::string_view>({"",
                                                         "a",
                                                         "abbr",
                                                         "address",
                                                         "annotation-xml",
                                                         "applet",
                                                         "area",
                                                         "article",
                                                         "aside",
                                                         "audio",
                                                         "b",
                                                         "base",
                                                         "basefont",
                                                         "bdi",
                                                         "bdo",
                                                         "bgsound",
                                                         "big",
                                                         "blockquote",
                                                         "body",
                                                         "br",
                                                         "button",
                                                         "canvas",
                                                         "caption",
                                                         "center",
                                                         "cite",
                                                         "code",
                                                         "col",
                                                         "colgroup",
                                                         "data",
                                                         "datalist",
                                                         "dd",
                                                         "del",
                                                         "desc",
                                                         "details",
                                                         "dfn",
                                                         "dialog",
                                                         "dir",
                                                         "div",
                                                         "dl",
                                                         "dt",
                                                         "em",
                                                         "embed",
                                                         "fieldset",
                                                         "figcaption",
                                                         "figure",
                                                         "font",
                                                         "footer",
                                                         "foreignobject",
                                                         "form",
                                                         "frame",
                                                         "frameset",
                                                         "h1",
                                                         "h2",
                                                         "h3",
                                                         "h4",
                                                         "h5",
                                                         "h6",
                                                         "head",
                                                         "header",
                                                         "hgroup",
                                                         "hr",
                                                         "html",
                                                         "i",
                                                         "iframe",
                                                         "image",
                                                         "img",
                                                         "input",
                                                         "ins",
                                                         "isindex",
                                                         "kbd",
                                                         "keygen",
                                                         "label",
                                                         "legend",
                                                         "li",
                                                         "link",
                                                         "listing",
                                                         "main",
                                                         "map",
                                                         "mark",
                                                         "marquee",
                                                         "math",
                                                         "menu",
                                                         "menuitem",
                                                         "meta",
                                                         "meter",
                                                         "mglyph",
                                                         "malignmark",
                                                         "mi",
                                                         "mn",
                                                         "mo",
                                                         "ms",
                                                         "mtext",
                                                         "nav",
                                                         "nobr",
                                                         "noembed",
                                                         "noframes",
                                                         "noscript",
                                                         "object",
                                                         "ol",
                                                         "optgroup",
                                                         "option",
                                                         "output",
                                                         "p",
                                                         "param",
                                                         "picture",
                                                         "plaintext",
                                                         "pre",
                                                         "progress",
                                                         "q",
                                                         "rb",
                                                         "rp",
                                                         "rt",
                                                         "rtc",
                                                         "ruby",
                                                         "s",
                                                         "samp",
                                                         "script",
                                                         "search",
                                                         "section",
                                                         "select",
                                                         "slot",
                                                         "small",
                                                         "source",
                                                         "span",
                                                         "strike",
                                                         "strong",
                                                         "style",
                                                         "sub",
                                                         "summary",
                                                         "sup",
                                                         "svg",
                                                         "table",
                                                         "tbody",
                                                         "td",
                                                         "template",
                                                         "textarea",
                                                         "tfoot",
                                                         "th",
                                                         "thead",
                                                         "time",
                                                         "title",
                                                         "tr",
                                                         "track",
                                                         "tt",
                                                         "u",
                                                         "ul",
                                                         "var",
                                                         "video",
                                                         "wbr",
                                                         "xmp",
                                                         "mfrac",
                                                         "mrow",
                                                         "msup",
                                                         "msub",
                                                         "msubsup",
                                                         "msqrt",
                                                         "mroot",
                                                         "mover",
                                                         "munder",
                                                         "munderover",
                                                         "mtable",
                                                         "mtr",
                                                         "mtd",
                                                         "mfenced",
                                                         "mstyle",
                                                         "semantics",
                                                         "annotation"});
static_assert(kNames.size() == kTagCount);

constexpr std::size_t kSlots = 1024;  // a load of one in six: a look-up is nearly always one probe
constexpr std::size_t kTagBytesMax = 14;

constexpr std::size_t hash(std::string_view name) {
  std::uint32_t h = 2166136261U;
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 16777619U;
  return (h ^ h >> 15) % kSlots;
}

constexpr std::array<std::uint8_t, kSlots> make_slots() {
  std::array<std::uint8_t, kSlots> slots{};
  for (std::size_t i = 1; i < kNames.size(); ++i) {
    std::size_t at = hash(kNames[i]);
    while (slots[at] != 0) at = (at + 1) % kSlots;
    slots[at] = static_cast<std::uint8_t>(i);
  }
  return slots;
}

constexpr std::array<std::uint8_t, kSlots> kSlotTable = make_slots();

}  // namespace

Tag tag_from_name(std::string_view name) {
  if (name.empty() || name.size() > kTagBytesMax) return Tag::kUnknown;
  for (std::size_t at = hash(name); kSlotTable[at] != 0; at = (at + 1) % kSlots) {
    if (kNames[kSlotTable[at]] == name) return static_cast<Tag>(kSlotTable[at]);
  }
  return Tag::kUnknown;
}

std::string_view tag_name(Tag tag) {
  return kNames[static_cast<std::size_t>(tag)];
}

}  // namespace seine::web::html
