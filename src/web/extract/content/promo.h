// Lines that announce other pages or ask for something: "Read more: ...", "Sign up for our ...".
// Short lists of what every site says, in nine languages. Pure.
#pragma once

#include <string_view>

namespace seine::web {

// A heading behind which related pages follow.
bool announces_other_pages(std::string_view heading);
// A paragraph that points elsewhere or asks for something.
bool is_promo_line(std::string_view text);

}  // namespace seine::web
