#include "base/html.h"

namespace seine::base {

void append_html(std::string& out, std::string_view text, HtmlPlace place) {
  const bool attribute = place == HtmlPlace::kAttribute;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"' && attribute) {
      out += "&quot;";
    } else if (c == '`' && attribute) {
      out += "&#96;";  // an old browser's third quote
    } else if (c == '\r') {
      out += "&#13;";
    } else if (c != '\0') {
      out += c;
    }
  }
}

std::string to_html(std::string_view text, HtmlPlace place) {
  std::string out;
  append_html(out, text, place);
  return out;
}

}  // namespace seine::base
