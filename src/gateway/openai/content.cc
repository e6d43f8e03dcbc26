#include "gateway/openai/content.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace seine::gateway::openai {

using base::Code;
using base::fail_field;
using base::Json;
using base::Result;

namespace {

constexpr std::size_t kNameBytesMax = 128;
constexpr std::size_t kSitesMax = 64;

bool is_text_part(std::string_view type) {
  return type == "text" || type == "input_text" || type == "output_text";
}

Result<std::string> part_text(const Json& part, const std::string& place) {
  const Fields fields = SEINE_TRY(Fields::of(part, place));
  const auto type = SEINE_TRY(fields.require<std::string>("type"));
  if (is_text_part(type)) return fields.require<std::string>("text");
  if (type == "refusal") return fields.require<std::string>("refusal");
  return fail_field(Code::kInvalidArgument, fields.at("type"),
                    "content of type '{}' cannot be read here; send text", type);
}

Result<std::string> function_name(const Fields& fields) {
  auto name = SEINE_TRY(fields.require<std::string>("name"));
  const bool sound =
      !name.empty() && name.size() <= kNameBytesMax && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '-' || c == '.';
      });
  if (!sound) {
    return fail_field(Code::kInvalidArgument, fields.at("name"),
                      "a function's name is 1 to {} of a-z, A-Z, 0-9, '_', '-' and '.'",
                      kNameBytesMax);
  }
  return name;
}

Result<llm::Tool> function_tool(const Fields& fields) {
  llm::Tool tool;
  tool.name = SEINE_TRY(function_name(fields));
  tool.description = SEINE_TRY(fields.get_or<std::string>("description", ""));
  tool.strict = SEINE_TRY(fields.get_or<bool>("strict", false));
  const Json* parameters = SEINE_TRY(fields.object("parameters"));
  tool.parameters =
      parameters != nullptr ? base::to_text(*parameters) : R"({"type":"object","properties":{}})";
  return tool;
}

Result<> keep_allowed(const Json& allowed, const std::string& place, bool nested, ToolSet& set) {
  ToolSet kept;
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    const Fields one = SEINE_TRY(Fields::of(allowed[i], element(place, i)));
    const auto type = SEINE_TRY(one.get_or<std::string>("type", "function"));
    if (type.starts_with("web_search")) {
      kept.web = set.web;
      continue;
    }
    const Json* function = nested ? SEINE_TRY(one.object("function")) : &allowed[i];
    const Fields inside(function != nullptr ? *function : allowed[i], one.place());
    const auto name = SEINE_TRY(function_name(inside));
    const auto found = std::ranges::find(set.tools, name, &llm::Tool::name);
    if (found == set.tools.end())
      return fail_field(Code::kInvalidArgument, one.place(), "there is no tool named '{}' to call",
                        name);
    kept.tools.push_back(*found);
  }
  set = std::move(kept);
  return {};
}

}  // namespace

Result<std::string> content_text(const Json* content, const std::string& place) {
  if (content == nullptr) return std::string();
  if (content->is_string()) return content->get_ref<const std::string&>();
  if (!content->is_array()) {
    return fail_field(Code::kInvalidArgument, place,
                      "'{}' must be a string or an array of parts, got {}", place,
                      base::type_name(*content));
  }
  if (content->size() > kPartsMax) {
    return fail_field(Code::kInvalidArgument, place, "'{}' has {} parts, the limit is {}", place,
                      content->size(), kPartsMax);
  }
  std::string text;
  for (std::size_t i = 0; i < content->size(); ++i) {
    const std::string piece = SEINE_TRY(part_text((*content)[i], element(place, i)));
    if (!text.empty() && !piece.empty() && !text.ends_with('\n')) text += '\n';
    text += piece;
  }
  return text;
}

Result<WebAsk> parse_web_ask(const Json& value, const std::string& place) {
  const Fields fields = SEINE_TRY(Fields::of(value, place));
  WebAsk ask;
  const auto size = SEINE_TRY(fields.get_or<std::string>("search_context_size", "medium"));
  if (size == "low") {
    ask.context = SearchContext::kLow;
  } else if (size == "high") {
    ask.context = SearchContext::kHigh;
  } else if (size != "medium") {
    return fail_field(Code::kInvalidArgument, fields.at("search_context_size"),
                      "search_context_size is low, medium or high, not '{}'", size);
  }
  if (const Json* location = SEINE_TRY(fields.object("user_location"))) {
    // Chat completions nest what Responses keeps flat.
    const Json* inner = base::find(*location, "approximate");
    const Fields where =
        SEINE_TRY(Fields::of(inner != nullptr ? *inner : *location, fields.at("user_location")));
    ask.country = SEINE_TRY(where.get_or<std::string>("country", ""));
    if (!ask.country.empty() && ask.country.size() != 2) {
      return fail_field(Code::kInvalidArgument, where.at("country"),
                        "a country has two letters, not '{}'", ask.country);
    }
  }
  if (const Json* filters = SEINE_TRY(fields.object("filters"))) {
    const Fields inside(*filters, fields.at("filters"));
    if (const Json* domains = SEINE_TRY(inside.array("allowed_domains", kSitesMax))) {
      for (const Json& domain : *domains) {
        if (!domain.is_string()) {
          return fail_field(Code::kInvalidArgument, inside.at("allowed_domains"),
                            "a domain is a string, not {}", base::type_name(domain));
        }
        ask.sites.push_back(domain.get<std::string>());
      }
    }
  }
  return ask;
}

