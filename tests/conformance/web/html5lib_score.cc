#include <algorithm>
#include <map>

#include "base/text.h"
#include "base/utf8.h"
#include "scoring.h"
#include "web/extract/charset/sniff.h"
#include "web/extract/html/parser.h"
#include "web/extract/html/tokenizer.h"

namespace seine::web::conform {
namespace {

namespace fs = std::filesystem;
using html::AttributePrefix;
using html::Namespace;
using html::Node;
using html::NodeType;

using Sections = std::map<std::string, std::string, std::less<>>;

// The .dat format: "#data", "#errors", "#document" ... each on its own line.
std::vector<Sections> read_cases(const std::string& text) {
  std::vector<Sections> cases;
  std::string* section = nullptr;
  for (const std::string_view line : base::split(text, '\n')) {
    const bool start = line == "#data";
    static constexpr std::string_view kNames[] = {"#errors",   "#new-errors", "#document-fragment",
                                                  "#document", "#script-on",  "#script-off",
                                                  "#encoding"};
    if (start || (section != nullptr && std::ranges::find(kNames, line) != std::end(kNames))) {
      if (start) cases.emplace_back();
      section = &cases.back()[std::string(line.substr(1))];
    } else if (section != nullptr) {
      *section += line;
      *section += '\n';
    }
  }
  for (Sections& one : cases) {
    for (auto& [name, body] : one) {
      if (body.ends_with('\n')) body.pop_back();
      // A blank line parts two cases.
      if (name == "document" || name == "encoding") {
        while (body.ends_with('\n')) body.pop_back();
      }
    }
  }
  return cases;
}

std::string attribute_label(const html::Attribute& attribute) {
  switch (attribute.prefix) {
    case AttributePrefix::kXlink:
      return "xlink " + std::string(attribute.name);
    case AttributePrefix::kXml:
      return "xml " + std::string(attribute.name);
    case AttributePrefix::kXmlns:
      return "xmlns " + std::string(attribute.name);
    case AttributePrefix::kNone:
      break;
  }
  return std::string(attribute.name);
}

void print_node(const Node* node, std::size_t depth, std::string& out) {
  const std::string indent = "| " + std::string(depth * 2, ' ');
  switch (node->type) {
    case NodeType::kDoctype:
      out += indent + "<!DOCTYPE " + std::string(node->name);
      if (!node->text.empty() || !node->system_id.empty()) {
        out += fmt::format(" \"{}\" \"{}\"", node->text, node->system_id);
      }
      out += ">\n";
      return;
    case NodeType::kText:
      out += indent + "\"" + std::string(node->text) + "\"\n";
      return;
    case NodeType::kComment:
      out += indent + "<!-- " + std::string(node->text) + " -->\n";
      return;
    case NodeType::kDocument:
      return;
    case NodeType::kElement:
      break;
  }
  const std::string_view ns = node->ns == Namespace::kSvg      ? "svg "
                              : node->ns == Namespace::kMathml ? "math "
                                                               : "";
  out += fmt::format("{}<{}{}>\n", indent, ns, node->name);
  std::vector<std::pair<std::string, std::string_view>> attributes;
  for (std::uint32_t i = 0; i < node->attribute_count; ++i) {
    attributes.emplace_back(attribute_label(node->attributes[i]), node->attributes[i].value);
  }
  std::ranges::sort(attributes);
  for (const auto& [name, value] : attributes)
    out += fmt::format("{}  {}=\"{}\"\n", indent, name, value);
}

// Test trees are shallow: recursion is for the contents of templates only.
void print_tree(const Node* root, std::size_t depth, std::string& out) {
  const Node* node = root->first_child;
  std::size_t level = depth;
  while (node != nullptr) {
    print_node(node, level, out);
    if (node->content != nullptr) {
      out += "| " + std::string((level + 1) * 2, ' ') + "content\n";
      print_tree(node->content, level + 2, out);
    }
    if (node->first_child != nullptr) {
      node = node->first_child;
      ++level;
      continue;
    }
    while (node != root && node->next == nullptr) {
      node = node->parent;
      --level;
    }
    if (node == root) return;
    node = node->next;
  }
}

std::string run_tree(const Sections& one) {
  std::unique_ptr<html::Document> document;
  const std::string& data = one.at("data");
  if (const auto fragment = one.find("document-fragment"); fragment != one.end()) {
    std::string_view context = fragment->second;
    Namespace ns = Namespace::kHtml;
    if (context.starts_with("svg ")) {
      ns = Namespace::kSvg;
      context.remove_prefix(4);
    } else if (context.starts_with("math ")) {
      ns = Namespace::kMathml;
      context.remove_prefix(5);
    }
    document = html::parse_fragment(data, context, ns);
  } else {
    document = html::parse(data);
  }
  std::string out;
  print_tree(document->root, 0, out);
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

// Tokens as the .test files list them: ["StartTag", name, {attributes}, true?] ...
base::Json run_tokenizer(const std::string& input, const std::string& state,
                         const std::string& last_start_tag) {
  html::Arena arena;
  html::Tokenizer tokenizer(input, arena);
  if (state == "PLAINTEXT state") tokenizer.set_mode(html::TextMode::kPlaintext);
  if (state == "RCDATA state") tokenizer.set_mode(html::TextMode::kRcdata, last_start_tag);
  if (state == "RAWTEXT state") tokenizer.set_mode(html::TextMode::kRawtext, last_start_tag);
  if (state == "Script data state") tokenizer.set_mode(html::TextMode::kScript, last_start_tag);
  if (state == "CDATA section state") tokenizer.set_mode(html::TextMode::kCdata);
  base::Json out = base::Json::array();
  while (true) {
    const html::Token& token = tokenizer.next();
    switch (token.type) {
      case html::TokenType::kEnd:
        return out;
      case html::TokenType::kText:
        if (!out.empty() && out.back()[0] == "Character") {
          out.back()[1] = out.back()[1].get<std::string>() + std::string(token.text);
        } else {
          out.push_back({"Character", std::string(token.text)});
        }
        break;
      case html::TokenType::kComment:
        out.push_back({"Comment", std::string(token.text)});
        break;
      case html::TokenType::kEndTag:
        out.push_back({"EndTag", std::string(token.name)});
        break;
      case html::TokenType::kStartTag: {
        base::Json attributes = base::Json::object();
        for (const html::Attribute& attribute : token.attributes) {
          attributes[std::string(attribute.name)] = std::string(attribute.value);
        }
        base::Json row = {"StartTag", std::string(token.name)};
        row.push_back(std::move(attributes));
        if (token.self_closing) row.push_back(true);
        out.push_back(std::move(row));
        break;
      }
      case html::TokenType::kDoctype: {
        const auto id = [](const auto& text) {
          return text ? base::Json(std::string(*text)) : base::Json();
        };
        base::Json row = {"DOCTYPE"};
        row.push_back(token.name.empty() ? base::Json() : base::Json(std::string(token.name)));
        row.push_back(id(token.public_id));
        row.push_back(id(token.system_id));
        row.push_back(!token.force_quirks);
        out.push_back(std::move(row));
        break;
      }
    }
  }
}

// A second level of \uXXXX escapes where the test says doubleEscaped.
std::string unescape(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"')
      quoted += "\\\"";
    else if (c == '\n')
      quoted += "\\n";
    else if (c == '\r')
      quoted += "\\r";
    else if (c == '\t')
      quoted += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20)
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      quoted.push_back(c);
  }
  return to_json(quoted + "\"", "escape").get<std::string>();
}

void unescape_all(base::Json& value) {
  if (value.is_string()) value = unescape(value.get<std::string>());
  if (value.is_array()) {
    for (base::Json& item : value) unescape_all(item);
  }
  if (value.is_object()) {
    base::Json changed = base::Json::object();
    for (auto& [key, item] : value.items()) {
      unescape_all(item);
      changed[unescape(key)] = item;
    }
    value = changed;
  }
}

bool same_tokens(const base::Json& a, const base::Json& b) {
  // Attribute order does not matter.
  return nlohmann::json::parse(a.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) ==
         nlohmann::json::parse(b.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

struct Tally {
  std::size_t passed = 0;
  std::size_t total = 0;
};

}  // namespace

Outcome score_html5lib(const fs::path& dir) {
  Outcome outcome;
  Tally whole, fragments, tokens, encodings;
  const auto files_in = [&](std::string_view folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(dir / folder, error))
      files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
  };
  for (const fs::path& file : files_in("tree-construction")) {
    for (const Sections& one : read_cases(read_file(file))) {
      if (one.contains("script-on") || !one.contains("document")) continue;
      Tally& tally = one.contains("document-fragment") ? fragments : whole;
      ++tally.total;
      const std::string got = run_tree(one);
      if (got == one.at("document")) {
        ++tally.passed;
      } else {
        outcome.failures.push_back(
            fmt::format("{}: {}\n  wanted\n{}\n  got\n{}", file.filename().string(),
                        one.at("data").substr(0, 300), one.at("document"), got));
      }
    }
  }
  for (const fs::path& file : files_in("tokenizer")) {
    const base::Json suite = read_json(file);
    const base::Json* tests = base::find(suite, "tests");
    if (tests == nullptr) continue;  // xmlViolation: a mode for XML serialisers
    for (const base::Json& test : *tests) {
      base::Json wanted = test["output"];
      std::string input = text_of(test, "input");
      if (test.value("doubleEscaped", false)) {
        input = unescape(input);
        unescape_all(wanted);
      }
      base::Json states = test.value("initialStates", base::Json::array({"Data state"}));
      for (const base::Json& state : states) {
        ++tokens.total;
        const base::Json got =
            run_tokenizer(input, state.get<std::string>(), text_of(test, "lastStartTag"));
        if (same_tokens(got, wanted)) {
          ++tokens.passed;
        } else {
          outcome.failures.push_back(fmt::format(
              "{}: {} ({}): {} wanted {}", file.filename().string(), text_of(test, "description"),
              state.get<std::string>(), base::to_text(got), base::to_text(wanted)));
        }
      }
    }
  }
  for (const fs::path& file : files_in("encoding")) {
    for (const Sections& one : read_cases(read_file(file))) {
      if (!one.contains("encoding")) continue;
      ++encodings.total;
      const auto found = prescan_meta(one.at("data"), kLatePrescanBytes);
      const std::string got =
          base::ascii_lower(encoding_name(found.value_or(Encoding::kWindows1252)));
      if (got == base::ascii_lower(one.at("encoding"))) {
        ++encodings.passed;
      } else {
        outcome.failures.push_back(fmt::format("{}: {} wanted {} got {}", file.filename().string(),
                                               one.at("data").substr(0, 200), one.at("encoding"),
                                               got));
      }
    }
  }
  outcome.share("tree construction", whole.passed, whole.total, 0.952);
  outcome.share("tree construction, fragments", fragments.passed, fragments.total, 0.952);
  outcome.share("tokenizer", tokens.passed, tokens.total, 0.99);
  outcome.share("encoding", encodings.passed, encodings.total, 0.99);
  return outcome;
}

}  // namespace seine::web::conform
