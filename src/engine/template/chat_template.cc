#include "engine/template/chat_template.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace seine::engine {
namespace {

using jinja::Dict;
using jinja::List;
using jinja::Value;

// A noncharacter (Unicode, section 23.7), which text for interchange has no use for: where the
// prompt is cut.
constexpr std::string_view kCut = "\uFDD0";

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view effort_name(llm::Effort effort) {
  static constexpr std::array<std::string_view, 4> kNames = {"off", "low", "high", "max"};
  return kNames[static_cast<std::size_t>(effort)];
}

// The template, and the one for tools, in tokenizer_config.json or the metadata.
struct Sources {
  std::string plain;
  std::string with_tools;
};

base::Result<Sources> sources_of(const ModelFile& model) {
  Sources out;
  const Metadata& metadata = model.metadata();
  out.plain = SEINE_TRY(metadata.get_or<std::string_view>("tokenizer.chat_template", ""));
  out.with_tools =
      SEINE_TRY(metadata.get_or<std::string_view>("tokenizer.chat_template.tool_use", ""));
  if (!out.plain.empty() || model.tokenizer_config_json().empty()) return out;
  const base::Json config = SEINE_TRY(base::parse_json(model.tokenizer_config_json()));
  const base::Json* given = base::find(config, "chat_template");
  if (given == nullptr) return out;
  if (given->is_string()) {
    out.plain = given->get<std::string>();
  } else if (given->is_array()) {
    for (const base::Json& one : *given) {
      const std::string name = SEINE_TRY(base::get_or<std::string>(one, "name", ""));
      std::string text = SEINE_TRY(base::get_or<std::string>(one, "template", ""));
      if (name == "default") out.plain = text;
      if (name == "tool_use") out.with_tools = std::move(text);
    }
  }
  return out;
}

std::string_view family_of(const ModelFile& model, const Tokenizer& tokenizer) {
  const auto named = model.metadata().get_or<std::string_view>("general.architecture", "");
  const std::string_view architecture = named ? *named : std::string_view();
  if (architecture == "deepseek32") return "deepseek-v3.2";
  if (tokenizer.find("<｜User｜>")) {
    return tokenizer.find("<think>") || architecture == "deepseek2" ? "deepseek-r1"
                                                                    : "deepseek-chat";
  }
  return tokenizer.find("<|im_start|>") ? "chatml" : "deepseek-chat";
}

bool ends_thinking(std::string_view text) {
  return base::trim(text).ends_with("<think>");
}

}  // namespace

std::string ChatPrompt::text() const {
  std::string out;
  for (const std::string& piece : pieces) out += piece;
  return out;
}

std::vector<TokenId> ChatPrompt::encode(const Tokenizer& tokenizer) const {
  std::vector<TokenId> out;
  PieceCache cache(1 << 10);
  for (const std::string& piece : pieces) {
    tokenizer.encode(piece, {.parse_special = true, .add_special = false}, cache, out);
  }
  return out;
}

base::Result<ChatTemplate> ChatTemplate::of_model(const ModelFile& model,
                                                  std::shared_ptr<const Tokenizer> tokenizer) {
  Sources sources = SEINE_TRY(sources_of(model));
  if (sources.plain.empty()) sources.plain = *builtin(family_of(model, *tokenizer));
  return of_text(sources.plain, sources.with_tools, std::move(tokenizer));
}

base::Result<ChatTemplate> ChatTemplate::of_text(std::string_view source,
                                                 std::string_view with_tools,
                                                 std::shared_ptr<const Tokenizer> tokenizer) {
  ChatTemplate out(SEINE_TRY(Template::parse(source)), std::move(tokenizer));
  out.source_ = source;
  if (!with_tools.empty()) out.with_tools_ = SEINE_TRY(Template::parse(with_tools));
  out.inspect();
  if (!with_tools.empty()) out.shows_tools_ = true;
  return out;
}

