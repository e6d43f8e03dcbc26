#include "gateway/grpc/wire.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace seine::gateway::grpc {
namespace {

using base::Code;
using namespace std::chrono_literals;
using namespace std::string_literals;

TEST(GrpcWire, FramesGoThereAndBack) {
  std::string frame;
  append_frame(frame, "hello");
  EXPECT_EQ(frame, "\0\0\0\0\x05hello"s);
  EXPECT_EQ(only_message(frame), "hello");
  std::string empty;
  append_frame(empty, "");
  EXPECT_EQ(only_message(empty), "");
}

TEST(GrpcWire, TakesExactlyOneWholePlainMessage) {
  EXPECT_EQ(only_message("").error().code, Code::kUnimplemented);
  EXPECT_EQ(only_message("\0\0"s).error().code, Code::kInvalidArgument);
  EXPECT_EQ(only_message("\0\0\0\0\x05hell"s).error().code, Code::kInvalidArgument);
  EXPECT_EQ(only_message("\0\0\0\0\x05hello\0\0\0\0\0"s).error().code, Code::kUnimplemented);
  EXPECT_EQ(only_message("\x01\0\0\0\x05hello"s).error().code, Code::kUnimplemented);
  EXPECT_EQ(only_message("\0\x01\0\0\x01"s).error().message,
            "the message has 16,777,217 bytes, the limit is 16,777,216");
}

TEST(GrpcWire, TakesMessagesFromPieces) {
  std::string bytes;
  for (const char* message : {"hello", "", "you"}) append_frame(bytes, message);
  FrameReader reader(5);
  std::vector<std::string> got;
  for (const char byte : bytes) {
    reader.feed({&byte, 1});
    for (auto next = reader.next(); next && *next; next = reader.next()) got.push_back(**next);
  }
  EXPECT_EQ(got, (std::vector<std::string>{"hello", "", "you"}));
  EXPECT_TRUE(reader.empty());
  reader.feed("\0\0\0\0\x06"s);
  EXPECT_EQ(reader.next().error().code, Code::kResourceExhausted);
  FrameReader squeezed(5);
  squeezed.feed("\x01\0\0\0\0"s);
  EXPECT_EQ(squeezed.next().error().code, Code::kUnimplemented);
}

TEST(GrpcWire, ReadsTimeouts) {
  EXPECT_EQ(parse_timeout("100m"), 100ms);
  EXPECT_EQ(parse_timeout("2S"), 2s);
  EXPECT_EQ(parse_timeout("3M"), 3min);
  EXPECT_EQ(parse_timeout("1H"), 1h);
  EXPECT_EQ(parse_timeout("7u"), 7us);
  EXPECT_EQ(parse_timeout("99999999n"), 99999999ns);
  EXPECT_GT(*parse_timeout("99999999H"), 8000h);  // not wrapped round
  for (const char* bad : {"", "S", "5", "-1S", "1x", "123456789S", "1 S", " 1S"}) {
    const auto timeout = parse_timeout(bad);
    ASSERT_FALSE(timeout) << bad;
    EXPECT_EQ(timeout.error().field, "grpc-timeout");
  }
}

TEST(GrpcWire, WritesStatus) {
  EXPECT_EQ(ok_fields().get("grpc-status"), "0");
  const net::Headers fields = status_fields(
      {Code::kInvalidArgument, "100 % of '\xe6\xb0\xb4'\r\nx: y", "messages[0].role"});
  EXPECT_EQ(fields.get("grpc-status"), "3");
  EXPECT_EQ(fields.get("grpc-message"), "100 %25 of '%E6%B0%B4'%0D%0Ax: y");
  EXPECT_EQ(fields.get("error-field"), "messages[0].role");
  EXPECT_FALSE(status_fields({Code::kInternal, "x"}).contains("error-field"));
}

TEST(GrpcWire, KnowsItsContentTypes) {
  for (const char* good : {"application/grpc", "application/grpc+proto", "Application/GRPC; a=b"}) {
    EXPECT_TRUE(is_grpc_content(good)) << good;
  }
  for (const char* bad :
       {"", "application/json", "application/grpc-web", "application/grpc+json"}) {
    EXPECT_FALSE(is_grpc_content(bad)) << bad;
  }
}

}  // namespace
}  // namespace seine::gateway::grpc
