// What a service answers to a command, read leniently: what is absent is empty.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "server/api_client.h"
#include "server/invocation.h"

namespace seine::server {

std::string text_at(const base::Json& json, std::string_view key);
std::int64_t number_at(const base::Json& json, std::string_view key);
bool flag_at(const base::Json& json, std::string_view key);
// An array; empty where there is none.
const base::Json& list_at(const base::Json& json, std::string_view key);

struct Asked {
  std::unique_ptr<ApiClient> client;  // a service of the command's own lives as long
  base::Json reply;
};

// The service's error where it refuses.
base::Result<Asked> ask(const Invocation& invocation, std::string_view method,
                        const std::string& path, const std::string& body = {},
                        ApiClient::Needs needs = ApiClient::Needs::kNoModels);

}  // namespace seine::server