Result<ToolSet> parse_tools(const Fields& body, bool nested) {
  ToolSet set;
  const Json* tools = SEINE_TRY(body.array("tools", kToolsMax));
  if (tools == nullptr) return set;
  for (std::size_t i = 0; i < tools->size(); ++i) {
    const Fields tool = SEINE_TRY(Fields::of((*tools)[i], element(body.at("tools"), i)));
    const auto type = SEINE_TRY(tool.get_or<std::string>("type", "function"));
    if (type.starts_with("web_search")) {
      set.web = SEINE_TRY(parse_web_ask((*tools)[i], tool.place()));
      continue;
    }
    if (type != "function") {
      return fail_field(Code::kInvalidArgument, tool.at("type"),
                        "a tool is a function or web_search, not '{}'", type);
    }
    if (!nested) {
      set.tools.push_back(SEINE_TRY(function_tool(tool)));
      continue;
    }
    const Json* function = SEINE_TRY(tool.object("function"));
    if (function == nullptr) {
      return fail_field(Code::kInvalidArgument, tool.at("function"), "'{}' is missing",
                        tool.at("function"));
    }
    set.tools.push_back(SEINE_TRY(function_tool(Fields(*function, tool.at("function")))));
  }
  return set;
}

Result<llm::ToolChoice> parse_tool_choice(const Fields& body, bool nested, ToolSet& set) {
  using Mode = llm::ToolChoice::Mode;
  const Json* choice = body.find("tool_choice");
  const std::string place = body.at("tool_choice");
  if (choice == nullptr) return llm::ToolChoice{};
  if (choice->is_string()) {
    const auto& name = choice->get_ref<const std::string&>();
    if (name == "auto") return llm::ToolChoice{Mode::kAuto, {}};
    if (name == "none") return llm::ToolChoice{Mode::kNone, {}};
    if (name == "required") return llm::ToolChoice{Mode::kRequired, {}};
    return fail_field(Code::kInvalidArgument, place,
                      "tool_choice is auto, none, required or an object, not '{}'", name);
  }
  const Fields fields = SEINE_TRY(Fields::of(*choice, place));
  const auto type = SEINE_TRY(fields.require<std::string>("type"));
  if (type == "function") {
    const Json* function = nested ? SEINE_TRY(fields.object("function")) : choice;
    if (function == nullptr) {
      return fail_field(Code::kInvalidArgument, fields.at("function"), "'{}' is missing",
                        fields.at("function"));
    }
    const Fields inside(*function, nested ? fields.at("function") : place);
    return llm::ToolChoice{Mode::kNamed, SEINE_TRY(function_name(inside))};
  }
  if (type.starts_with("web_search")) return llm::ToolChoice{};
  if (type == "allowed_tools") {
    const Json* allowed = nested ? SEINE_TRY(fields.object("allowed_tools")) : choice;
    const Fields inside(allowed != nullptr ? *allowed : *choice,
                        nested ? fields.at("allowed_tools") : place);
    const auto mode = SEINE_TRY(inside.get_or<std::string>("mode", "auto"));
    if (const Json* tools = SEINE_TRY(inside.array("tools", kToolsMax)))
      SEINE_CHECK(keep_allowed(*tools, inside.at("tools"), nested, set));
    return llm::ToolChoice{mode == "required" ? Mode::kRequired : Mode::kAuto, {}};
  }
  return fail_field(Code::kInvalidArgument, fields.at("type"),
                    "a tool choice is of type function or allowed_tools, not '{}'", type);
}

Result<llm::ToolCall> parse_tool_call(const Json& value, const std::string& place) {
  const Fields fields = SEINE_TRY(Fields::of(value, place));
  const Json* function = SEINE_TRY(fields.object("function"));
  if (function == nullptr) {
    return fail_field(Code::kInvalidArgument, fields.at("function"), "'{}' is missing",
                      fields.at("function"));
  }
  const Fields inside(*function, fields.at("function"));
  llm::ToolCall call;
  call.id = SEINE_TRY(fields.get_or<std::string>("id", ""));
  call.name = SEINE_TRY(function_name(inside));
  call.arguments = SEINE_TRY(inside.get_or<std::string>("arguments", "{}"));
  return call;
}

