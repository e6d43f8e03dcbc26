#include "gateway/reader_language.h"

#include "base/error_text.h"
#include "base/json.h"
#include "net/request.h"

namespace seine::gateway {

using base::Json;
using base::Language;

Language reader_language(const net::Request& request) {
  return base::choose_language(request.headers().get("accept-language").value_or(""), "", "", "");
}

void speak(Json& json, Language language) {
  if (language == Language::kEnglish || !json.is_structured()) return;
  const auto put = [language](Json& text) {
    text = base::message_text(text.get_ref<const std::string&>(), language);
  };
  if (json.is_array()) {
    for (Json& item : json) speak(item, language);
    return;
  }
  for (auto& [key, value] : json.items()) {
    if (value.is_string() && (key == "reason" || key == "error")) {
      put(value);
    } else if (key == "error" && value.is_object()) {
      if (const auto message = value.find("message");
          message != value.end() && message->is_string())
        put(*message);
    } else {
      speak(value, language);
    }
  }
}

std::string spoken(std::string json, Language language) {
  if (language == Language::kEnglish) return json;
  // Most records tell of no failure: a look saves reading and writing them anew. Within a text a
  // quote is escaped, so that these cannot stand there.
  const bool tells = json.find(R"("reason":")") != std::string::npos ||
                     json.find(R"("error":")") != std::string::npos ||
                     json.find(R"("error":{)") != std::string::npos;
  if (!tells) return json;
  base::Result<Json> parsed = base::parse_json(json);
  if (!parsed) return json;
  speak(*parsed, language);
  return base::to_text(*parsed);
}

}  // namespace seine::gateway
