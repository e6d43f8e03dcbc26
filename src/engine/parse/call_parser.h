// CallParser: reads the calls of tools out of a model's output once it has begun to write them. One
// implementation a format. Private to parse; one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "engine/parse/markers.h"
#include "engine/template/chat_template.h"

namespace seine::engine {

// What is read, in order: start, any number of pieces, end.
class CallSink {
 public:
  virtual ~CallSink() = default;
  virtual void start(std::string_view name) = 0;
  virtual void arguments(std::string_view piece) = 0;
  // What looked like a call and was none.
  virtual void plain(std::string_view text) = 0;
};

class CallParser {
 public:
  enum class Step : std::uint8_t {
    kMore,  // nothing more can be told from this text
    kDone,  // no call is open: what is left is plain text
  };
  virtual ~CallParser() = default;

  // The signs that begin calls in plain text.
  virtual const Markers& openers() const = 0;
  // Is the sign at the start of `text`, which find() gave, really a beginning? Nothing: more text
  // is needed to tell.
  virtual std::optional<bool> begins(std::string_view text, std::size_t length) const;
  // Takes bytes off the front of `text`. `last`: no more will come.
  virtual Step advance(std::string_view& text, bool last, CallSink& sink) = 0;

  static std::unique_ptr<CallParser> of(ToolFormat format);
};

std::unique_ptr<CallParser> make_deepseek_parser();
std::unique_ptr<CallParser> make_dsml_parser();
std::unique_ptr<CallParser> make_hermes_parser();

// Takes white space off the front.
void skip_space(std::string_view& text);

}  // namespace seine::engine
