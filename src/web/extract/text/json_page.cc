#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "web/extract/feed/feed.h"
#include "web/extract/markdown/block_sink.h"
#include "web/extract/text/text_page.h"
#include "web/verdict.h"

namespace seine::web {
namespace {

using base::Json;

constexpr std::size_t kRowsMax = 5'000;
constexpr std::size_t kColumnsMax = 64;
constexpr std::size_t kCodeBytesMax = std::size_t{7} << 20;  // of one piece of code
constexpr std::size_t kSourceMax = std::size_t{16} << 20;    // a parsed value is ten times its text

// A value on one line, strings without their quotes.
std::string scalar_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : base::to_text(value);
}

bool is_flat(const Json& value) {
  return value.is_object() && !value.empty() &&
         std::ranges::none_of(value, [](const Json& member) { return member.is_structured(); });
}

bool is_table(const Json& value) {
  return value.is_array() && value.size() >= 2 && std::ranges::all_of(value, is_flat);
}

bool is_scalar_list(const Json& value) {
  return value.is_array() && !value.empty() &&
         std::ranges::none_of(value, [](const Json& member) { return member.is_structured(); });
}

class JsonWriter {
 public:
  void write(const Json& value) {
    if (is_table(value)) return write_table(value);
    if (is_scalar_list(value)) return write_list(value);
    if (value.is_object() && !value.empty()) return write_object(value);
    write_code(value);
  }

  Page finish() {
    Page page;
    page.truncated = cut_ || sink_.full();
    page.blocks = sink_.take();
    return page;
  }

 private:
  void write_object(const Json& object) {
    for (const auto& [key, value] : object.items()) {
      if (value.is_structured()) continue;
      InlineText line = plain_inline(key + ": " + scalar_text(value));
      sink_.list_item(1, "-", line);
    }
    for (const auto& [key, value] : object.items()) {
      if (!value.is_structured()) continue;
      InlineText line = plain_inline(key);
      sink_.heading(2, line);
      if (is_table(value)) {
        write_table(value);
      } else if (is_scalar_list(value)) {
        write_list(value);
      } else {
        write_code(value);
      }
    }
  }

  void write_table(const Json& rows) {
    std::vector<std::string> columns;
    for (const Json& row : rows) {
      for (const auto& [key, value] : row.items()) {
        if (std::ranges::find(columns, key) != columns.end()) continue;
        if (columns.size() >= kColumnsMax) {
          cut_ = true;
          break;
        }
        columns.push_back(key);
      }
    }
    Table table;
    for (const std::string& column : columns)
      (table.rows.empty() ? table.rows.emplace_back() : table.rows.front())
          .push_back(plain_cell(column));
    for (const Json& row : rows) {
      if (table.rows.size() > kRowsMax) {
        cut_ = true;
        break;
      }
      std::vector<Cell> cells;
      for (const std::string& column : columns) {
        const Json* value = base::find(row, column);
        cells.push_back(value == nullptr ? Cell{} : plain_cell(scalar_text(*value)));
      }
      table.rows.push_back(std::move(cells));
    }
    sink_.table(table, 0);
  }

  void write_list(const Json& list) {
    for (const Json& value : list) {
      InlineText line = plain_inline(scalar_text(value));
      sink_.list_item(1, "-", line);
    }
  }

  void write_code(const Json& value) {
    std::string text = base::to_pretty_text(value);
    if (text.size() > kCodeBytesMax) {
      text.resize(base::utf8_prefix(text, kCodeBytesMax));
      cut_ = true;
    }
    sink_.code("json", text, 0);
  }

  BlockSink sink_;
  bool cut_ = false;
};

base::Result<void> check_size(std::string_view text) {
  if (text.size() <= kSourceMax) return {};
  return fail_verdict(Verdict::kTooLarge, "the JSON has {}, the limit is {}",
                      base::format_size(text.size()), base::format_size(kSourceMax));
}

base::Result<Json> parse(std::string_view text) {
  SEINE_CHECK(check_size(text));
  auto json = base::parse_json(text);
  if (!json) return fail_verdict(Verdict::kBroken, "the JSON is damaged: {}", json.error().message);
  return json;
}

}  // namespace

base::Result<Page> json_page(std::string_view text, std::string_view url) {
  const Json json = SEINE_TRY(parse(text));
  if (is_json_feed(json)) return feed_page(parse_json_feed(json), url);
  JsonWriter writer;
  writer.write(json);
  return writer.finish();
}

base::Result<Page> json_lines_page(std::string_view text) {
  SEINE_CHECK(check_size(text));
  Json all = Json::array();
  std::size_t number = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = base::trim(text.substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty()) continue;
    auto json = base::parse_json(line);
    if (!json)
      return fail_verdict(Verdict::kBroken, "line {} is no JSON: {}", number, json.error().message);
    all.push_back(*std::move(json));
  }
  JsonWriter writer;
  writer.write(all);
  return writer.finish();
}

}  // namespace seine::web
