#include "gateway/grpc/reflection.h"

#include <google/protobuf/descriptor.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>
#include <gtest/gtest.h>

namespace seine::gateway::grpc {
namespace {

namespace v1 = ::grpc::reflection::v1;

constexpr std::string_view kServices[] = {"seine.v1.Generation", "grpc.health.v1.Health"};

v1::ServerReflectionResponse ask(const v1::ServerReflectionRequest& request) {
  v1::ServerReflectionResponse response;
  const auto bytes = reflect(request.SerializeAsString(), kServices);
  EXPECT_TRUE(bytes.has_value());
  if (bytes) EXPECT_TRUE(response.ParseFromString(*bytes));
  return response;
}

TEST(GrpcReflection, ListsServices) {
  v1::ServerReflectionRequest request;
  request.set_host("here");
  request.set_list_services("*");
  const auto response = ask(request);
  EXPECT_EQ(response.valid_host(), "here");
  EXPECT_EQ(response.original_request().list_services(), "*");
  ASSERT_EQ(response.list_services_response().service_size(), 2);
  EXPECT_EQ(response.list_services_response().service(0).name(), "seine.v1.Generation");
}

TEST(GrpcReflection, ShowsTheFilesOfServicesOnly) {
  for (const char* symbol :
       {"seine.v1.Generation", "seine.v1.Generation.Generate", "seine.v1.GenerateRequest"}) {
    v1::ServerReflectionRequest request;
    request.set_file_containing_symbol(symbol);
    const auto response = ask(request);
    ASSERT_GE(response.file_descriptor_response().file_descriptor_proto_size(), 1) << symbol;
    ::google::protobuf::FileDescriptorProto file;
    ASSERT_TRUE(file.ParseFromString(response.file_descriptor_response().file_descriptor_proto(0)));
    EXPECT_EQ(file.package(), "seine.v1");
    EXPECT_EQ(file.service(0).name(), "Generation");
  }
  v1::ServerReflectionRequest health;
  health.set_file_by_filename("grpc/health/v1/health.proto");
  EXPECT_EQ(ask(health).file_descriptor_response().file_descriptor_proto_size(), 1);
  for (const char* other : {"google.protobuf.FileDescriptorProto", "seine.v1.Nothing", ""}) {
    v1::ServerReflectionRequest request;
    request.set_file_containing_symbol(other);
    EXPECT_EQ(ask(request).error_response().error_code(), 5) << other;
  }
}

TEST(GrpcReflection, AnswersTheRestOfTheInterface) {
  v1::ServerReflectionRequest numbers;
  numbers.set_all_extension_numbers_of_type("seine.v1.Message");
  EXPECT_EQ(ask(numbers).all_extension_numbers_response().extension_number_size(), 0);
  v1::ServerReflectionRequest extension;
  extension.mutable_file_containing_extension()->set_containing_type("seine.v1.Message");
  EXPECT_EQ(ask(extension).error_response().error_code(), 5);
  EXPECT_EQ(ask({}).error_response().error_code(), 3);
  EXPECT_EQ(reflect("\xff\xff", kServices).error().code, base::Code::kInvalidArgument);
}

}  // namespace
}  // namespace seine::gateway::grpc
