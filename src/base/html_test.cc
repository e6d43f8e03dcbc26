#include "base/html.h"

#include <gtest/gtest.h>

namespace seine::base {
namespace {

TEST(Html, TextAndAttributes) {
  EXPECT_EQ(to_html("a < b && c > \"d\" `e`", HtmlPlace::kText),
            "a &lt; b &amp;&amp; c &gt; \"d\" `e`");
  EXPECT_EQ(to_html("\" onload=`x` <i>", HtmlPlace::kAttribute),
            "&quot; onload=&#96;x&#96; &lt;i&gt;");
  EXPECT_EQ(to_html(std::string_view("塞\r\n\0纳", 9), HtmlPlace::kText), "塞&#13;\n纳");
  EXPECT_EQ(to_html("&amp;", HtmlPlace::kText), "&amp;amp;");
}

}  // namespace
}  // namespace seine::base
