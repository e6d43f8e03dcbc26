// The calls of Qwen and Hermes: <tool_call>{"name": "f", "arguments": {...}}</tool_call>. The
// object is read as it comes, so that arguments stream; arguments before the name are held.
#include <algorithm>

#include "base/json.h"
#include "engine/parse/call_parser.h"
#include "engine/parse/json_scan.h"

namespace seine::engine {
namespace {

constexpr std::string_view kOpen = "<tool_call>";
constexpr std::string_view kClose = "</tool_call>";

class HermesCalls final : public CallParser {
 public:
  HermesCalls() { openers_.add(0, {std::string(kOpen)}); }

  const Markers& openers() const override { return openers_; }

  // Prose may speak of the sign: a call goes on with an object.
  std::optional<bool> begins(std::string_view text, std::size_t length) const override {
    text.remove_prefix(length);
    skip_space(text);
    if (text.empty()) return std::nullopt;
    return text.front() == '{';
  }

  Step advance(std::string_view& text, bool last, CallSink& sink) override {
    while (true) {
      const std::string_view before = text;
      const State state = state_;
      const bool in_value = in_value_;
      const bool done = advance_once(text, last, sink);
      if (!named_) raw_ += before.substr(0, before.size() - text.size());
      if (done) {
        give_up(sink);
        return Step::kDone;
      }
      if (text == before && state == state_ && in_value == in_value_) break;
    }
    if (last) {
      raw_ += text;
      text = {};
      give_up(sink);
    }
    return Step::kMore;
  }

 private:
  enum class State : std::uint8_t { kStart, kKey, kColon, kValue, kAfter };

  // True when the call is over.
  bool advance_once(std::string_view& text, bool last, CallSink& sink) {
    if (state_ == State::kValue && in_value_) {
      value(text, last, sink);
      return false;
    }
    if (state_ != State::kStart) skip_space(text);
    if (text.empty()) return false;
    switch (state_) {
      case State::kStart:
        in_call_ = true;
        named_ = false;
        raw_.clear();
        held_.clear();
        text.remove_prefix(std::min(kOpen.size(), text.size()));
        skip_space(text);
        if (text.starts_with('{')) text.remove_prefix(1);
        state_ = State::kKey;
        return false;
      case State::kKey:
        return key(text);
      case State::kColon:
        if (text.front() != ':') return over();  // no JSON
        text.remove_prefix(1);
        state_ = State::kValue;
        return false;
      case State::kValue:
        if (text.front() == ',' || text.front() == '}') return over();
        in_value_ = true;
        scan_ = JsonScan();
        is_text_ = text.front() == '"';
        value_.clear();
        return false;
      case State::kAfter:
        if (text.front() == '}') {
          text.remove_prefix(1);
          return false;
        }
        if (!last && text.size() < kClose.size() && kClose.starts_with(text)) return false;
        if (text.starts_with(kClose)) text.remove_prefix(kClose.size());
        return over();
    }
    return true;
  }

  bool key(std::string_view& text) {
    if (text.front() == ',') {
      text.remove_prefix(1);
      return false;
    }
    if (text.front() == '}') {
      text.remove_prefix(1);
      state_ = State::kAfter;
      return false;
    }
    if (text.front() != '"') return over();  // no JSON
    JsonScan scan;
    const std::size_t length = scan.feed(text);
    if (!scan.done()) return false;
    const auto name = base::parse_json(text.substr(0, length));
    key_ = name && name->is_string() ? name->get<std::string>() : std::string();
    text.remove_prefix(length);
    state_ = State::kColon;
    return false;
  }

  void value(std::string_view& text, bool last, CallSink& sink) {
    const std::size_t taken = scan_.feed(text);
    const std::string_view piece = text.substr(0, taken);
    const bool is_arguments = key_ == "arguments" || key_ == "parameters";
    // Arguments written as a string are JSON inside JSON: they are told when they are whole.
    if (is_arguments && !is_text_ && named_) {
      if (!piece.empty()) sink.arguments(piece);
      gave_ = gave_ || !piece.empty();
    } else {
      value_ += piece;
    }
    text.remove_prefix(taken);
    if (!scan_.done() && !last) return;
    in_value_ = false;
    state_ = State::kKey;
    if (key_ == "name") {
      take_name(sink);
    } else if (is_arguments && (is_text_ || !named_)) {
      std::string arguments = value_;
      if (is_text_) {
        const auto inside = base::parse_json(value_);
        if (inside && inside->is_string()) arguments = inside->get<std::string>();
      }
      if (named_) {
        sink.arguments(arguments);
        gave_ = true;
      } else {
        held_ = std::move(arguments);
      }
    }
  }

  void take_name(CallSink& sink) {
    const auto name = base::parse_json(value_);
    if (named_ || !name || !name->is_string()) return;
    named_ = true;
    gave_ = !held_.empty();
    sink.start(name->get<std::string>());
    if (gave_) sink.arguments(held_);
    raw_.clear();
  }

  bool over() {
    state_ = State::kStart;
    return true;
  }

  // The end of the call; without a name it was none.
  void give_up(CallSink& sink) {
    if (!in_call_) return;
    if (!named_) sink.plain(raw_);
    if (named_ && !gave_) sink.arguments("{}");
    gave_ = true;
    in_call_ = false;
    named_ = false;
    raw_.clear();
  }

  Markers openers_;
  State state_ = State::kStart;
  JsonScan scan_;
  bool in_call_ = false;
  bool named_ = false;
  bool gave_ = false;  // arguments
  bool in_value_ = false;
  bool is_text_ = false;
  std::string key_;
  std::string value_;
  std::string held_;
  std::string raw_;
};

}  // namespace

std::unique_ptr<CallParser> make_hermes_parser() {
  return std::make_unique<HermesCalls>();
}

}  // namespace seine::engine
