#include "engine/constraint/grammar_machine.h"

#include <gtest/gtest.h>
#include <regex.h>

#include <cmath>
#include <list>

#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"
#include "engine/constraint/json_schema.h"
#include "engine/constraint/number_range.h"
#include "engine/constraint/regex.h"

namespace seine::engine {
namespace {

using base::Json;

// All bytes, then texts as they occur in JSON and prose; id 0 ends.
struct Vocabulary {
  Vocabulary() {
    base::SeededRandom random(7);
    for (int byte = 0; byte < 256; ++byte) texts.emplace_back(1, static_cast<char>(byte));
    static constexpr std::string_view kParts[] = {
        "{",  "}",    "[",   "]",    "\"",  ":",  ",",     " ",   "\n", "true", "false", "null",
        "na", "name", "age", "kind", "0",   "12", "3.5",   "-",   "e",  "\\",   "\\u",   "d83d",
        "中", "é",    "a",   "b",    "tag", "x",  "items", "red", "2",  "\\n",  "\": \""};
    for (int i = 0; i < 600; ++i) {
      std::string text;
      for (std::uint64_t k = 0, n = 1 + random.below(3); k < n; ++k) {
        text += kParts[random.below(std::size(kParts))];
      }
      texts.push_back(text);
    }
    std::vector<TokenTrie::Entry> entries;
    TokenId id = 1;
    for (const std::string& text : texts) entries.push_back({text, id++});
    trie = std::make_shared<const TokenTrie>(std::move(entries), texts.size() + 1);
  }
  std::list<std::string> texts;
  std::shared_ptr<const TokenTrie> trie;
};

const Vocabulary& vocabulary() {
  static const Vocabulary kVocabulary;
  return kVocabulary;
}

constexpr TokenId kEndToken = 0;

std::shared_ptr<GrammarMachine> machine_of(std::shared_ptr<const Grammar> grammar,
                                           GrammarLimits limits = {}) {
  return std::make_shared<GrammarMachine>(std::move(grammar), vocabulary().trie,
                                          std::vector<TokenId>{kEndToken}, limits);
}

base::Result<std::shared_ptr<const Grammar>> regex(std::string_view pattern, RegexMatch match) {
  const RegexNode node = SEINE_TRY(parse_regex(pattern, match));
  auto grammar = std::make_shared<Grammar>();
  const Grammar::RuleId root = grammar->declare();
  grammar->define(root, emit_regex(*grammar, node, RegexText::kPlain, Grammar::kEnd));
  SEINE_CHECK(grammar->finish(root));
  return grammar;
}

bool matches(std::string_view pattern, std::string_view text,
             RegexMatch match = RegexMatch::kWhole) {
  auto grammar = regex(pattern, match);
  if (!grammar) {
    ADD_FAILURE() << grammar.error().to_string();
    return false;
  }
  return machine_of(*grammar)->matches(text);
}

TEST(Regex, Matches) {
  EXPECT_TRUE(matches("a(b|c)*d", "abcbd"));
  EXPECT_FALSE(matches("a(b|c)*d", "abxd"));
  EXPECT_TRUE(matches(R"(\d{2,3}-\w+?)", "123-a_b"));
  EXPECT_FALSE(matches(R"(\d{2,3}-\w+)", "1234-a"));
  EXPECT_TRUE(matches("[^a-c]", "中"));
  EXPECT_FALSE(matches("[^a-c]", "b"));
  EXPECT_TRUE(matches(R"([\u4e00-\u9fff]{2})", "中文"));
  EXPECT_FALSE(matches(".", "\n"));
  EXPECT_TRUE(matches(".", "😀")) << "a code point, not a byte";
  EXPECT_FALSE(matches(".", "\xF0\x9F")) << "never a broken one";
  EXPECT_TRUE(matches(R"(\p{L}+)", "Straße"));
  EXPECT_FALSE(matches(R"(\P{L}+)", "1a"));
  EXPECT_TRUE(matches("x{,2}", "x{,2}")) << "a brace that counts nothing";
  EXPECT_TRUE(matches("(?P<year>[0-9]{4})|", ""));
  EXPECT_TRUE(matches("(a*)*b", "aaab"));
  EXPECT_TRUE(matches("^a|b$", "xb", RegexMatch::kSearch));
  EXPECT_FALSE(matches("^a|b$", "xbx", RegexMatch::kSearch));
  EXPECT_TRUE(matches("^a|b$", "ax", RegexMatch::kSearch));
}

TEST(Regex, ErrorsNameColumnAndConstruct) {
  const auto message = [](std::string_view pattern) {
    const auto bad = regex(pattern, RegexMatch::kWhole);
    return bad ? "" : bad.error().message;
  };
  EXPECT_EQ(message("中(a"), "pattern, column 4: '(' without ')'");
  EXPECT_EQ(message("a(?=b)"), "pattern, column 4: look-around is not supported");
  EXPECT_EQ(message(R"((a)\1)"), "pattern, column 4: a back reference is not supported");
  EXPECT_EQ(message(R"(a\b)"), "pattern, column 2: a word boundary is not supported");
  EXPECT_EQ(message("a{1001}"), "the pattern repeats more than 1000 times");
  EXPECT_EQ(message("(((a{900}){900}){900})"), "the constraint compiles to more than 200000 nodes");
  EXPECT_EQ(message("[b-a]"), "pattern, column 5: a range whose end lies before its start");
  EXPECT_EQ(message(R"(\p{Han})"), "pattern, column 8: \\p{Han} is not supported");
  EXPECT_EQ(message(R"([^\x00-\x{10FFFF}])"), "the constraint allows no text at all");
  EXPECT_EQ(message(std::string(100, '(')), "the pattern's groups are nested more than 64 deep");
}

// The C library's matcher is the independent peer.
TEST(Regex, AgreesWithPosixOnRandomPatterns) {
  base::SeededRandom random(11);
  static constexpr std::string_view kPieces[] = {"a",    "b",  "c",  "(a|b)", "[ab]",      "[^a]",
                                                 "(ab)", "a*", "b+", "c?",    "(ba){1,2}", "."};
  for (int round = 0; round < 300; ++round) {
    std::string pattern;
    for (std::uint64_t i = 0, n = 1 + random.below(5); i < n; ++i) {
      if (i > 0 && random.below(5) == 0) pattern += '|';
      pattern += kPieces[random.below(std::size(kPieces))];
    }
    regex_t peer;
    ASSERT_EQ(regcomp(&peer, ("^(" + pattern + ")$").c_str(), REG_EXTENDED | REG_NOSUB), 0);
    const auto grammar = regex(pattern, RegexMatch::kWhole);
    ASSERT_TRUE(grammar) << pattern;
    const auto machine = machine_of(*grammar);
    for (int probe = 0; probe < 40; ++probe) {
      std::string text;
      for (std::uint64_t i = 0, n = random.below(7); i < n; ++i) {
        text += static_cast<char>('a' + random.below(3));
      }
      ASSERT_EQ(machine->matches(text), regexec(&peer, text.c_str(), 0, nullptr, 0) == 0)
          << pattern << " on " << text;
    }
    regfree(&peer);
  }
}

TEST(NumberRange, IsExact) {
  base::SeededRandom random(5);
  static constexpr double kBounds[] = {-1000, -12.5, -1, -0.25, 0, 0.1, 0.5, 1, 3, 9.99, 10, 250};
  for (int round = 0; round < 150; ++round) {
    NumberRange range;
    range.whole = random.below(2) == 0;
    if (random.below(3) != 0) range.least = {kBounds[random.below(12)], random.below(2) == 0};
    if (random.below(3) != 0) range.most = {kBounds[random.below(12)], random.below(2) == 0};
    Grammar grammar;
    const Grammar::RuleId root = grammar.declare();
    const auto node = emit_number_range(grammar, range, Grammar::kEnd);
    ASSERT_TRUE(node);
    grammar.define(root, *node);
    if (!grammar.finish(root)) continue;  // nothing between the bounds
    const auto machine = machine_of(std::make_shared<const Grammar>(std::move(grammar)));
    for (int probe = 0; probe < 200; ++probe) {
      std::string text = random.below(2) == 0 ? "-" : "";
      text += std::to_string(random.below(random.below(2) == 0 ? 12 : 1200));
      if (random.below(2) == 0) text += "." + std::to_string(random.below(1000));
      if (random.below(20) == 0) text = fmt::format("{}", kBounds[random.below(12)]);
      const double value = *base::parse_double(text);
      const bool inside = (!range.least || value > range.least->value ||
                           (value == range.least->value && !range.least->open)) &&
                          (!range.most || value < range.most->value ||
                           (value == range.most->value && !range.most->open)) &&
                          (!range.whole || text.find('.') == std::string::npos) &&
                          !(text[0] == '-' && value == 0);
      ASSERT_EQ(machine->matches(text), inside)
          << text << (range.whole ? " whole" : "") << " in "
          << (range.least ? fmt::format("{}{}", range.least->value, range.least->open) : "-")
          << " .. "
          << (range.most ? fmt::format("{}{}", range.most->value, range.most->open) : "-");
    }
  }
}

// The masks are what taking the tokens one by one says, also when hardly a state is remembered.
TEST(GrammarMachine, MaskIsWhatAcceptTakes) {
  const auto json = any_json_object();
  const auto roomy = machine_of(json);
  const auto tight = machine_of(json, {.states_max = 6, .mask_bytes_max = 200});
  base::SeededRandom random(3);
  for (int walk = 0; walk < 6; ++walk) {
    auto one = GrammarMachine::start(roomy);
    auto two = GrammarMachine::start(tight);
    for (int step = 0; step < 30 && !one->ended(); ++step) {
      const TokenMask mask = one->mask();
      ASSERT_EQ(mask, two->mask());
      for (std::size_t id = 0; id < mask.size(); ++id) {
        auto probe = one->clone();
        ASSERT_EQ(probe->accept(static_cast<TokenId>(id)), mask.test(static_cast<TokenId>(id)));
      }
      std::vector<TokenId> choices;
      mask.for_each([&](TokenId id) { choices.push_back(id); });
      ASSERT_FALSE(choices.empty());
      const TokenId id = choices[random.below(choices.size())];
      ASSERT_TRUE(one->accept(id));
      ASSERT_TRUE(two->accept(id));
      ASSERT_EQ(one->may_end(), two->may_end());
    }
  }
}

TEST(GrammarMachine, JsonObjectTakesJsonOnly) {
  const auto machine = machine_of(any_json_object());
  for (const std::string_view good :
       {"{}", R"({"a": [1, -2.5e10, true, null, "x\n\u00e9\ud83d\ude00"]})", "{\n  \"k\": {}\n}"}) {
    EXPECT_TRUE(machine->matches(good)) << good;
  }
  for (const std::string_view bad : {"", "[]", "{", "{}x", R"({"a":01})", R"({"a":1,})", R"({a:1})",
                                     R"({"a":"\ud83d"})", "{\"a\":\"\n\"}", R"({"a":1e999})"}) {
    EXPECT_FALSE(machine->matches(bad)) << bad;
  }
  EXPECT_TRUE(machine->matches("{\"a\":" + std::string(47, '[') + std::string(47, ']') + "}"));
  EXPECT_FALSE(machine->matches("{\"a\":" + std::string(48, '[') + std::string(48, ']') + "}"));
}

TEST(GrammarMachine, RecursionWithoutProgressIsRefused) {
  EXPECT_EQ(compile_json_schema(R"({"$ref":"#"})").error().message,
            "the constraint allows no text at all");
  EXPECT_EQ(compile_json_schema(R"({"anyOf":[{"$ref":"#"},{"type":"null"}]})").error().message,
            "a definition refers to itself with nothing in between");
}

}  // namespace
}  // namespace seine::engine
