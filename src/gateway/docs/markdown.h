// Markdown to HTML that may stand in a page of ours: headings with anchors, paragraphs, lists,
// quotes, code, tables, emphasis, links. Whatever else the text holds, tags above all, comes out as
// the text it is. Pure; time and depth are bounded for any input; one thread a call.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace seine::gateway {

// Where a link of the text leads: an address for href, or nothing to leave the words without a
// link. Not asked for links that no page may have (javascript: and its like).
using LinkTarget = std::function<std::optional<std::string>(std::string_view target)>;

// Without `link`, http(s) addresses, anchors and relative paths stay as they are.
std::string markdown_to_html(std::string_view markdown, const LinkTarget& link = {});

// The text of the first heading, without its marks; empty where there is none.
std::string markdown_title(std::string_view markdown);

}  // namespace seine::gateway
