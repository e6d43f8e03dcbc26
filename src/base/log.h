// Structured log: one line per event, as text for people or JSON for machines. A Logger is a cheap
// value that carries bound fields (request_id, trace_id); all loggers made from one LogSink share
// its level and output. Safe on any thread. Values are escaped, so that no input can forge a line.
// Prompts and secrets are never passed here.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"

namespace seine::base {

enum class Level : std::uint8_t { kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat : std::uint8_t { kText, kJson };

std::string_view level_name(Level level);
std::optional<Level> parse_level(std::string_view name);

struct LogField {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  LogField(std::string_view k, bool v) : key(k), value(v) {}
  LogField(std::string_view k, double v) : key(k), value(v) {}
  template <std::signed_integral T>
  LogField(std::string_view k, T v) : key(k), value(std::int64_t{v}) {}
  template <std::unsigned_integral T>
  LogField(std::string_view k, T v) : key(k), value(std::uint64_t{v}) {}
};

// Where lines go. Each line arrives whole, with its newline.
class LogOutput {
 public:
  virtual ~LogOutput() = default;
  virtual void write(std::string_view line) = 0;
};

// Writes to a descriptor it does not own. A line that cannot be written is lost: the service never
// waits for its log.
class DescriptorOutput final : public LogOutput {
 public:
  explicit DescriptorOutput(int fd) : fd_(fd) {}
  void write(std::string_view line) override;

 private:
  int fd_;
};

class LogSink {
 public:
  LogSink(LogOutput& output, const Clock& clock, Level level, LogFormat format)
      : output_(output), clock_(clock), format_(format), level_(level) {}

  Level level() const { return level_.load(std::memory_order_relaxed); }
  void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }

 private:
  friend class Logger;
  void write(Level level, std::string_view message, std::string_view bound,
             std::initializer_list<LogField> fields);

  LogOutput& output_;
  const Clock& clock_;
  const LogFormat format_;
  std::atomic<Level> level_;
  std::mutex mutex_;
};

class Logger {
 public:
  // The sink outlives the logger and all loggers made from it.
  explicit Logger(LogSink& sink) : sink_(&sink) {}

  // A logger whose every line carries these fields, too.
  Logger with(std::initializer_list<LogField> fields) const;

  bool enabled(Level level) const { return level >= sink_->level(); }
  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    write(Level::kDebug, message, fields);
  }
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    write(Level::kInfo, message, fields);
  }
  void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    write(Level::kWarn, message, fields);
  }
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const {
    write(Level::kError, message, fields);
  }

 private:
  void write(Level level, std::string_view message, std::initializer_list<LogField> fields) const {
    if (enabled(level)) sink_->write(level, message, bound_, fields);
  }

  LogSink* sink_;
  std::string bound_;  // the bound fields, already in the sink's format
};

}  // namespace seine::base
