// What an element's name, role, class and id say about what it holds. Words that site builders use
// everywhere; no rule names a site. Pure functions.
#pragma once

#include <cstdint>

#include "web/extract/html/dom.h"

namespace seine::web {

enum class Hint : std::uint8_t {
  kNone,
  kBody,         // says it holds the article's text
  kMain,         // says it holds the page's main part
  kComments,     // readers' comments
  kNever,        // consent, pop-ups: never what a reader came for, however long
  kBoilerplate,  // navigation, sharing, related links, advertisements, consent, forms
  kMeta,         // byline, date, tags: about the article, not in it
};

Hint hint_of(const html::Node* element);

// What stands under a picture, and who took it.
bool is_caption(const html::Node* element);

// Elements that start a line of their own.
bool is_block(const html::Node* element);

}  // namespace seine::web
