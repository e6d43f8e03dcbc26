#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>

#include "base/json.h"

namespace seine::base {
namespace {

constexpr std::array<std::string_view, 5> kLevelNames = {"debug", "info", "warn", "error", "off"};

// Text values stand bare when they are one plain word; anything else is quoted the JSON way.
bool is_plain_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
  });
}

void append_value(std::string& out, LogFormat format, const LogField& field) {
  std::visit(
      [&](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string_view>) {
          if (format == LogFormat::kText && is_plain_word(value)) {
            out.append(value);
          } else {
            append_json_string(out, value);
          }
        } else if constexpr (std::is_same_v<T, double>) {
          if (std::isfinite(value)) {
            fmt::format_to(std::back_inserter(out), "{:.6g}", value);
          } else {
            out += "null";
          }
        } else {
          fmt::format_to(std::back_inserter(out), "{}", value);
        }
      },
      field.value);
}

void append_fields(std::string& out, LogFormat format, std::initializer_list<LogField> fields) {
  for (const LogField& field : fields) {
    if (format == LogFormat::kJson) {
      out += ',';
      append_json_string(out, field.key);
      out += ':';
    } else {
      out += ' ';
      out += field.key;
      out += '=';
    }
    append_value(out, format, field);
  }
}

// A message is prose: spaces and UTF-8 stay, control characters cannot break the line.
void append_message(std::string& out, std::string_view message) {
  const bool printable = std::ranges::all_of(
      message, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
  if (printable) {
    out.append(message);
  } else {
    append_json_string(out, message);
  }
}

}  // namespace

std::string_view level_name(Level level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

std::optional<Level> parse_level(std::string_view name) {
  const auto found = std::ranges::find(kLevelNames, name);
  if (found == kLevelNames.end()) return std::nullopt;
  return static_cast<Level>(found - kLevelNames.begin());
}

void DescriptorOutput::write(std::string_view line) {
  while (!line.empty()) {
    const ssize_t n = ::write(fd_, line.data(), line.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    line.remove_prefix(static_cast<std::size_t>(n));
  }
}

void LogSink::write(Level level, std::string_view message, std::string_view bound,
                    std::initializer_list<LogField> fields) {
  std::string line;
  line.reserve(160 + message.size());
  const std::string time = format_rfc3339(clock_.wall());
  if (format_ == LogFormat::kJson) {
    fmt::format_to(std::back_inserter(line), R"({{"time":"{}","level":"{}","message":)", time,
                   level_name(level));
    append_json_string(line, message);
  } else {
    fmt::format_to(std::back_inserter(line), "{} {:<5} ", time, level_name(level));
    append_message(line, message);
  }
  line += bound;
  append_fields(line, format_, fields);
  line += format_ == LogFormat::kJson ? "}\n" : "\n";
  const std::lock_guard lock(mutex_);
  output_.write(line);
}

Logger Logger::with(std::initializer_list<LogField> fields) const {
  Logger child = *this;
  append_fields(child.bound_, sink_->format_, fields);
  return child;
}

}  // namespace seine::base
