#include "net/detail/websocket_codec.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.h"

namespace seine::net::detail {
namespace {

struct Frames {
  std::vector<WsEvent> events;
  std::uint16_t fault = 0;
};

Frames decode_frames(std::string_view bytes, std::size_t cut, std::size_t limit = 1 << 20) {
  WsDecoder decoder(WsRole::kServer, limit);
  Frames out;
  for (std::size_t at = 0; at < bytes.size(); at += cut) decoder.feed(bytes.substr(at, cut));
  WsEvent event{};
  while (decoder.next(event)) out.events.push_back(event);
  out.fault = decoder.fault();
  return out;
}

std::string frame(WsOpcode opcode, std::string_view data) {
  std::string out;
  append_ws_frame(out, opcode, data, WsRole::kClient, 0x1b2c3d4e);
  return out;
}
std::string not_final(std::string bytes) {
  bytes[0] = static_cast<char>(bytes[0] & 0x7f);
  return bytes;
}

TEST(WsDecoder, RoundTripAtAnyCut) {
  base::SeededRandom random(9);
  for (const std::size_t size : {0, 1, 125, 126, 127, 65535, 65536, 70000}) {
    const std::string text(size, 'x');
    const std::string bytes = frame(WsOpcode::kText, text) + frame(WsOpcode::kPing, "p") +
                              not_final(frame(WsOpcode::kBinary, text)) +
                              frame(WsOpcode::kPong, "") + frame(WsOpcode::kContinuation, "end");
    const Frames out = decode_frames(bytes, 1 + random.below(bytes.size()));
    ASSERT_EQ(out.fault, 0);
    ASSERT_EQ(out.events.size(), 4U);
    EXPECT_EQ(out.events[0], (WsEvent{WsOpcode::kText, text}));
    EXPECT_EQ(out.events[1], (WsEvent{WsOpcode::kPing, "p"}));
    EXPECT_EQ(out.events[3], (WsEvent{WsOpcode::kBinary, text + "end"}));
  }
}

TEST(WsDecoder, ProtocolErrors) {
  std::string unmasked;
  append_ws_frame(unmasked, WsOpcode::kText, "a", WsRole::kServer);
  EXPECT_EQ(decode_frames(unmasked, 1).fault, 1002);
  std::string reserved = frame(WsOpcode::kText, "a");
  reserved[0] = static_cast<char>(reserved[0] | 0x40);
  EXPECT_EQ(decode_frames(reserved, 1).fault, 1002);
  EXPECT_EQ(decode_frames(frame(static_cast<WsOpcode>(3), ""), 1).fault, 1002);
  EXPECT_EQ(decode_frames(frame(WsOpcode::kContinuation, "a"), 1).fault, 1002);
  EXPECT_EQ(decode_frames(not_final(frame(WsOpcode::kPing, "")), 1).fault, 1002);
  EXPECT_EQ(decode_frames(frame(WsOpcode::kPing, std::string(126, 'x')), 1).fault, 1002);
  EXPECT_EQ(
      decode_frames(not_final(frame(WsOpcode::kText, "a")) + frame(WsOpcode::kText, "b"), 1).fault,
      1002);
  EXPECT_EQ(decode_frames(frame(WsOpcode::kText, "\xff"), 1).fault, 1007);
  EXPECT_EQ(decode_frames(frame(WsOpcode::kClose, "x"), 1).fault, 1002);
  EXPECT_EQ(decode_frames(frame(WsOpcode::kClose, std::string_view("\x03\xed", 2)), 1).fault,
            1002);  // 1005
  EXPECT_EQ(decode_frames(frame(WsOpcode::kBinary, std::string(11, 'x')), 3, 10).fault, 1009);
  EXPECT_EQ(decode_frames(not_final(frame(WsOpcode::kBinary, "12345")) +
                              frame(WsOpcode::kContinuation, "123456"),
                          3, 10)
                .fault,
            1009);
}

TEST(WsDecoder, CloseCarriesCodeAndReason) {
  std::string bytes;
  append_ws_close(bytes, 1001, "bye", WsRole::kClient, 1);
  const Frames out = decode_frames(bytes + frame(WsOpcode::kText, "ignored"), 2);
  ASSERT_EQ(out.events.size(), 1U);
  EXPECT_EQ(out.events[0].close_code, 1001);
  EXPECT_EQ(out.events[0].data, "bye");
}

TEST(WsAcceptKey, ExampleOfTheRfc) {
  EXPECT_EQ(ws_accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

}  // namespace
}  // namespace seine::net::detail
