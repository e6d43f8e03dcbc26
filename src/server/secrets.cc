#include "server/secrets.h"

#include <fstream>
#include <iterator>

#include "base/text.h"

namespace seine::server {

using base::Code;
using base::Result;

Result<std::string> secret(std::string_view setting, std::string_view whose,
                           std::string_view source, const Environment& environment) {
  constexpr std::size_t kBytesMax = 4'096;
  if (source.starts_with("env:")) {
    const std::string_view value = variable(environment, source.substr(4));
    if (value.empty())
      return base::fail_field(Code::kInvalidArgument, setting,
                              "{}: the variable {} for {} is empty", setting, source.substr(4),
                              whose);
    return std::string(value);
  }
  if (source.starts_with("file:")) {
    const std::string path(source.substr(5));
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    text = base::trim(text);
    if (!file || text.empty() || text.size() > kBytesMax)
      return base::fail_field(Code::kInvalidArgument, setting, "{}: {} for {} holds no key",
                              setting, path, whose);
    return text;
  }
  // The value itself is not repeated: it may be a key.
  return base::fail_field(Code::kInvalidArgument, setting,
                          "{}: the key of {} is given as env:NAME or file:PATH", setting, whose);
}

}  // namespace seine::server
