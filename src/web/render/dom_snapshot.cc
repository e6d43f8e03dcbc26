#include "web/render/dom_snapshot.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <vector>

#include "base/html.h"
#include "base/json.h"
#include "base/text.h"
#include "web/render/visible_text.h"

namespace seine::web {
namespace {

using base::Code;
using base::fail;
using base::Json;

constexpr int kElement = 1;
constexpr int kText = 3;

const Json& member(const Json& object, const char* key) {
  static const Json nothing;
  const Json* found = object.is_object() ? base::find(object, key) : nullptr;
  return found == nullptr ? nothing : *found;
}
const Json& item(const Json& array, std::size_t i) {
  static const Json nothing;
  return array.is_array() && i < array.size() ? array[i] : nothing;
}
std::int64_t integer(const Json& value, std::int64_t otherwise) {
  if (value.is_number_integer()) return value.get<std::int64_t>();
  return otherwise;
}
double number(const Json& value, double otherwise) {
  return value.is_number() ? value.get<double>() : otherwise;
}

bool is_void(std::string_view name) {
  constexpr std::array<std::string_view, 13> kVoid = {"area",  "base",   "br",    "col",  "embed",
                                                      "hr",    "img",    "input", "link", "meta",
                                                      "param", "source", "wbr"};
  return std::ranges::find(kVoid, name) != kVoid.end();
}
// Left out with all they hold.
bool is_dropped(std::string_view name) {
  constexpr std::array<std::string_view, 6> kDropped = {"style",  "template", "noscript",
                                                        "object", "embed",    "canvas"};
  return std::ranges::find(kDropped, name) != kDropped.end();
}
bool is_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z';
  };
  return !text.empty() && text.size() <= 64 && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == ':' ||
                  c == '.';
         });
}

// A script's text can be closed only by its end tag.
void append_script(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '<' && i + 1 < text.size() && text[i + 1] == '/') out += '\\';
  }
}

class Writer {
 public:
  Writer(const Json& snapshot, SnapshotLimits limits)
      : documents_(member(snapshot, "documents")),
        strings_(member(snapshot, "strings")),
        limits_(limits) {}

  base::Result<VisibleHtml> run() {
    if (!documents_.is_array() || documents_.empty() || !strings_.is_array()) {
      return fail(Code::kInvalidArgument, "the browser's snapshot has no documents");
    }
    out_.url = string(member(documents_[0], "documentURL"));
    out_.html = "<!doctype html>\n";
    write_document(0, 0);
    return std::move(out_);
  }

 private:
  std::string_view string(const Json& index) const {
    const std::int64_t i = integer(index, -1);
    if (i < 0 || static_cast<std::size_t>(i) >= strings_.size()) return {};
    const Json& text = strings_[static_cast<std::size_t>(i)];
    return text.is_string() ? std::string_view(text.get_ref<const std::string&>())
                            : std::string_view();
  }

  struct Open {
    std::int64_t node;
    std::string name;  // empty: nothing to close
    bool skip;         // what it holds is left out
    bool head;         // metadata, which has no box
  };

  // The boxes of one document, by node.
  std::vector<Box> read_boxes(const Json& document, std::size_t count);
  void write_document(std::size_t index, int depth);
  void write_element(const Json& nodes, std::size_t i, const Box& box, Open& open);
  void write_attributes(const Json& attributes);

  const Json& documents_;
  const Json& strings_;
  const SnapshotLimits limits_;
  VisibleHtml out_;
  std::size_t nodes_ = 0;
};

std::vector<Box> Writer::read_boxes(const Json& document, std::size_t count) {
  std::vector<Box> boxes(count);
  const Json& nodes = member(document, "nodes");
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t parent = integer(item(member(nodes, "parentIndex"), i), -1);
    boxes[i].parent = parent >= 0 && static_cast<std::size_t>(parent) < i
                          ? static_cast<std::size_t>(parent)
                          : Box::kNoParent;
  }
  const Json& layout = member(document, "layout");
  const Json& rows = member(layout, "nodeIndex");
  for (std::size_t row = 0; rows.is_array() && row < rows.size(); ++row) {
    const std::int64_t node = integer(rows[row], -1);
    if (node < 0 || static_cast<std::size_t>(node) >= count) continue;
    Box& box = boxes[static_cast<std::size_t>(node)];
    const Json& bounds = item(member(layout, "bounds"), row);
    box.laid_out = true;
    box.x = number(item(bounds, 0), 0);
    box.y = number(item(bounds, 1), 0);
    box.width = number(item(bounds, 2), 0);
    box.height = number(item(bounds, 3), 0);
    box.background = string(item(member(layout, "blendedBackgroundColors"), row));
    const Json& styles = item(member(layout, "styles"), row);
    for (std::size_t k = 0; k < kStyleCount; ++k) box.style[k] = string(item(styles, k));
  }
  return boxes;
}

