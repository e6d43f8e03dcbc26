#include "web/render/cdp_splitter.h"

namespace seine::web {

using base::Code;
using base::fail;

namespace {

base::Result<CdpMessage> read_message(std::string_view text) {
  base::Json json = SEINE_TRY(
      base::parse_json(text, {.depth_max = 64, .bytes_max = CdpSplitter::kMessageBytesMax}));
  if (!json.is_object()) return fail(Code::kDataLoss, "the browser sent no object");
  CdpMessage message;
  message.id = SEINE_TRY(base::get<std::int64_t>(json, "id"));
  message.method = SEINE_TRY(base::get_or<std::string>(json, "method", {}));
  message.session = SEINE_TRY(base::get_or<std::string>(json, "sessionId", {}));
  if (const base::Json* refused = base::find(json, "error")) {
    message.error = refused->is_object()
                        ? SEINE_TRY(base::get_or<std::string>(*refused, "message", "refused"))
                        : std::string("refused");
  }
  const char* const body = message.id ? "result" : "params";
  if (json.contains(body)) message.params = std::move(json[body]);
  if (!message.id && message.method.empty()) {
    return fail(Code::kDataLoss, "the browser sent neither an answer nor an event");
  }
  return message;
}

}  // namespace

base::Result<std::optional<CdpMessage>> CdpSplitter::next() {
  const std::size_t end = buffer_.find('\0', scanned_);
  if (end == std::string::npos) {
    scanned_ = buffer_.size();
    if (scanned_ > kMessageBytesMax) {
      return fail(Code::kResourceExhausted, "a message of the browser passes the limit of {} bytes",
                  kMessageBytesMax);
    }
    return std::nullopt;
  }
  auto message = read_message(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end + 1);
  scanned_ = 0;
  if (!message) return std::unexpected(std::move(message).error());
  return std::optional(std::move(*message));
}

}  // namespace seine::web
