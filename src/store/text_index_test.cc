#include "store/text_index.h"

#include <gtest/gtest.h>

#include "store/detail/temporary_directory.h"
#include "store/text_query.h"
#include "store/tokenizer.h"

namespace seine::store {
namespace {

using base::Code;

// "term@position" for each, extra ones marked "+".
std::string terms(std::string_view text) {
  Tokenizer tokenizer;
  std::string out;
  for (const Token& token : tokenizer.tokens(text)) {
    if (!out.empty()) out += ' ';
    if (token.extra) out += '+';
    out += fmt::format("{}@{}", token.text, token.position);
  }
  return out;
}

TEST(Tokenizer, StemsLatinAndFoldsAccentsAndWidth) {
  EXPECT_EQ(terms("Running Cafés ＡＢＣ"), "run@0 cafe@1 abc@2");
  EXPECT_EQ(terms("Straße Ærø İstanbul"), "strass@0 aero@1 istanbul@2");
  EXPECT_EQ(terms("John's don't O'Neill"), "john@0 dont@1 o@2 neill@3");
}

TEST(Tokenizer, GivesHanAsCharactersAndPairs) {
  EXPECT_EQ(terms("中国人"), "中@0 +中国@0 国@1 +国人@1 人@2");
  EXPECT_EQ(terms("網路"), "网@0 +网路@0 路@1");
  EXPECT_EQ(terms("2018年GDP"), "2018@0 年@1 gdp@2");
  EXPECT_EQ(terms("ｶﾞｲﾄﾞ"), "ガ@0 +ガイ@0 イ@1 +イド@1 ド@2");
  EXPECT_EQ(terms("한국"), "한@0 +한국@0 국@1");
}

TEST(Tokenizer, KeepsNamesAndNumbersWhole) {
  EXPECT_EQ(terms("max_tokens"), "max@0 +max_tokens@0 token@1");
  EXPECT_EQ(terms("v1.2.3"), "v1@0 +v1.2.3@0 2@1 3@2");
  EXPECT_EQ(terms("C++ and C#."), "c@0 +c++@0 and@1 c@2 +c#@2");
  EXPECT_EQ(terms("1,234,567.5"), "1234567@0 5@1");
  EXPECT_EQ(terms("GPT-4 x-ray"), "gpt@0 +gpt-4@0 4@1 x@2 ray@3");
  EXPECT_EQ(terms("end.Start"), "end@0 start@1");
  EXPECT_EQ(terms("getUserName"), "getusernam@0 +get@0 +user@0 +name@0");
}

TEST(Tokenizer, OffsetsPointIntoTheOriginal) {
  const std::string text = "Le Café：網路 (Ｖ１)";
  Tokenizer tokenizer;
  std::vector<std::string> originals;
  for (const Token& token : tokenizer.tokens(text)) {
    originals.push_back(text.substr(token.begin, token.end - token.begin));
  }
  EXPECT_EQ(originals, (std::vector<std::string>{"Le", "Café", "網", "網路", "路", "Ｖ１"}));
}

TEST(Tokenizer, TakesAnyBytes) {
  EXPECT_EQ(terms("a\xff\xfe b\xe4\xb8"), "a@0 b@1");
  EXPECT_EQ(terms(std::string(100'000, '_')), "");
  EXPECT_FALSE(terms(std::string(100'000, 'x')).empty());
}

TEST(TextQuery, DropsStopWordsUnlessNothingElseIsLeft) {
  Tokenizer tokenizer;
  const auto words = [&](std::string_view text) {
    std::string out;
    for (const QueryTerm& term : parse_query(tokenizer, text, 50).terms) {
      out += term.required ? "!" : "";
      for (const std::string& part : term.terms) out += part + " ";
    }
    return out;
  };
  EXPECT_EQ(words("What is the capital of France?"), "capit franc ");
  EXPECT_EQ(words("to be or not to be"), "to be or not ");
  EXPECT_EQ(words("say \"machine learning\" now"), "!machin learn say now ");
  EXPECT_EQ(words("\"中国人\" x"), "!中国 国人 x ");
  EXPECT_EQ(words("\"unfinished"), "unfinish ");
  EXPECT_EQ(words("* OR NEAR( :^ \" \" -"), "near ");
}

struct TextIndexTest : testing::Test {
  detail::TemporaryDirectory dir;
  std::unique_ptr<Database> database = *Database::open(dir / "a.db");
  std::unique_ptr<TextIndex> index = *TextIndex::open(*database);

  void SetUp() override { ASSERT_TRUE(index->create_collection("c")); }
  void add(std::vector<Document> documents) {
    const auto added = index->apply("c", documents);
    ASSERT_TRUE(added) << added.error().to_string();
  }
  std::string ids(TextQuery query) {
    const auto hits = index->search("c", query);
    EXPECT_TRUE(hits) << hits.error().to_string();
    std::string out;
    if (hits) {
      for (const Hit& hit : *hits) out += (out.empty() ? "" : " ") + hit.id;
    }
    return out;
  }
  std::string ids(std::string text) { return ids(TextQuery{.text = std::move(text)}); }
};

TEST_F(TextIndexTest, FindsAcrossScriptsAndForms) {
  add({{"en", "Rivers", "", "The Seine flows through Paris.", "{}"},
       {"hans", "", "", "塞纳河流经巴黎市中心。", "{}"},
       {"hant", "", "", "網際網路的歷史很長。", "{}"}});
  EXPECT_EQ(ids("flowing rivers?"), "en");
  EXPECT_EQ(ids("巴黎河流"), "hans");
  EXPECT_EQ(ids("网络历史"), "hant");
  EXPECT_EQ(ids("nothing of this kind"), "");
  EXPECT_EQ(ids(""), "");
}

TEST_F(TextIndexTest, UpdatesAndRemovalsLeaveNoGhosts) {
  add({{"a", "", "", "alpha", "{}"}, {"b", "", "", "alpha beta", "{}"}});
  add({{"a", "", "", "gamma", "{}"}});
  EXPECT_EQ(ids("alpha"), "b");
  EXPECT_EQ(ids("gamma"), "a");
  ASSERT_TRUE(index->apply("c", {}, std::vector<std::string>{"b", "absent"}));
  EXPECT_EQ(ids("alpha"), "");
  EXPECT_EQ(index->collections()->at(0).documents, 1U);
  EXPECT_TRUE(index->check()->empty());
  while (*index->merge("c")) {
  }
  EXPECT_EQ(ids("gamma"), "a");
  EXPECT_TRUE(index->check()->empty());
}

TEST_F(TextIndexTest, QuotesAskForThePhraseIfThereIsOne) {
  add({{"apart", "", "", "learning about the machine", "{}"},
       {"phrase", "", "", "a course in machine learning", "{}"},
       {"han", "", "", "中国人民", "{}"},
       {"han apart", "", "", "人在中国", "{}"}});
  EXPECT_EQ(ids("\"machine learning\""), "phrase");
  EXPECT_EQ(ids("\"中国人\""), "han");
  // Nothing has the phrase: its words count alone.
  EXPECT_EQ(ids("\"course machine\""), "phrase apart");
  // Optional words beside the phrase only add.
  EXPECT_EQ(ids("\"machine learning\" zebra about"), "phrase");
}

TEST_F(TextIndexTest, FiltersOnMetadata) {
  add({{"a", "", "", "word", R"({"site":"x.org","year":2024})"},
       {"b", "", "", "word", R"({"site":"y.org","year":2025})"},
       {"c", "", "", "word", "{}"}});
  EXPECT_EQ(ids({.text = "word", .filters = {{"site", {"y.org", "z.org"}}}}), "b");
  EXPECT_EQ(ids({.text = "word", .filters = {{"year", {"2024"}}}}), "a");
  EXPECT_EQ(index->search("c", {.text = "word", .filters = {{"x'\"", {"1"}}}}).error().code,
            Code::kInvalidArgument);
}

TEST_F(TextIndexTest, SnippetsPointIntoTheBody) {
  const std::string body =
      "Some words at the beginning that say little. The river Seine rises in Burgundy. " +
      std::string(600, 'z') + " The end.";
  add({{"a", "", "", body, "{}"}});
  const auto hits = index->search("c", {.text = "where does the Seine rise", .snippet_bytes = 60});
  ASSERT_TRUE(hits);
  ASSERT_EQ(hits->size(), 1U);
  const Hit& hit = hits->front();
  EXPECT_EQ(hit.snippet_text, "The river Seine rises in Burgundy.");
  EXPECT_EQ(body.substr(hit.snippet.begin, hit.snippet.end - hit.snippet.begin), hit.snippet_text);
  std::vector<std::string> matched;
  for (const ByteSpan& span : hit.matches)
    matched.push_back(body.substr(span.begin, span.end - span.begin));
  EXPECT_EQ(matched, (std::vector<std::string>{"Seine", "rises"}));
}

TEST_F(TextIndexTest, TitlesCanWeighMore) {
  add({{"body", "other", "", "apple pear", "{}"}, {"title", "apple", "", "plum pear", "{}"}});
  EXPECT_EQ(ids({.text = "apple", .title_weight = 5}), "title body");
}

TEST_F(TextIndexTest, RefusesWhatIsOutOfBounds) {
  const auto code = [&](Document document) {
    return index->apply("c", std::vector{std::move(document)}).error().code;
  };
  EXPECT_EQ(code({"", "", "", "x", "{}"}), Code::kInvalidArgument);
  EXPECT_EQ(code({"i", "", "", "\xff", "{}"}), Code::kInvalidArgument);
  EXPECT_EQ(code({"i", "", "", "x", "[]"}), Code::kInvalidArgument);
  EXPECT_EQ(code({"i", "", "", std::string(5 << 20, 'x'), "{}"}), Code::kInvalidArgument);
  EXPECT_EQ(index->search("absent", {.text = "x"}).error().code, Code::kNotFound);
  EXPECT_EQ(index->create_collection("c").error().code, Code::kAlreadyExists);
  ASSERT_TRUE(index->drop_collection("c"));
  EXPECT_EQ(index->search("c", {.text = "x"}).error().code, Code::kNotFound);
}

TEST_F(TextIndexTest, NoQueryIsASyntaxError) {
  add({{"a", "", "", "NEAR AND OR column title: \"quoted\" ^ * ( ) - + { }", "{}"}});
  for (const std::string text :
       {"\"", "\"\"\"", "NEAR(a b)", "title:x", "a AND", "(((", "^a*", "{a b}:c", "-x", "\x01raw",
        "a\"b\"c\"", "' OR 1=1 --", "\xff\xfe\"\xff\""}) {
    EXPECT_TRUE(index->search("c", {.text = text})) << text;
  }
  EXPECT_EQ(ids("near"), "a");
}

// An index that an older tokenizer has made knows other terms: it is made again at open.
TEST(TextIndex, AnIndexOfAnotherTokenizerIsRebuiltAtOpen) {
  const detail::TemporaryDirectory dir;
  auto database = Database::open(dir / "a.db").value();
  {
    auto index = TextIndex::open(*database).value();
    ASSERT_TRUE(index->create_collection("c"));
    const Document document{"a", "", "", "some words", "{}"};
    ASSERT_TRUE(index->apply("c", std::span(&document, 1)));
  }
  ASSERT_TRUE(database->write([](Connection& connection) {
    return connection.script(
        "UPDATE text_collection SET tokenizer=0;"
        "INSERT INTO text_fts_1(text_fts_1) VALUES('delete-all');");
  }));
  auto index = TextIndex::open(*database).value();
  EXPECT_EQ(index->search("c", {.text = "word"}).value().size(), 1u);
  EXPECT_TRUE(index->check().value().empty());
}

}  // namespace
}  // namespace seine::store
