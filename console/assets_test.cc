#include "console/assets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

namespace seine::console {
namespace {

const Asset* find(std::string_view path) {
  const auto all = assets();
  const auto at = std::ranges::lower_bound(all, path, {}, &Asset::path);
  return at != all.end() && at->path == path ? &*at : nullptr;
}

// The values of src="…" and href="…" that point into the console itself.
std::set<std::string> references(std::string_view html) {
  std::set<std::string> found;
  for (const std::string_view attribute : {"src=\"/", "href=\"/"}) {
    for (auto at = html.find(attribute); at != html.npos; at = html.find(attribute, at + 1)) {
      const auto begin = at + attribute.size() - 1;
      found.emplace(html.substr(begin, html.find('"', begin) - begin));
    }
  }
  return found;
}

// RFC 1952 §2.3: the last four bytes of a gzip member are the length of what it holds, little
// endian.
std::uint32_t gzip_length(std::string_view gzip) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length |= std::uint32_t{static_cast<unsigned char>(gzip[gzip.size() - 4 + i])} << (8 * i);
  }
  return length;
}

TEST(ConsoleAssets, AreSortedAndUnique) {
  EXPECT_TRUE(std::ranges::is_sorted(assets(), std::ranges::less{}, &Asset::path));
  EXPECT_EQ(std::ranges::adjacent_find(assets(), {}, &Asset::path), assets().end());
}

TEST(ConsoleAssets, IndexNamesOnlyWhatIsEmbedded) {
  const Asset* index = find("/index.html");
  ASSERT_NE(index, nullptr);
  EXPECT_EQ(index->content_type, "text/html; charset=utf-8");
  EXPECT_FALSE(index->immutable);
  EXPECT_TRUE(index->identity.starts_with("<!doctype html>"));
  EXPECT_TRUE(index->identity.ends_with("</html>\n"));
  const auto paths = references(index->identity);
  EXPECT_FALSE(paths.empty());
  for (const auto& path : paths) EXPECT_NE(find(path), nullptr) << path;
}

TEST(ConsoleAssets, KeepToTheStrictPolicy) {
  const std::string_view html = find("/index.html")->identity;
  for (const std::string_view banned : {"<style", " style=", "<script>", " onload=", " onclick="}) {
    EXPECT_EQ(html.find(banned), html.npos) << banned;
  }
}

TEST(ConsoleAssets, EncodingsHoldTheSameFile) {
  for (const Asset& asset : assets()) {
    SCOPED_TRACE(asset.path);
    EXPECT_TRUE(asset.path.starts_with('/'));
    EXPECT_FALSE(asset.identity.empty());
    EXPECT_TRUE(asset.etag.starts_with("W/\"") && asset.etag.ends_with('"'));
    EXPECT_EQ(asset.immutable, asset.path.starts_with("/assets/"));
    if (!asset.gzip.empty()) {
      EXPECT_TRUE(asset.gzip.starts_with("\x1f\x8b"));
      EXPECT_EQ(gzip_length(asset.gzip), asset.identity.size());
      EXPECT_LT(asset.gzip.size(), asset.identity.size());
    }
    EXPECT_LE(asset.brotli.size(), asset.identity.size());
  }
}

TEST(ConsoleAssets, ABuiltConsoleIsCompressed) {
  if (!built()) GTEST_SKIP() << "skipped: the console was not built, the stub is embedded";
  for (const Asset& asset : assets()) {
    SCOPED_TRACE(asset.path);
    const bool compressed_already = asset.path.ends_with(".woff2");
    if (asset.identity.size() > 1024 && !compressed_already) {
      EXPECT_FALSE(asset.gzip.empty());
      EXPECT_FALSE(asset.brotli.empty());
    }
  }
}

}  // namespace
}  // namespace seine::console
