// Tells pages that hold content from pages that stand in its way: anti-bot challenges, consent and
// login walls, error pages that claim success, shells that a script fills. Pure over the tree.
#pragma once

#include "web/extract/content/main_content.h"
#include "web/extract/html/dom.h"
#include "web/extract/page.h"
#include "web/extract/style/visibility.h"

namespace seine::web {

PageFailure judge_page(const html::Document& document, const Visibility& visibility,
                       const Page& page, const MainContent& main, const PageOptions& options);

}  // namespace seine::web
