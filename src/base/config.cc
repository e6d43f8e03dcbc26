#include "base/config.h"

#include <fmt/args.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "base/assert.h"
#include "base/text.h"

namespace seine::base {
namespace {

// Variables that other parts of the program read themselves.
constexpr std::array<std::string_view, 5> kOtherVariables = {
    "SEINE_CONFIG", "SEINE_LANG", "SEINE_SHARED", "SEINE_CPU_ISA", "SEINE_SOURCE_DIR"};

template <typename... Args>
std::unexpected<Error> fail_in(Language language, Bilingual format, const Args&... args) {
  return std::unexpected(
      Error{Code::kInvalidArgument, fmt::format(fmt::runtime(format.in(language)), args...)});
}

std::string nearest_hint(std::span<const ConfigKey> schema, std::string_view name,
                         Language language) {
  std::vector<std::string_view> names;
  for (const ConfigKey& key : schema) names.push_back(key.name);
  const std::optional<std::string_view> near = nearest(name, names);
  if (!near) return {};
  constexpr Bilingual kHint = {"; did you mean '{}'?", "；是否想写 '{}'？"};
  return fmt::format(fmt::runtime(kHint.in(language)), *near);
}

// Nothing if `text` is a value of the key; else what it must be.
std::optional<std::string> type_problem(const ConfigKey& key, std::string_view text,
                                        Language language) {
  const auto must = [&](Bilingual what) { return std::string(what.in(language)); };
  switch (key.type) {
    case KeyType::kString:
    case KeyType::kList:
      return std::nullopt;
    case KeyType::kBool:
      if (text == "true" || text == "false") return std::nullopt;
      return must({"true or false", "true 或 false"});
    case KeyType::kInteger: {
      const std::optional<std::int64_t> number = parse_i64(text);
      if (number && *number >= key.min && *number <= key.max) return std::nullopt;
      constexpr Bilingual kRange = {"a whole number from {} to {}", "{} 到 {} 的整数"};
      return fmt::format(fmt::runtime(kRange.in(language)), key.min, key.max);
    }
    case KeyType::kSize:
      if (parse_size(text)) return std::nullopt;
      return must({"a size such as 512MiB", "大小，例如 512MiB"});
    case KeyType::kDuration:
      if (parse_duration(text)) return std::nullopt;
      return must({"a duration such as 30s or 5m", "时长，例如 30s 或 5m"});
    case KeyType::kChoice: {
      const std::vector<std::string_view> choices = split(key.choices, '|');
      if (std::ranges::find(choices, text) != choices.end()) return std::nullopt;
      constexpr Bilingual kOneOf = {"one of {}", "{} 之一"};
      return fmt::format(fmt::runtime(kOneOf.in(language)), fmt::join(choices, ", "));
    }
  }
  return std::nullopt;
}

// A TOML value as the text that a flag or a variable would give.
std::optional<std::string> text_of(const toml::node& node) {
  if (const auto* s = node.as_string()) return s->get();
  if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
  if (const auto* i = node.as_integer()) return fmt::format("{}", i->get());
  if (const auto* f = node.as_floating_point()) return fmt::format("{}", f->get());
  if (const auto* array = node.as_array()) {
    std::vector<std::string> items;
    for (const toml::node& item : *array) {
      const auto* s = item.as_string();
      if (s == nullptr) return std::nullopt;
      items.push_back(s->get());
    }
    return join(items, ",");
  }
  return std::nullopt;
}

struct FileValue {
  std::string key;
  std::string text;
  std::size_t line;
  std::size_t column;
  bool readable;  // of a type that a configuration value can have
};

void collect(const toml::table& table, const std::string& prefix, std::vector<FileValue>& out) {
  for (const auto& [key, node] : table) {
    const std::string name =
        prefix.empty() ? std::string(key.str()) : fmt::format("{}.{}", prefix, key.str());
    if (const toml::table* inner = node.as_table()) {
      collect(*inner, name, out);
      continue;
    }
    const std::optional<std::string> text = text_of(node);
    const toml::source_position at = key.source().begin;
    out.push_back({name, text.value_or(""), at.line, at.column, text.has_value()});
  }
}

Result<std::vector<FileValue>> read_file(const ConfigFile& file, Language language) {
  try {
    const toml::table table = toml::parse(file.content, std::string_view(file.path));
    std::vector<FileValue> values;
    collect(table, "", values);
    // Errors come in the order of the file, whatever order the table keeps.
    std::ranges::sort(values, {}, [](const FileValue& v) { return std::pair(v.line, v.column); });
    return values;
  } catch (const toml::parse_error& error) {
    constexpr Bilingual kBad = {"{}:{}:{}: not TOML: {}", "{}:{}:{}: 不是有效的 TOML：{}"};
    const toml::source_position at = error.source().begin;
    return fail_in(language, kBad, file.path, static_cast<std::size_t>(at.line),
                   static_cast<std::size_t>(at.column), std::string(error.description()));
  }
}

}  // namespace

std::string variable_of(const ConfigKey& key) {
  if (!key.env.empty()) return std::string(key.env);
  std::string name = "SEINE_";
  for (const char c : key.name) {
    name += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  }
  return name;
}

const ConfigKey* find_key(std::span<const ConfigKey> schema, std::string_view name) {
  const auto found = std::ranges::find(schema, name, &ConfigKey::name);
  return found == schema.end() ? nullptr : &*found;
}

Result<Config> Config::load(std::span<const ConfigKey> schema, const ConfigSources& sources,
                            Language language) {
  Config config;
  config.schema_ = schema;
  constexpr Bilingual kWrong = {"{}: '{}' is '{}' but must be {}",
                                "{}：'{}' 的值 '{}' 无效，应为{}"};
  constexpr Bilingual kUnknown = {"{}: unknown key '{}'{}", "{}：未知的配置项 '{}'{}"};

  const auto add = [&](const ConfigKey& key, std::string source, std::string text) -> Result<> {
    if (const std::optional<std::string> problem = type_problem(key, text, language)) {
      return fail_in(language, kWrong, source, key.name, text, *problem);
    }
    config.origins_[std::string(key.name)].push_back({std::move(source), std::move(text)});
    return {};
  };

  for (const auto& [name, text] : sources.flags) {
    const ConfigKey* key = find_key(schema, name);
    if (key == nullptr)
      return fail_in(language, kUnknown, "flag", name, nearest_hint(schema, name, language));
    SEINE_CHECK(add(*key, "flag", text));
  }
  std::map<std::string, const ConfigKey*> by_variable;
  for (const ConfigKey& key : schema) by_variable[variable_of(key)] = &key;
  for (const auto& [name, text] : sources.variables) {
    if (!name.starts_with("SEINE_")) continue;
    if (const auto found = by_variable.find(name); found != by_variable.end()) {
      SEINE_CHECK(add(*found->second, fmt::format("variable {}", name), text));
    } else if (std::ranges::find(kOtherVariables, name) == kOtherVariables.end()) {
      config.unknown_variables_.push_back(name);
    }
  }
  for (const ConfigFile& file : sources.files) {
    for (FileValue& value : SEINE_TRY(read_file(file, language))) {
      const std::string place = fmt::format("{}:{}:{}", file.path, value.line, value.column);
      const ConfigKey* key = find_key(schema, value.key);
      if (key == nullptr) {
        return fail_in(language, kUnknown, place, value.key,
                       nearest_hint(schema, value.key, language));
      }
      if (!value.readable) {
        constexpr Bilingual kKind = {
            "{}: '{}' must be a string, number, boolean or list of strings",
            "{}：'{}' 应为字符串、数字、布尔值或字符串列表"};
        return fail_in(language, kKind, place, value.key);
      }
      SEINE_CHECK(add(*key, place, std::move(value.text)));
    }
  }
  for (const ConfigKey& key : schema) {
    SEINE_ASSERT(!type_problem(key, key.fallback, language),
                 "a built-in value is of its key's type");
    config.origins_[std::string(key.name)].push_back({"built-in", std::string(key.fallback)});
  }
  return config;
}

const std::string& Config::value(std::string_view name, KeyType type) const {
  const ConfigKey* key = find_key(schema_, name);
  SEINE_ASSERT(key != nullptr && (key->type == type), "configuration is read as its schema says");
  return origins_.find(name)->second.front().value;
}

const std::string& Config::text(std::string_view name) const {
  const ConfigKey* key = find_key(schema_, name);
  const bool is_text =
      key != nullptr && (key->type == KeyType::kString || key->type == KeyType::kChoice);
  SEINE_ASSERT(is_text, "configuration is read as its schema says");
  return origins_.find(name)->second.front().value;
}

bool Config::flag(std::string_view key) const {
  return value(key, KeyType::kBool) == "true";
}

std::int64_t Config::integer(std::string_view key) const {
  return *parse_i64(value(key, KeyType::kInteger));
}

std::uint64_t Config::size_bytes(std::string_view key) const {
  return *parse_size(value(key, KeyType::kSize));
}

std::chrono::milliseconds Config::duration(std::string_view key) const {
  return *parse_duration(value(key, KeyType::kDuration));
}

std::vector<std::string> Config::list(std::string_view key) const {
  std::vector<std::string> items;
  for (const std::string_view item : split(value(key, KeyType::kList), ',')) {
    if (const std::string_view trimmed = trim(item); !trimmed.empty()) items.emplace_back(trimmed);
  }
  return items;
}

Result<std::vector<ConfigOrigin>> Config::explain(std::string_view key, Language language) const {
  const auto found = origins_.find(key);
  if (found == origins_.end()) {
    constexpr Bilingual kUnknown = {"unknown key '{}'{}", "未知的配置项 '{}'{}"};
    return fail_in(language, kUnknown, key, nearest_hint(schema_, key, language));
  }
  return found->second;
}

}  // namespace seine::base
