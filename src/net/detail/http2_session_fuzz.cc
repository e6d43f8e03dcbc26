#include <cstddef>
#include <cstdint>

#include "base/assert.h"
#include "base/clock.h"
#include "net/detail/http2_session.h"

namespace {

using namespace seine::net;
using namespace seine::net::detail;

// Answers every request at once with a short body.
class Answering final : public Http2Events {
 public:
  Http2Session* session = nullptr;
  void on_request(std::int32_t id, RequestHead head, HeadFault, bool) override {
    SEINE_ASSERT(head.headers.size() <= 128, "the count is bounded");
    session->respond(id, 200, Headers{{"a", "b"}}, true);
  }
  void on_body(std::int32_t id, std::string_view bytes) override {
    session->consume(id, bytes.size());
  }
  void on_body_end(std::int32_t) override {}
  void on_closed(std::int32_t, std::uint32_t) override {}
  Pulled pull_body(std::int32_t, std::span<char> into) override {
    const std::size_t size = into.size() < 5 ? into.size() : 5;
    for (std::size_t i = 0; i < size; ++i) into[i] = 'x';
    return {size, true};
  }
  Headers take_trailers(std::int32_t) override { return {}; }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const seine::base::ManualClock clock;
  const ServerLimits limits;
  Answering answering;
  Http2Session session(limits, clock, answering);
  answering.session = &session;
  std::string input = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  input.append("\0\0\0\4\0\0\0\0\0", 9);
  input.append(reinterpret_cast<const char*>(data), size);
  bool going = true;
  for (std::size_t at = 0; at < input.size() && going; at += 97) {
    going = session.feed(std::string_view(input).substr(at, 97));
    while (!session.output().empty()) session.sent(session.output().size());
  }
  return 0;
}
