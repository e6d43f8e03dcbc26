#include "base/config_edit.h"

#include <fmt/args.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include "base/text.h"
#include "base/utf8.h"

namespace seine::base {
namespace {

std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> out;
  for (const std::string_view item : split(list, ','))
    if (!trim(item).empty()) out.emplace_back(trim(item));
  return out;
}

std::string toml_text(const toml::node& node) {
  std::ostringstream out;
  if (const auto* array = node.as_array()) {
    out << toml::toml_formatter(*array, toml::format_flags::none);
  } else {
    out << toml::toml_formatter(node, toml::format_flags::none);
  }
  return std::move(out).str();
}

// As TOML has it; what is not of the key's type becomes a string, which loading then refuses.
std::string toml_value(const ConfigKey& key, std::string_view text) {
  if (key.type == KeyType::kList) {
    std::string out;
    for (const std::string& item : items_of(text))
      out += (out.empty() ? "" : ", ") + toml_text(toml::value<std::string>(item));
    return "[" + out + "]";
  }
  const bool is_bare = (key.type == KeyType::kBool && (text == "true" || text == "false")) ||
                       (key.type == KeyType::kInteger && parse_i64(text));
  return is_bare ? std::string(text) : toml_text(toml::value<std::string>(std::string(text)));
}

// Lines and columns count from one, columns in characters.
std::size_t offset_of(std::string_view content, toml::source_position at) {
  std::size_t offset = 0;
  for (std::size_t line = 1; line < at.line; ++line) {
    const std::size_t end = content.find('\n', offset);
    if (end == std::string_view::npos) return content.size();
    offset = end + 1;
  }
  for (std::size_t column = 1; column < at.column && offset < content.size(); ++column)
    offset += std::max<std::size_t>(1, decode_utf8(content.substr(offset)).length);
  return std::min(offset, content.size());
}

std::size_t after_line(std::string_view content, std::size_t offset) {
  const std::size_t end = content.find('\n', offset);
  return end == std::string_view::npos ? content.size() : end + 1;
}

std::string edited(const toml::table& table, std::string content, std::string_view name,
                   const std::string& value) {
  if (const toml::node* old = table.at_path(name).node()) {
    const std::size_t begin = offset_of(content, old->source().begin);
    const std::size_t end = offset_of(content, old->source().end);
    return content.replace(begin, end - begin, value);
  }
  if (!content.empty() && !content.ends_with('\n')) content += '\n';
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return fmt::format("{} = {}\n", name, value) + content;
  const std::string_view section = name.substr(0, dot);
  const toml::node* there = table.at_path(section).node();
  const std::size_t begin =
      there == nullptr ? content.size() : offset_of(content, there->source().begin);
  const std::string_view text = std::string_view(content).substr(begin);
  if (text.starts_with(fmt::format("[{}]", section))) {
    const std::string line = fmt::format("{} = {}\n", name.substr(dot + 1), value);
    return content.insert(after_line(content, begin), line);
  }
  // Written with dots: more of it may stand before the first table.
  if (there != nullptr && !text.starts_with('['))
    return fmt::format("{} = {}\n", name, value) + content;
  return content + fmt::format("{}[{}]\n{} = {}\n", content.empty() ? "" : "\n", section,
                               name.substr(dot + 1), value);
}

Result<Config> load_file(std::span<const ConfigKey> schema, ConfigFile file, Language language) {
  ConfigSources sources;
  sources.files.push_back(std::move(file));
  return Config::load(schema, sources, language);
}

bool is_toml(std::string_view content) {
  try {
    (void)toml::parse(content);
    return true;
  } catch (const toml::parse_error&) {
    return false;
  }
}

}  // namespace

Result<std::string> set_in_file(std::span<const ConfigKey> schema, const ConfigFile& file,
                                std::string_view name, std::string_view text, Language language) {
  const Config known = SEINE_TRY(load_file(schema, file, language));
  if (auto there = known.explain(name, language); !there) {
    there.error().code = Code::kNotFound;
    return std::unexpected(std::move(there).error());
  }
  const ConfigKey& key = *find_key(schema, name);
  const toml::table table = toml::parse(file.content);  // it has loaded
  std::string out = edited(table, file.content, name, toml_value(key, text));
  const std::string meant =
      key.type == KeyType::kList ? join(items_of(text), ",") : std::string(text);
  const auto again = load_file(schema, {file.path, out}, language);
  if (again && again->explain(name, language)->front().value == meant) return out;
  if (!again && is_toml(out)) return std::unexpected(again.error());
  constexpr Bilingual kByHand = {
      "{}: '{}' stands in a table of a form that is left to its writer; edit the file by hand",
      "{}：'{}' 所在的表写法特殊，请手动编辑该文件"};
  return std::unexpected(Error{Code::kFailedPrecondition,
                               fmt::format(fmt::runtime(kByHand.in(language)), file.path, name)});
}

}  // namespace seine::base