Result<llm::Effort> parse_effort(std::string_view name, const std::string& place) {
  using llm::Effort;
  if (name == "none" || name == "off") return Effort::kOff;
  if (name == "minimal" || name == "low") return Effort::kLow;
  if (name == "medium" || name == "high" || name == "xhigh") return Effort::kHigh;
  if (name == "max" || name == "ultra") return Effort::kMax;
  return fail_field(Code::kInvalidArgument, place,
                    "an effort is none, minimal, low, medium, high, xhigh, max or ultra, not '{}'",
                    name);
}

Result<llm::Constraint> parse_format(const Json& value, const std::string& place, bool nested) {
  const Fields fields = SEINE_TRY(Fields::of(value, place));
  const auto type = SEINE_TRY(fields.require<std::string>("type"));
  if (type == "text") return llm::Constraint{};
  if (type == "json_object") return llm::Constraint{llm::JsonObjectConstraint{}};
  if (type == "json_schema") {
    const Json* outer = nested ? SEINE_TRY(fields.object("json_schema")) : &value;
    const Json* schema = outer != nullptr ? base::find(*outer, "schema") : nullptr;
    const std::string where = fields.at(nested ? "json_schema.schema" : "schema");
    if (schema == nullptr || !schema->is_object()) {
      return fail_field(Code::kInvalidArgument, where, "'{}' must be an object", where);
    }
    return llm::Constraint{llm::JsonSchemaConstraint{base::to_text(*schema)}};
  }
  if (type == "regex") {
    return llm::Constraint{llm::RegexConstraint{SEINE_TRY(fields.require<std::string>("pattern"))}};
  }
  return fail_field(Code::kInvalidArgument, fields.at("type"),
                    "a format is text, json_object, json_schema or regex, not '{}'", type);
}

Result<std::vector<std::string>> parse_stop(const Fields& body, std::string_view key) {
  std::vector<std::string> stop;
  const Json* value = body.find(key);
  if (value == nullptr) return stop;
  if (value->is_string()) {
    stop.push_back(value->get<std::string>());
  } else {
    const Json* list = SEINE_TRY(body.array(key, llm::ChatRequest::kStopMax));
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (!(*list)[i].is_string()) {
        return fail_field(Code::kInvalidArgument, element(body.at(key), i),
                          "a stop sequence is a string, not {}", base::type_name((*list)[i]));
      }
      stop.push_back((*list)[i].get<std::string>());
    }
  }
  std::erase(stop, "");
  return stop;
}

Result<std::vector<std::int32_t>> parse_stop_tokens(const Fields& body) {
  std::vector<std::int32_t> stop;
  const Json* list = SEINE_TRY(body.array("stop_token_ids", llm::ChatRequest::kStopMax));
  for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) {
    const Json& id = (*list)[i];
    if (!id.is_number_unsigned() || id.get<std::uint64_t>() > INT32_MAX) {
      return fail_field(Code::kInvalidArgument, element(body.at("stop_token_ids"), i),
                        "'{}' is no token id", base::to_text(id));
    }
    stop.push_back(static_cast<std::int32_t>(id.get<std::uint64_t>()));
  }
  return stop;
}

Result<llm::Sampling> parse_sampling(const Fields& body) {
  llm::Sampling sampling;
  sampling.temperature = SEINE_TRY(body.number("temperature", 0, 2)).value_or(1);
  sampling.top_p = SEINE_TRY(body.number("top_p", 0, 1)).value_or(1);
  sampling.min_p = SEINE_TRY(body.number("min_p", 0, 1)).value_or(0);
  sampling.typical_p = SEINE_TRY(body.number("typical_p", 0, 1)).value_or(1);
  sampling.top_k = SEINE_TRY(body.count("top_k", 0, 1'000'000)).value_or(0);
  sampling.repetition_penalty = SEINE_TRY(body.number("repetition_penalty", 0.01, 10)).value_or(1);
  sampling.presence_penalty = SEINE_TRY(body.number("presence_penalty", -2, 2)).value_or(0);
  sampling.frequency_penalty = SEINE_TRY(body.number("frequency_penalty", -2, 2)).value_or(0);
  if (const auto seed = SEINE_TRY(body.get<std::int64_t>("seed"))) {
    sampling.seed = static_cast<std::uint64_t>(*seed);
  }
  if (const Json* bias = SEINE_TRY(body.object("logit_bias"))) {
    constexpr std::size_t kBiasMax = 1024;
    if (bias->size() > kBiasMax) {
      return fail_field(Code::kInvalidArgument, body.at("logit_bias"),
                        "logit_bias names {} tokens, the limit is {}", bias->size(), kBiasMax);
    }
    const Fields inside(*bias, body.at("logit_bias"));
    for (const auto& [token, value] : bias->items()) {
      const auto id = base::parse_i64(token);
      if (!id || *id < 0 || *id > INT32_MAX) {
        return fail_field(Code::kInvalidArgument, inside.at(token), "'{}' is no token id", token);
      }
      const auto amount = SEINE_TRY(inside.number(token, -100, 100));
      if (amount) sampling.logit_bias[static_cast<std::int32_t>(*id)] = *amount;
    }
  }
  return sampling;
}

}  // namespace seine::gateway::openai
