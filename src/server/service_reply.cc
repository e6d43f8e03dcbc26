#include "server/service_reply.h"

namespace seine::server {

using base::Json;
using base::Result;

std::string text_at(const Json& json, std::string_view key) {
  auto found = base::get_or<std::string>(json, key, "");
  return found ? *std::move(found) : std::string();
}

std::int64_t number_at(const Json& json, std::string_view key) {
  return base::get_or<std::int64_t>(json, key, 0).value_or(0);
}

bool flag_at(const Json& json, std::string_view key) {
  return base::get_or<bool>(json, key, false).value_or(false);
}

const Json& list_at(const Json& json, std::string_view key) {
  static const Json kEmpty = Json::array();
  const Json* found = base::find(json, key);
  return found != nullptr && found->is_array() ? *found : kEmpty;
}

Result<Asked> ask(const Invocation& invocation, std::string_view method, const std::string& path,
                  const std::string& body, ApiClient::Needs needs) {
  auto client = SEINE_TRY(ApiClient::connect(invocation, needs));
  const std::string text = SEINE_TRY(client->call(method, path, body));
  Json reply = text.empty() ? Json::object() : SEINE_TRY(base::parse_json(text));
  return Asked{std::move(client), std::move(reply)};
}

}  // namespace seine::server
