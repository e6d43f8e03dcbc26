// What gRPC's reflection says of our services: one request in, one response out, both as messages'
// bytes. Sans-IO; reads the descriptors that the generated code carries.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace seine::gateway::grpc {

// `services` are the names to list. Only files that hold one of them, or a type of one, are shown.
// kInvalidArgument: no ServerReflectionRequest. What is not found is told within the response.
base::Result<std::string> reflect(std::string_view request,
                                  std::span<const std::string_view> services);

}  // namespace seine::gateway::grpc
