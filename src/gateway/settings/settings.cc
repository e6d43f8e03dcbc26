#include "gateway/settings/settings.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::Json;
using base::Result;

constexpr std::string_view kNamespace = "gateway.settings";
constexpr std::string_view kPerson = "console";
constexpr std::size_t kValueBytesMax = 256;

struct Choice {
  std::string_view key;
  std::string_view values;  // "a|b"; empty: any short text
};
constexpr Choice kChoices[] = {
    {"language", "auto|en|zh"},
    {"theme", "system|light|dark"},
    {"font_size", ""},
    {"density", ""},
    {"model", ""},
    {"search", "auto|on|off"},
    {"think", "off|low|high|max"},
    {"send_key", ""},
};

}  // namespace

Result<Json> check_settings(const Json& body) {
  Json kept = Json::object();
  for (const auto& [key, value] : body.items()) {
    const auto choice = std::ranges::find(kChoices, key, &Choice::key);
    if (choice == std::end(kChoices)) {
      return base::fail_field(Code::kInvalidArgument, key, "there is no setting '{}'", key);
    }
    if (value.is_null()) continue;
    const auto text = SEINE_TRY(base::require<std::string>(body, key));
    if (text.size() > kValueBytesMax) {
      return base::fail_field(Code::kInvalidArgument, key, "'{}' has {} bytes, the limit is {}",
                              key, text.size(), kValueBytesMax);
    }
    const auto values = base::split(choice->values, '|');
    if (!choice->values.empty() && std::ranges::find(values, text) == values.end()) {
      return base::fail_field(Code::kInvalidArgument, key, "'{}' is one of {}, not '{}'", key,
                              choice->values, text);
    }
    kept[key] = text;
  }
  return kept;
}

Result<Json> load_settings(store::KeyValue& records) {
  const auto entry = SEINE_TRY(records.get(kNamespace, kPerson));
  if (!entry) return Json::object();
  return base::parse_json(entry->value);
}

Result<Json> save_settings(store::KeyValue& records, const Json& body) {
  Json kept = SEINE_TRY(check_settings(body));
  SEINE_CHECK(records.put(kNamespace, kPerson, base::to_text(kept)));
  return kept;
}

}  // namespace seine::gateway
