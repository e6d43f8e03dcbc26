// The calls of DeepSeek V3, R1 (function<sep>NAME, a fence around the arguments) and V3.1
// (NAME<sep>ARGUMENTS), told apart by what is written, since models mix them: a missing first sign,
// a missing fence, a missing end.
#include <algorithm>

#include "base/text.h"
#include "engine/parse/call_parser.h"
#include "engine/parse/json_scan.h"

namespace seine::engine {
namespace {

enum : int { kCallsBegin, kCallBegin, kSeparator, kCallEnd, kCallsEnd, kLine, kBrace, kFence };

class DeepSeekCalls final : public CallParser {
 public:
  DeepSeekCalls() {
    for (Markers* markers : {&openers_, &between_}) {
      markers->add(kCallsBegin, deepseek_spellings("tool calls begin"));
      markers->add(kCallBegin, deepseek_spellings("tool call begin"));
    }
    for (Markers* markers : {&between_, &header_, &ends_}) {
      markers->add(kCallEnd, deepseek_spellings("tool call end"));
      markers->add(kCallsEnd, deepseek_spellings("tool calls end"));
    }
    header_.add(kSeparator, deepseek_spellings("tool sep"));
    header_.add(kLine, {"\n"});
    header_.add(kBrace, {"{"});
    header_.add(kFence, {"```"});
    ends_.add(kCallBegin, deepseek_spellings("tool call begin"));
  }

  const Markers& openers() const override { return openers_; }

  Step advance(std::string_view& text, bool last, CallSink& sink) override {
    while (true) {
      const std::string_view before = text;
      const State state = state_;
      const std::optional<Step> step = advance_once(text, last, sink);
      if (step) return *step;
      if (text == before && state == state_) return Step::kMore;
    }
  }

 private:
  enum class State : std::uint8_t {
    kBetween,
    kHeader,
    kName,
    kBeforeArguments,
    kJson,
    kAfter,
    kRaw
  };

  std::optional<Step> advance_once(std::string_view& text, bool last, CallSink& sink) {
    switch (state_) {
      case State::kBetween:
        return between(text, last);
      case State::kHeader:
      case State::kName:
        header(text, last, sink);
        return std::nullopt;
      case State::kBeforeArguments:
        before_arguments(text, last, sink);
        return std::nullopt;
      case State::kJson:
        json(text, last, sink);
        return std::nullopt;
      case State::kAfter:
        text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n`"), text.size()));
        if (!text.empty()) state_ = State::kBetween;
        return std::nullopt;
      case State::kRaw:
        raw(text, last, sink);
        return std::nullopt;
    }
    return Step::kDone;
  }

  std::optional<Step> between(std::string_view& text, bool last) {
    skip_space(text);
    const auto sign = between_.at_start(text);
    if (!sign) {
      if (!last && between_.partial(text) == text.size()) return Step::kMore;
      return Step::kDone;
    }
    text.remove_prefix(sign->length);
    if (sign->name == kCallsEnd) return Step::kDone;
    if (sign->name == kCallBegin) state_ = State::kHeader;
    return std::nullopt;
  }

  void header(std::string_view& text, bool last, CallSink& sink) {
    skip_space(text);
    const auto sign = header_.find(text);
    if (!sign) {
      if (last) text = {};  // a call that was cut before its name was whole
      return;
    }
    const std::string name(base::trim(text.substr(0, sign->at)));
    if (sign->name == kSeparator && state_ == State::kHeader && name == "function") {
      // R1's form, unless the arguments follow at once.
      std::string_view rest = text.substr(sign->at + sign->length);
      skip_space(rest);
      if (rest.empty() && !last) return;
      text = rest;
      if (!text.starts_with('{') && !text.starts_with('`')) {
        state_ = State::kName;
        return;
      }
    } else {
      // Signs of arguments and ends stay for the next state.
      const bool taken = sign->name == kSeparator || sign->name == kLine;
      text.remove_prefix(sign->at + (taken ? sign->length : 0));
    }
    sink.start(name);
    any_ = false;
    state_ = State::kBeforeArguments;
  }

  void before_arguments(std::string_view& text, bool last, CallSink& sink) {
    skip_space(text);
    if (text.starts_with("```")) {
      std::string_view rest = text.substr(3);
      rest.remove_prefix(
          std::min(rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzJSON"), rest.size()));
      if (rest.empty() && !last) return;
      text = rest;
      return;
    }
    if (text.empty()) {
      if (last) end(sink);
      return;
    }
    const auto sign = header_.at_start(text);
    if (sign && sign->name == kSeparator) {
      text.remove_prefix(sign->length);
    } else if (ends_.at_start(text)) {
      end(sink);
    } else if (text.front() == '{' || text.front() == '[') {
      scan_ = JsonScan();
      state_ = State::kJson;
    } else if (last || std::max(ends_.partial(text), header_.partial(text)) != text.size()) {
      state_ = State::kRaw;
    }
  }

  void json(std::string_view& text, bool last, CallSink& sink) {
    const auto sign = ends_.find(text);
    const std::size_t sure = sign ? sign->at : text.size() - (last ? 0 : ends_.partial(text));
    const std::size_t taken = scan_.feed(text.substr(0, sure));
    emit(text.substr(0, taken), sink);
    text.remove_prefix(taken);
    if (scan_.done()) {
      state_ = State::kAfter;
    } else if (sign) {
      end(sink);
    }
  }

  // No JSON: everything up to the end of the call.
  void raw(std::string_view& text, bool last, CallSink& sink) {
    const auto sign = ends_.find(text);
    if (!sign && !last) return;
    const std::size_t length = sign ? sign->at : text.size();
    emit(base::trim(text.substr(0, length)), sink);
    text.remove_prefix(length);
    end(sink);
  }

  void emit(std::string_view piece, CallSink& sink) {
    if (piece.empty()) return;
    sink.arguments(piece);
    any_ = true;
  }

  void end(CallSink& sink) {
    if (!any_) sink.arguments("{}");
    any_ = true;
    state_ = State::kBetween;
  }

  Markers openers_;
  Markers between_;
  Markers header_;
  Markers ends_;
  State state_ = State::kBetween;
  JsonScan scan_;
  bool any_ = false;
};

}  // namespace

std::unique_ptr<CallParser> make_deepseek_parser() {
  return std::make_unique<DeepSeekCalls>();
}

}  // namespace seine::engine