void ChatTemplate::inspect() {
  shows_tools_ = has(source_, "tools");
  // R1's is told from V3.1's by the fence around the arguments.
  if (has(source_, "｜DSML｜")) {
    tool_format_ = ToolFormat::kDsml;
  } else if (has(source_, "tool▁sep") || has(source_, "<｜Assistant｜>")) {
    tool_format_ = !has(source_, "tool▁sep") || has(source_, "```json") ? ToolFormat::kDeepSeekR1
                                                                        : ToolFormat::kDeepSeekV31;
  }
  thinks_ = has(source_, "<think>") || has(source_, "enable_thinking");
  for (std::size_t i = 0; i < tokenizer_->size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string_view text = tokenizer_->bytes(id);
    // One byte cannot be cut, and is no control token worth the name.
    if (tokenizer_->kind(id) == TokenKind::kControl && text.size() > 1) control_.emplace_back(text);
  }
  std::ranges::sort(control_, std::ranges::greater{}, &std::string::size);
}

// Puts a cut behind the first code point of every control token that the text spells.
std::string ChatTemplate::guarded(std::string_view text) const {
  std::array<bool, 256> starts{};
  for (const std::string& token : control_) starts[static_cast<unsigned char>(token[0])] = true;
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (rest.starts_with(kCut)) {
      base::append_utf8(out, base::kReplacement);
      at += kCut.size();
      continue;
    }
    const std::size_t length = base::decode_utf8(rest).length;
    out += rest.substr(0, length);
    const bool spells = starts[static_cast<unsigned char>(rest[0])] &&
                        std::ranges::any_of(control_, [&](const std::string& token) {
                          return token.size() > length && rest.starts_with(token);
                        });
    if (spells) out += kCut;
    at += length;
  }
  return out;
}

// For templates that say nothing of tools.
std::string ChatTemplate::tools_text(const std::vector<llm::Tool>& tools) const {
  std::string out = "## Tools\n\nYou may call these functions:\n";
  for (const llm::Tool& tool : tools) {
    out += fmt::format("\n### {}\nDescription: {}\nParameters, as a JSON schema: {}\n",
                       guarded(tool.name), guarded(tool.description),
                       tool.parameters.empty() ? "{}" : guarded(tool.parameters));
  }
  out += "\nTo call one, write exactly this, with the arguments as JSON:\n";
  switch (tool_format_) {
    case ToolFormat::kDeepSeekR1:
      out +=
          "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>NAME\n```"
          "json\nARGUMENTS\n"
          "```<｜tool▁call▁end｜><｜tool▁calls▁end｜>";
      break;
    case ToolFormat::kDeepSeekV31:
      out +=
          "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>NAME<｜tool▁sep｜>ARGUMENTS<"
          "｜tool▁call▁end｜>"
          "<｜tool▁calls▁end｜>";
      break;
    case ToolFormat::kDsml:
    case ToolFormat::kHermes:
      out += "<tool_call>\n{\"name\": NAME, \"arguments\": ARGUMENTS}\n</tool_call>";
      break;
  }
  return out;
}

Value ChatTemplate::message_value(const llm::Message& message, std::string_view suffix) const {
  Dict out;
  out.set("role", Value::of(llm::role_name(message.role)));
  const bool silent = message.content.empty() && !message.tool_calls.empty();
  out.set("content",
          silent ? Value::none() : Value::of(guarded(message.content) + std::string(suffix)));
  if (!message.reasoning.empty()) {
    out.set("reasoning_content", Value::of(guarded(message.reasoning)));
  }
  if (!message.name.empty()) out.set("name", Value::of(guarded(message.name)));
  if (!message.tool_call_id.empty()) {
    out.set("tool_call_id", Value::of(guarded(message.tool_call_id)));
  }
  if (message.tool_calls.empty()) return Value::of(std::move(out));
  // DeepSeek's templates put the arguments in as text, all others as a value.
  const bool as_text =
      tool_format_ == ToolFormat::kDeepSeekR1 || tool_format_ == ToolFormat::kDeepSeekV31;
  List calls;
  for (const llm::ToolCall& call : message.tool_calls) {
    Dict function;
    function.set("name", Value::of(guarded(call.name)));
    const std::string arguments = guarded(call.arguments);
    const auto parsed = base::parse_json(arguments, {.depth_max = 64});
    function.set("arguments", as_text || !parsed || !parsed->is_object() ? Value::of(arguments)
                                                                         : Value::of_json(*parsed));
    Dict item;
    item.set("type", Value::of("function"));
    item.set("id", Value::of(guarded(call.id)));
    item.set("function", Value::of(std::move(function)));
    calls.push_back(Value::of(std::move(item)));
  }
  out.set("tool_calls", Value::of(std::move(calls)));
  return Value::of(std::move(out));
}

