#include "engine/constraint/call_grammar.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/json.h"
#include "engine/constraint/free_text.h"
#include "engine/constraint/json_grammar.h"
#include "engine/constraint/json_schema.h"
#include "engine/constraint/regex.h"
#include "engine/parse/call_parser.h"

namespace seine::engine {
namespace {

using base::Code;
using base::Json;
using base::Result;
using NodeId = Grammar::NodeId;

constexpr std::string_view kThinkEnd = "</think>";
constexpr char kCodeByte = '\xFF';  // in no UTF-8 text

std::string json_text(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

// A name is put between signs as it is.
Result<> check_name(const std::string& name) {
  const auto is_bad = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || std::string_view("<>\"'`{}\\").contains(c);
  };
  if (!name.empty() && std::ranges::none_of(name, is_bad)) return {};
  return base::fail_field(Code::kInvalidArgument, "tools",
                          "a tool named {} cannot be called: a name holds no signs or quotes",
                          json_text(name));
}

std::string pointer_to(std::string_view property) {
  std::string out = "#/properties/";
  for (const char c : property) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

class CallGrammar {
 public:
  CallGrammar(const CallRules& rules, const CallSigns& signs)
      : rules_(rules), signs_(signs), json_(*grammar_) {}

  Result<std::shared_ptr<const Grammar>> build() {
    const Grammar::RuleId root = grammar_->declare();
    const NodeId calls = SEINE_TRY(this->calls());
    const NodeId body = rules_.required ? breaks(calls) : SEINE_TRY(answer(calls));
    grammar_->define(root,
                     rules_.thinking ? text({written(kThinkEnd), breaks(body)}, false) : body);
    SEINE_CHECK(grammar_->finish(root));
    return std::shared_ptr<const Grammar>(std::move(grammar_));
  }

 private:
  std::string written(std::string_view text) const { return signs_.coded(text); }
  NodeId literal(std::string_view text, NodeId next) {
    return grammar_->literal(written(text), next);
  }
  // Up to two line feeds, as models write them before calls.
  NodeId breaks(NodeId next) {
    return grammar_->either(
        next, grammar_->byte('\n', grammar_->either(next, grammar_->byte('\n', next))));
  }

  // Text that spells no sign of a call.
  NodeId text(const FreeTextExit& exit, bool may_end) {
    std::vector<std::string> signs = CallParser::of(rules_.format)->openers().spellings();
    signs.emplace_back(kThinkEnd);
    return emit_free_text(*grammar_, signs, std::array{exit}, may_end);
  }

  // What is said when nothing is called, or before.
  Result<NodeId> answer(NodeId calls) {
    if (std::holds_alternative<std::monostate>(rules_.answer))
      return text({written(opener()), after_opener_}, true);
    NodeId form = Grammar::kEnd;
    if (const auto* schema = std::get_if<llm::JsonSchemaConstraint>(&rules_.answer)) {
      const Json document = SEINE_TRY(base::parse_json(schema->schema));
      form = grammar_->call(SEINE_TRY(emit_json_schema(*grammar_, document, "#")), Grammar::kEnd);
    } else if (const auto* regex = std::get_if<llm::RegexConstraint>(&rules_.answer)) {
      const RegexNode node = SEINE_TRY(parse_regex(regex->pattern, RegexMatch::kWhole));
      form = emit_regex(*grammar_, node, RegexText::kPlain, Grammar::kEnd);
    } else if (std::holds_alternative<llm::JsonObjectConstraint>(rules_.answer)) {
      form = json_.object(Grammar::kEnd);
    } else {
      return base::fail_field(Code::kInvalidArgument, "tools",
                              "an answer made of spans of passages calls no tools");
    }
    return grammar_->either(form, breaks(calls));
  }

  // How calls begin.
  std::string_view opener() const {
    switch (rules_.format) {
      case ToolFormat::kDeepSeekR1:
      case ToolFormat::kDeepSeekV31:
        return "<｜tool▁calls▁begin｜>";
      case ToolFormat::kDsml:
        return "<｜DSML｜function_calls>";
      case ToolFormat::kHermes:
        break;
    }
    return "<tool_call>";
  }

  // All calls, from the opener on.
  Result<NodeId> calls() {
    const NodeId again = grammar_->reserve();  // behind a call: another one or the end
    NodeId end = Grammar::kEnd;
    std::string_view between;
    switch (rules_.format) {
      case ToolFormat::kDeepSeekR1:
        between = "\n";
        [[fallthrough]];
      case ToolFormat::kDeepSeekV31:
        end = literal("<｜tool▁calls▁end｜>", Grammar::kEnd);
        break;
      case ToolFormat::kDsml:
        end = literal("</｜DSML｜function_calls>", Grammar::kEnd);
        break;
      case ToolFormat::kHermes:
        between = "\n<tool_call>";
        break;
    }
    std::vector<NodeId> ways;
    for (const llm::Tool& tool : rules_.tools) {
      SEINE_CHECK(check_name(tool.name));
      auto way = one(tool, again);
      if (!way) {
        base::Error error = std::move(way).error();
        error.message = fmt::format("tool '{}': {}", tool.name, error.message);
        error.field = "tools";
        return std::unexpected(std::move(error));
      }
      ways.push_back(*way);
    }
    const NodeId call = grammar_->alternatives(ways);
    std::vector<NodeId> then = {end};
    if (rules_.several) then.push_back(literal(between, call));
    grammar_->set_alternatives(again, then);
    after_opener_ = rules_.format == ToolFormat::kDsml ? grammar_->byte('\n', call) : call;
    return literal(opener(), after_opener_);
  }

  // One call of `tool`; Hermes' begins behind its opener.
  Result<NodeId> one(const llm::Tool& tool, NodeId next) {
    switch (rules_.format) {
      case ToolFormat::kDeepSeekR1:
        return literal("<｜tool▁call▁begin｜>function<｜tool▁sep｜>" + tool.name + "\n```json\n",
                       SEINE_TRY(arguments(tool, literal("\n```<｜tool▁call▁end｜>", next))));
      case ToolFormat::kDeepSeekV31:
        return literal("<｜tool▁call▁begin｜>" + tool.name + "<｜tool▁sep｜>",
                       SEINE_TRY(arguments(tool, literal("<｜tool▁call▁end｜>", next))));
      case ToolFormat::kDsml:
        return literal("<｜DSML｜invoke name=\"" + tool.name + "\">\n",
                       SEINE_TRY(parameters(tool, literal("</｜DSML｜invoke>\n", next))));
      case ToolFormat::kHermes:
        break;
    }
    return literal("\n{\"name\": " + json_text(tool.name) + ", \"arguments\": ",
                   SEINE_TRY(arguments(tool, literal("}\n</tool_call>", next))));
  }

  Result<NodeId> arguments(const llm::Tool& tool, NodeId next) {
    if (!tool.strict || tool.parameters.empty()) return json_.object(next);
    const Json schema = SEINE_TRY(base::parse_json(tool.parameters));
    return grammar_->call(SEINE_TRY(emit_json_schema(*grammar_, schema, "#")), next);
  }

  NodeId parameter(std::string_view name, bool is_string, NodeId value) {
    return literal(fmt::format("<｜DSML｜parameter name=\"{}\" string=\"{}\">", name, is_string),
                   value);
  }
  NodeId parameter_end(NodeId next) { return literal("</｜DSML｜parameter>\n", next); }
  // Nothing that could begin a sign is held by a plain value.
  NodeId plain_value(NodeId next) {
    const std::array forbidden = {std::string("</")};
    const std::array exits = {FreeTextExit{written("</｜DSML｜parameter>\n"), next}};
    return emit_free_text(*grammar_, forbidden, exits, false);
  }

  // V3.2 writes each member of the arguments as a parameter of its own: strings as they are.
  Result<NodeId> parameters(const llm::Tool& tool, NodeId next) {
    if (!tool.strict || tool.parameters.empty()) {
      const NodeId again = grammar_->reserve();
      CharSet name = CharSet::of(0x21, 0x10FFFF);
      for (const char c : std::string_view("\"<>\\")) {
        name = name.minus(CharSet::of(static_cast<char32_t>(c), static_cast<char32_t>(c)));
      }
      const NodeId kind = grammar_->either(
          grammar_->literal("\" string=\"true\">", plain_value(again)),
          grammar_->literal("\" string=\"false\">", json_.value(parameter_end(again))));
      const NodeId more = grammar_->reserve();
      const NodeId letter = name.emit(*grammar_, more);
      grammar_->set_alternatives(more, std::array{letter, kind});
      grammar_->set_alternatives(again,
                                 std::array{literal("<｜DSML｜parameter name=\"", letter), next});
      return again;
    }
    const Json schema = SEINE_TRY(base::parse_json(tool.parameters));
    const Json* properties = base::find(schema, "properties");
    // The whole is compiled once, for its errors.
    (void)SEINE_TRY(emit_json_schema(*grammar_, schema, "#"));
    if (properties == nullptr || !properties->is_object()) return next;
    const Json* required = base::find(schema, "required");
    NodeId at = next;
    for (auto each = properties->rbegin(); each != properties->rend(); ++each) {
      SEINE_CHECK(check_name(each.key()));
      const NodeId written = SEINE_TRY(member(schema, each.key(), each.value(), at));
      const bool must =
          required != nullptr &&
          std::ranges::any_of(*required, [&](const Json& name) { return name == each.key(); });
      at = must ? written : grammar_->either(written, at);
    }
    return at;
  }

  Result<NodeId> member(const Json& schema, const std::string& name, const Json& kind,
                        NodeId next) {
    const auto only = [&](std::string_view key) {
      return std::ranges::all_of(kind.items(), [key](const auto& item) {
        return item.key() == "type" || item.key() == key || item.key() == "description" ||
               item.key() == "title";
      });
    };
    const Json* type = kind.is_object() ? base::find(kind, "type") : nullptr;
    if (type != nullptr && *type == "string" && only("type"))
      return parameter(name, true, plain_value(next));
    const Json* listed = kind.is_object() ? base::find(kind, "enum") : nullptr;
    const auto is_plain = [](const Json& one) {
      return one.is_string() && !one.get_ref<const std::string&>().contains("</");
    };
    if (listed != nullptr && only("enum") && std::ranges::all_of(*listed, is_plain)) {
      const auto texts = listed->get<std::vector<std::string>>();
      return parameter(name, true, grammar_->literals(texts, parameter_end(next)));
    }
    const Grammar::RuleId rule = SEINE_TRY(emit_json_schema(*grammar_, schema, pointer_to(name)));
    return parameter(name, false, grammar_->call(rule, parameter_end(next)));
  }

  const CallRules& rules_;
  const CallSigns& signs_;
  std::shared_ptr<Grammar> grammar_ = std::make_shared<Grammar>();
  JsonGrammar json_;
  NodeId after_opener_ = Grammar::kEnd;
};

}  // namespace

Result<std::optional<CallRules>> CallRules::of(const llm::ChatRequest& request, ToolFormat format,
                                               bool thinking) {
  using Mode = llm::ToolChoice::Mode;
  const llm::ToolChoice& choice = request.tool_choice;
  if (choice.mode == Mode::kNone) return std::nullopt;
  CallRules out{.format = format,
                .tools = {},
                .required = choice.mode != Mode::kAuto,
                .several = request.parallel_tool_calls,
                .thinking = thinking,
                .answer = request.constraint};
  for (const llm::Tool& tool : request.tools) {
    if (choice.mode != Mode::kNamed || tool.name == choice.name) out.tools.push_back(tool);
  }
  if (out.required && out.tools.empty()) {
    return base::fail_field(Code::kInvalidArgument, "tool_choice", "{}",
                            choice.mode == Mode::kNamed
                                ? fmt::format("there is no tool named '{}' to call", choice.name)
                                : std::string("a tool must be called and none is given"));
  }
  const bool has_strict = std::ranges::any_of(out.tools, &llm::Tool::strict);
  const bool has_form = !std::holds_alternative<std::monostate>(out.answer);
  if (out.tools.empty() || (!out.required && out.several && !has_strict && !has_form))
    return std::nullopt;
  return out;
}

CallSigns::CallSigns(const Tokenizer& tokenizer) {
  for (std::size_t i = 0; i < kAll.size(); ++i) is_token_[i] = tokenizer.find(kAll[i]).has_value();
}

std::string_view CallSigns::code(std::size_t sign) {
  static constexpr auto kCodes = [] {
    std::array<std::array<char, 2>, kAll.size()> codes{};
    for (std::size_t i = 0; i < codes.size(); ++i)
      codes[i] = {kCodeByte, static_cast<char>('0' + i)};
    return codes;
  }();
  return {kCodes[sign].data(), kCodes[sign].size()};
}

std::string CallSigns::coded(std::string_view text) const {
  std::string out;
  while (!text.empty()) {
    std::size_t taken = 1;
    std::string_view piece = text.substr(0, 1);
    for (std::size_t i = 0; i < kAll.size(); ++i) {
      if (!is_token_[i] || !text.starts_with(kAll[i])) continue;
      taken = kAll[i].size();
      piece = code(i);
    }
    out += piece;
    text.remove_prefix(taken);
  }
  return out;
}

Result<std::shared_ptr<const Grammar>> call_grammar(const CallRules& rules,
                                                    const CallSigns& signs) {
  return CallGrammar(rules, signs).build();
}

}  // namespace seine::engine
