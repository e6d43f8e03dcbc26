// Any body gives a call or an error that says why, and a frame's message comes out as it went in.
#include "gateway/grpc/messages.h"
#include "gateway/grpc/wire.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  namespace grpc = seine::gateway::grpc;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto taken = grpc::only_message(bytes);
  if (!taken && taken.error().message.empty()) __builtin_trap();
  const auto call = grpc::parse_generate(taken ? *taken : bytes);
  if (call) {
    if (call->request.messages.empty() || call->answers < 1 ||
        call->answers > seine::gateway::Call::kAnswersMax) {
      __builtin_trap();
    }
  } else if (call.error().message.empty()) {
    __builtin_trap();
  } else {
    const auto fields = grpc::status_fields(call.error());
    const std::string_view said = fields.get("grpc-message").value_or("");
    for (const char c : said) {
      if (c < 0x20 || c > 0x7e) __builtin_trap();
    }
  }
  std::string frame;
  grpc::append_frame(frame, bytes);
  const auto back = grpc::only_message(frame);
  if (!back || *back != bytes) __builtin_trap();
  grpc::FrameReader reader(64);
  reader.feed(bytes);
  for (auto next = reader.next(); next && *next; next = reader.next()) {
    if ((*next)->size() > 64) __builtin_trap();
  }
  const auto timeout = grpc::parse_timeout(bytes);
  if (timeout && *timeout < seine::base::Duration::zero()) __builtin_trap();
  return 0;
}