Value ChatTemplate::tools_value(const std::vector<llm::Tool>& tools) const {
  List out;
  for (const llm::Tool& tool : tools) {
    Dict function;
    function.set("name", Value::of(guarded(tool.name)));
    function.set("description", Value::of(guarded(tool.description)));
    const auto parsed = base::parse_json(guarded(tool.parameters), {.depth_max = 64});
    function.set("parameters", parsed ? Value::of_json(*parsed) : Value::of(Dict{}));
    Dict item;
    item.set("type", Value::of("function"));
    item.set("function", Value::of(std::move(function)));
    out.push_back(Value::of(std::move(item)));
  }
  return Value::of(std::move(out));
}

base::Result<ChatPrompt> ChatTemplate::render(const llm::ChatRequest& request,
                                              const base::Clock& clock) const {
  std::vector<llm::Tool> tools;
  for (const llm::Tool& tool : request.tools) {
    const llm::ToolChoice& choice = request.tool_choice;
    if (choice.mode == llm::ToolChoice::Mode::kNone) continue;
    if (choice.mode == llm::ToolChoice::Mode::kNamed && choice.name != tool.name) continue;
    tools.push_back(tool);
  }
  std::vector<llm::Message> messages = request.messages;
  std::optional<llm::Message> prefix;
  if (!messages.empty() && messages.back().role == llm::Role::kAssistant &&
      messages.back().prefix) {
    prefix = std::move(messages.back());
    messages.pop_back();
  }
  std::string suffix;  // of the system text
  if (!tools.empty() && !shows_tools_) {
    const bool has_system = !messages.empty() && messages.front().role == llm::Role::kSystem;
    if (!has_system) messages.insert(messages.begin(), {.role = llm::Role::kSystem, .content = ""});
    suffix = (messages.front().content.empty() ? "" : "\n\n") + tools_text(tools);
  }

  Dict globals;
  List list;
  for (const llm::Message& message : messages) {
    list.push_back(message_value(message, list.empty() ? suffix : ""));
  }
  globals.set("messages", Value::of(std::move(list)));
  globals.set("tools", tools.empty() ? Value::none() : tools_value(tools));
  globals.set("add_generation_prompt", Value::of(true));
  const auto token = [&](std::optional<TokenId> id) {
    return Value::of(id ? tokenizer_->bytes(*id) : std::string_view());
  };
  globals.set("bos_token", token(tokenizer_->bos()));
  globals.set("eos_token", token(tokenizer_->eos()));
  const bool off = request.effort == llm::Effort::kOff;
  if (request.effort) {
    globals.set("thinking", Value::of(!off));
    globals.set("enable_thinking", Value::of(!off));
    if (!off) globals.set("reasoning_effort", Value::of(effort_name(*request.effort)));
  }
  const Template& chosen = !tools.empty() && with_tools_ ? *with_tools_ : plain_;
  base::Result<std::string> rendered = chosen.render(globals, clock);
  if (!rendered) {
    base::Error error = std::move(rendered).error();
    error.field = "messages";
    return std::unexpected(std::move(error));
  }
  std::string text = *std::move(rendered);

  ChatPrompt out;
  out.thinking = ends_thinking(text);
  if (prefix) {
    if (out.thinking && !prefix->reasoning.empty()) text += guarded(prefix->reasoning);
    if (out.thinking && !prefix->content.empty()) {
      text += "</think>\n\n";
      out.thinking = false;
    }
    text += guarded(prefix->content);
  } else if (out.thinking && off) {
    // A template without a switch opens the thinking itself; it is closed at once.
    text += "</think>\n\n";
    out.thinking = false;
  }
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(kCut, at), text.size());
    if (end > at) out.pieces.push_back(text.substr(at, end - at));
    at = end + kCut.size();
  }
  return out;
}

}  // namespace seine::engine