void Writer::write_attributes(const Json& attributes) {
  for (std::size_t k = 0; attributes.is_array() && k + 1 < attributes.size(); k += 2) {
    const std::string name = base::ascii_lower(string(attributes[k]));
    // Visibility has been judged by the boxes; what scripts do is over.
    if (!is_name(name) || name == "style" || name == "hidden" || name.starts_with("on")) continue;
    out_.html += ' ';
    out_.html += name;
    out_.html += "=\"";
    base::append_html(out_.html, string(attributes[k + 1]), base::HtmlPlace::kAttribute);
    out_.html += '"';
  }
}

void Writer::write_element(const Json& nodes, std::size_t i, const Box& box, Open& open) {
  const Json& attributes = item(member(nodes, "attributes"), i);
  std::string name = base::ascii_lower(string(item(member(nodes, "nodeName"), i)));
  if (name.starts_with("::")) {  // generated by a style sheet
    open.skip = true;
    return;
  }
  if (!is_name(name)) name = "span";
  if (name == "script") {
    bool data = false;
    for (std::size_t k = 0; attributes.is_array() && k + 1 < attributes.size(); k += 2) {
      data |= string(attributes[k]) == "type" &&
              base::ascii_iequals(string(attributes[k + 1]), "application/ld+json");
    }
    open.skip = !data;
    if (!data) return;
    open.head = true;
  }
  open.head |= name == "head";
  if (is_dropped(name) || (name == "img" && !box.laid_out)) {
    open.skip = true;
    return;
  }
  out_.html += '<';
  out_.html += name;
  write_attributes(attributes);
  out_.html += '>';
  if (!is_void(name)) open.name = std::move(name);
}

void Writer::write_document(std::size_t index, int depth) {
  const Json& document = documents_[index];
  const Json& nodes = member(document, "nodes");
  const Json& types = member(nodes, "nodeType");
  if (!types.is_array()) return;
  std::size_t count = types.size();
  if (count > limits_.nodes_max - nodes_) {
    count = limits_.nodes_max - nodes_;
    out_.truncated = true;
  }
  nodes_ += count;
  const std::vector<Box> boxes = read_boxes(document, count);
  std::unordered_map<std::int64_t, std::int64_t> frames;
  const Json& content = member(nodes, "contentDocumentIndex");
  for (std::size_t k = 0; k < member(content, "index").size(); ++k) {
    frames[integer(item(member(content, "index"), k), -1)] =
        integer(item(member(content, "value"), k), -1);
  }

  std::vector<Open> path;
  const auto close_to = [&](std::int64_t parent) {
    while (!path.empty() && path.back().node != parent) {
      if (!path.back().name.empty()) out_.html += "</" + path.back().name + ">";
      path.pop_back();
    }
  };
  for (std::size_t i = 0; i < count; ++i) {
    if (out_.html.size() > limits_.html_bytes_max) {
      out_.truncated = true;
      break;
    }
    const Box& box = boxes[i];
    close_to(box.parent == Box::kNoParent ? -1 : static_cast<std::int64_t>(box.parent));
    const bool inside = !path.empty();
    Open open{
        static_cast<std::int64_t>(i), {}, inside && path.back().skip, inside && path.back().head};
    const std::int64_t type = integer(types[i], 0);
    if (type == kText) {
      if (open.skip) continue;
      const std::string_view text = string(item(member(nodes, "nodeValue"), i));
      if (open.head) {
        const bool script = path.back().name == "script";
        if (script) {
          append_script(out_.html, text);
        } else {
          base::append_html(out_.html, text, base::HtmlPlace::kText);
        }
      } else if (is_visible_text(boxes, i)) {
        out_.shown_bytes += text.size();
        base::append_html(out_.html, text, base::HtmlPlace::kText);
      } else if (base::trim(text).empty()) {
        out_.html += ' ';  // between two inline elements it has no box of its own
      } else {
        out_.hidden_bytes += text.size();
      }
      continue;
    }
    if (type == kElement && !open.skip) {
      write_element(nodes, i, box, open);
      const auto frame = frames.find(static_cast<std::int64_t>(i));
      if (frame != frames.end() && box.laid_out && depth < limits_.frame_depth_max &&
          frame->second > static_cast<std::int64_t>(index) &&
          static_cast<std::size_t>(frame->second) < documents_.size()) {
        // A frame's own text would be parsed as text: its document stands behind it.
        close_to(static_cast<std::int64_t>(i));
        if (!open.name.empty()) out_.html += "</" + open.name + ">";
        open.name = "div";
        out_.html += "<div>";
        write_document(static_cast<std::size_t>(frame->second), depth + 1);
      }
    }
    path.push_back(std::move(open));
  }
  close_to(-2);
}

}  // namespace

Json snapshot_parameters() {
  Json styles = Json::array();
  for (const std::string_view name : kStyleNames) styles.push_back(name);
  return {{"computedStyles", styles},
          {"includeDOMRects", false},
          {"includeBlendedBackgroundColors", true}};
}

base::Result<VisibleHtml> visible_html(const Json& snapshot, SnapshotLimits limits) {
  return Writer(snapshot, limits).run();
}

}  // namespace seine::web
