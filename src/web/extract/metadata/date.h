// Dates as pages write them: ISO 8601, "2019-09-07 09:59", "2019年9月7日", "7 September 2019",
// "Sept. 7, 2019", "09/07/2019" where only one reading is possible. Pure functions, locale-free.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace seine::web {

struct FoundDate {
  std::string iso;        // "2019-09-07", "2019-09-07T09:59:22", with "+08:00" or "Z" where given
  std::size_t begin = 0;  // where in the text
  std::size_t end = 0;
};

// The first date in a text at or behind `from`; years 1990-2099.
std::optional<FoundDate> find_date(std::string_view text, std::size_t from = 0);
// "/2019/09/07/" or "20190907" of a URL's path.
std::optional<std::string> date_in_url(std::string_view url);

}  // namespace seine::web
