#include "gateway/grpc/reflection.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpc/reflection/v1/reflection.pb.h>

#include <algorithm>
#include <vector>

namespace seine::gateway::grpc {
namespace {

namespace pb = ::google::protobuf;
namespace reflection = ::grpc::reflection::v1;

using base::Code;
using Services = std::span<const std::string_view>;

const pb::DescriptorPool& pool() {
  return *pb::DescriptorPool::generated_pool();
}

// The file and those that it imports, each once.
void collect(const pb::FileDescriptor& file, std::vector<const pb::FileDescriptor*>& out) {
  if (std::ranges::find(out, &file) != out.end()) return;
  out.push_back(&file);
  for (int i = 0; i < file.dependency_count(); ++i) collect(*file.dependency(i), out);
}

// The program carries descriptors of libraries, too; those are nobody's business.
bool is_served(const pb::FileDescriptor& file, Services services) {
  std::vector<const pb::FileDescriptor*> served;
  for (const std::string_view name : services) {
    const pb::ServiceDescriptor* service = pool().FindServiceByName(std::string(name));
    if (service != nullptr) collect(*service->file(), served);
  }
  return std::ranges::find(served, &file) != served.end();
}

void tell_file(const pb::FileDescriptor* file, const std::string& wanted, Services services,
               reflection::ServerReflectionResponse& out) {
  if (file == nullptr || !is_served(*file, services)) {
    out.mutable_error_response()->set_error_code(static_cast<int>(Code::kNotFound));
    out.mutable_error_response()->set_error_message("nothing named '" + wanted + "' is served");
    return;
  }
  std::vector<const pb::FileDescriptor*> files;
  collect(*file, files);
  for (const pb::FileDescriptor* each : files) {
    pb::FileDescriptorProto proto;
    each->CopyTo(&proto);
    out.mutable_file_descriptor_response()->add_file_descriptor_proto(proto.SerializeAsString());
  }
}

}  // namespace

base::Result<std::string> reflect(std::string_view request, Services services) {
  reflection::ServerReflectionRequest asked;
  if (!asked.ParseFromArray(request.data(), static_cast<int>(request.size()))) {
    return base::fail(Code::kInvalidArgument, "the message is no ServerReflectionRequest");
  }
  reflection::ServerReflectionResponse out;
  out.set_valid_host(asked.host());
  *out.mutable_original_request() = asked;
  switch (asked.message_request_case()) {
    case reflection::ServerReflectionRequest::kListServices:
      for (const std::string_view name : services)
        out.mutable_list_services_response()->add_service()->set_name(std::string(name));
      break;
    case reflection::ServerReflectionRequest::kFileByFilename:
      tell_file(pool().FindFileByName(asked.file_by_filename()), asked.file_by_filename(), services,
                out);
      break;
    case reflection::ServerReflectionRequest::kFileContainingSymbol:
      tell_file(pool().FindFileContainingSymbol(asked.file_containing_symbol()),
                asked.file_containing_symbol(), services, out);
      break;
    case reflection::ServerReflectionRequest::kAllExtensionNumbersOfType:
      // No message of ours can be extended.
      out.mutable_all_extension_numbers_response()->set_base_type_name(
          asked.all_extension_numbers_of_type());
      break;
    case reflection::ServerReflectionRequest::kFileContainingExtension:
      tell_file(nullptr, asked.file_containing_extension().containing_type(), services, out);
      break;
    case reflection::ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      out.mutable_error_response()->set_error_code(static_cast<int>(Code::kInvalidArgument));
      out.mutable_error_response()->set_error_message("the request asks for nothing");
      break;
  }
  return out.SerializeAsString();
}

}  // namespace seine::gateway::grpc
