// The calls of DeepSeek V3.2: <｜DSML｜invoke name="F"> with one <｜DSML｜parameter> each. String
// parameters stream as they come; others are JSON and held until they are whole.
#include <algorithm>

#include "base/json.h"
#include "base/utf8.h"
#include "engine/parse/call_parser.h"

namespace seine::engine {
namespace {

enum : int { kSection, kSectionEnd, kInvoke, kInvokeEnd, kParameter, kParameterEnd };

// The value of `name="..."` in a tag's inside.
std::string attribute(std::string_view tag, std::string_view name) {
  const std::string sign = fmt::format("{}=\"", name);
  for (std::size_t at = 0; (at = tag.find(sign, at)) != std::string_view::npos; ++at) {
    if (at > 0 && tag[at - 1] != ' ') continue;
    const std::size_t from = at + sign.size();
    const std::size_t end = tag.find('"', from);
    return std::string(tag.substr(from, std::min(end, tag.size()) - from));
  }
  return {};
}

std::string quoted_inside(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out.substr(1, out.size() - 2);
}

class DsmlCalls final : public CallParser {
 public:
  DsmlCalls() {
    for (const std::string_view word : {"function_calls", "tool_calls"}) {
      const std::string closed = std::string(word) + ">";
      openers_.add(kSection, dsml_spellings("<", closed));
      for (Markers* markers : {&signs_, &value_ends_}) {
        markers->add(kSectionEnd, dsml_spellings("</", closed));
      }
      signs_.add(kSection, dsml_spellings("<", closed));
    }
    openers_.add(kInvoke, dsml_spellings("<", "invoke"));
    signs_.add(kInvoke, dsml_spellings("<", "invoke"));
    signs_.add(kParameter, dsml_spellings("<", "parameter"));
    for (Markers* markers : {&signs_, &value_ends_}) {
      markers->add(kInvokeEnd, dsml_spellings("</", "invoke>"));
      markers->add(kParameterEnd, dsml_spellings("</", "parameter>"));
    }
  }

  const Markers& openers() const override { return openers_; }

  Step advance(std::string_view& text, bool last, CallSink& sink) override {
    while (true) {
      if (in_value_) {
        if (!value(text, last, sink)) return Step::kMore;
        continue;
      }
      skip_space(text);
      const auto sign = signs_.at_start(text);
      if (!sign) {
        if (!last && signs_.partial(text) == text.size()) return Step::kMore;
        close(sink);
        return Step::kDone;
      }
      if (sign->name == kInvoke || sign->name == kParameter) {
        const std::size_t end = text.find('>', sign->length);
        if (end == std::string_view::npos) {
          if (last) text = {};
          return Step::kMore;
        }
        open(sign->name, text.substr(sign->length, end - sign->length), sink);
        text.remove_prefix(end + 1);
        continue;
      }
      text.remove_prefix(sign->length);
      if (sign->name == kInvokeEnd || sign->name == kSectionEnd) close(sink);
      if (sign->name == kSectionEnd) return Step::kDone;
    }
  }

 private:
  void open(int name, std::string_view tag, CallSink& sink) {
    if (name == kInvoke) {
      close(sink);
      sink.start(attribute(tag, "name"));
      sink.arguments("{");
      in_call_ = true;
      first_ = true;
      return;
    }
    if (!in_call_) return;  // a parameter of nothing
    is_string_ = attribute(tag, "string") != "false";
    sink.arguments(fmt::format("{}\"{}\": {}", first_ ? "" : ", ",
                               quoted_inside(attribute(tag, "name")), is_string_ ? "\"" : ""));
    first_ = false;
    in_value_ = true;
    held_.clear();
  }

  // False: more text is needed.
  bool value(std::string_view& text, bool last, CallSink& sink) {
    const auto sign = value_ends_.find(text);
    std::size_t sure = sign ? sign->at : text.size();
    if (!sign && !last) {
      sure -= std::max(value_ends_.partial(text), base::incomplete_utf8_suffix(text));
    }
    const std::string_view piece = text.substr(0, sure);
    if (is_string_) {
      if (!piece.empty()) sink.arguments(quoted_inside(piece));
    } else {
      held_ += piece;
    }
    text.remove_prefix(sure);
    if (!sign && !last) return false;
    in_value_ = false;
    if (is_string_) {
      sink.arguments("\"");
    } else if (base::parse_json(held_)) {
      sink.arguments(held_);
    } else {
      sink.arguments("\"" + quoted_inside(held_) + "\"");  // said to be JSON, and is none
    }
    if (sign && sign->name == kParameterEnd) text.remove_prefix(sign->length);
    return true;
  }

  void close(CallSink& sink) {
    if (in_call_) sink.arguments("}");
    in_call_ = false;
  }

  Markers openers_;
  Markers signs_;
  Markers value_ends_;
  bool in_call_ = false;
  bool in_value_ = false;
  bool is_string_ = false;
  bool first_ = true;
  std::string held_;
};

}  // namespace

std::unique_ptr<CallParser> make_dsml_parser() {
  return std::make_unique<DsmlCalls>();
}

}  // namespace seine::engine
