#include "engine/parse/output_parser.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"

namespace seine::engine {
namespace {

constexpr std::string_view kThink = "<think>";
constexpr std::string_view kThinkEnd = "</think>";

// How much of the end of `text` may become `sign`.
std::size_t partial_of(std::string_view text, std::string_view sign) {
  for (std::size_t n = std::min(text.size(), sign.size() - 1); n > 0; --n) {
    if (text.ends_with(sign.substr(0, n))) return n;
  }
  return 0;
}

std::size_t trailing_space(std::string_view text) {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return last == std::string_view::npos ? text.size() : text.size() - last - 1;
}

}  // namespace

OutputParser::OutputParser(OutputOptions options)
    : options_(std::move(options)),
      calls_parser_(options_.tools ? CallParser::of(options_.format) : nullptr),
      state_(options_.thinking ? State::kThinking : State::kStart),
      skip_space_(options_.thinking) {}

void OutputParser::push(std::string_view text, std::vector<llm::Delta>& out) {
  out_ = &out;
  pending_ += text;
  run(false);
  out_ = nullptr;
}

void OutputParser::finish(std::vector<llm::Delta>& out) {
  out_ = &out;
  run(true);
  flush();
  out_ = nullptr;
}

// Each state takes what it is sure of; false: it needs more text.
void OutputParser::run(bool last) {
  bool more = true;
  while (more) {
    switch (state_) {
      case State::kStart:
        more = start(last);
        break;
      case State::kThinking:
        more = think(last);
        break;
      case State::kText:
        more = plain_text(last);
        break;
      case State::kCalls:
        more = read_calls(last);
        break;
    }
  }
}

// Models may open their thinking themselves, or close one that the prompt never opened.
bool OutputParser::start(bool last) {
  std::string_view text = pending_;
  skip_space(text);
  for (const std::string_view sign : {kThink, kThinkEnd}) {
    if (text.starts_with(sign)) {
      pending_ = text.substr(sign.size());
      state_ = sign == kThink ? State::kThinking : State::kText;
      skip_space_ = true;
      return true;
    }
    if (!last && sign.starts_with(text)) return false;
  }
  state_ = State::kText;
  return true;
}

// Tells `length` bytes of what is pending. With `drops_space` what follows is a sign: white space
// before it goes.
void OutputParser::take(Kind kind, std::size_t length, bool drops_space) {
  std::string_view text = std::string_view(pending_).substr(0, length);
  if (skip_space_) {
    skip_space(text);
    if (!text.empty()) skip_space_ = false;
  }
  if (drops_space) text.remove_suffix(trailing_space(text));
  tell(kind, text);
  pending_.erase(0, length);
}

bool OutputParser::think(bool last) {
  const std::size_t end = pending_.find(kThinkEnd);
  std::optional<Markers::Found> call;
  // Calls from inside thinking: only signs that prose never spells.
  const bool unmistakable = calls_parser_ && options_.format != ToolFormat::kHermes;
  if (unmistakable) call = calls_parser_->openers().find(pending_);
  if (call && call->at < end) {
    take(Kind::kReasoning, call->at, true);
    state_ = State::kCalls;
    return true;
  }
  if (end != std::string::npos) {
    take(Kind::kReasoning, end, true);
    pending_.erase(0, kThinkEnd.size());
    state_ = State::kText;
    skip_space_ = true;
    return true;
  }
  std::size_t held = partial_of(pending_, kThinkEnd);
  if (unmistakable) held = std::max(held, calls_parser_->openers().partial(pending_));
  if (last) {
    take(Kind::kReasoning, pending_.size(), false);
    return false;
  }
  const std::string_view sure = std::string_view(pending_).substr(0, pending_.size() - held);
  take(Kind::kReasoning, sure.size() - trailing_space(sure), false);
  return false;
}

bool OutputParser::plain_text(bool last) {
  if (!calls_parser_) {
    take(Kind::kText, pending_.size(), false);
    return false;
  }
  std::size_t from = 0;  // signs before it are none
  while (true) {
    std::string_view rest = std::string_view(pending_).substr(from);
    const auto call = calls_parser_->openers().find(rest);
    if (!call) break;
    const std::size_t at = from + call->at;
    const auto begins = calls_parser_->begins(std::string_view(pending_).substr(at), call->length);
    if (begins && *begins) {
      take(Kind::kText, at, true);
      state_ = State::kCalls;
      return true;
    }
    if (!begins && !last) {
      const std::string_view sure = std::string_view(pending_).substr(0, at);
      take(Kind::kText, sure.size() - trailing_space(sure), false);
      return false;
    }
    from = at + call->length;
  }
  if (last) {
    take(Kind::kText, pending_.size(), false);
    return false;
  }
  const std::size_t held = calls_parser_->openers().partial(pending_);
  const std::string_view sure = std::string_view(pending_).substr(0, pending_.size() - held);
  take(Kind::kText, std::max(from, sure.size() - trailing_space(sure)), false);
  return false;
}

bool OutputParser::read_calls(bool last) {
  std::string_view text = pending_;
  const CallParser::Step step = calls_parser_->advance(text, last, *this);
  pending_.erase(0, pending_.size() - text.size());
  if (step == CallParser::Step::kMore) return false;
  state_ = State::kText;
  skip_space_ = true;
  return true;
}

void OutputParser::start(std::string_view name) {
  flush();
  const std::uint32_t index = calls_++;
  out_->emplace_back(llm::ToolCallDelta{.index = index,
                                        .id = options_.call_id_prefix + std::to_string(index),
                                        .name = std::string(name),
                                        .arguments = {}});
}

void OutputParser::arguments(std::string_view piece) {
  tell(Kind::kArguments, piece);
}

void OutputParser::plain(std::string_view text) {
  tell(Kind::kText, text);
}

void OutputParser::flush() {
  if (partial_.empty()) return;
  const std::string whole = base::to_valid_utf8(std::exchange(partial_, {}));
  tell(partial_kind_, whole);
}

void OutputParser::tell(Kind kind, std::string_view text) {
  if (text.empty()) return;
  if (kind != partial_kind_) flush();
  std::string whole = std::exchange(partial_, {}) + std::string(text);
  const std::size_t cut = base::incomplete_utf8_suffix(whole);
  partial_ = whole.substr(whole.size() - cut);
  partial_kind_ = kind;
  whole.resize(whole.size() - cut);
  if (whole.empty()) return;
  whole = base::to_valid_utf8(whole);
  llm::Delta* last = out_->empty() ? nullptr : &out_->back();
  if (kind == Kind::kArguments) {
    auto* call = last != nullptr ? std::get_if<llm::ToolCallDelta>(last) : nullptr;
    if (call != nullptr && call->index + 1 == calls_) {
      call->arguments += whole;
    } else {
      out_->emplace_back(llm::ToolCallDelta{
          .index = calls_ - 1, .id = {}, .name = {}, .arguments = std::move(whole)});
    }
  } else if (kind == Kind::kReasoning) {
    auto* before = last != nullptr ? std::get_if<llm::ReasoningDelta>(last) : nullptr;
    if (before != nullptr) {
      before->text += whole;
    } else {
      out_->emplace_back(llm::ReasoningDelta{std::move(whole)});
    }
  } else {
    auto* before = last != nullptr ? std::get_if<llm::TextDelta>(last) : nullptr;
    if (before != nullptr && before->logprobs.empty()) {
      before->text += whole;
    } else {
      out_->emplace_back(llm::TextDelta{.text = std::move(whole), .logprobs = {}});
    }
  }
}

}  // namespace seine::engine
