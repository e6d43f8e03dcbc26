#include "engine/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"
#include "engine/formats/llama2c.h"
#include "engine/formats/mapped_file.h"
#include "engine/formats/test_dir.h"
#include "engine/tokenizer/char_class.h"
#include "engine/tokenizer/scanners.h"

namespace seine::engine {
namespace {

std::filesystem::path shared_data() {
  const char* shared = std::getenv("SEINE_SHARED");
  return std::filesystem::path(shared != nullptr ? shared : SEINE_SOURCE_DIR "/../shared") / "data";
}

std::string read(const std::filesystem::path& path) {
  return read_text_file(path, std::uint64_t{64} << 20).value();
}

struct TokenizerCase {
  std::string vocabulary;
  std::string tiktoken;       // file of ranks where there is no GGUF
  std::string pre_tokenizer;  // for the ranks
};

base::Result<std::shared_ptr<const Tokenizer>> published(const TokenizerCase& which) {
  const std::filesystem::path dir = shared_data() / "tokenizers";
  if (which.tiktoken.empty()) {
    const auto file = ModelFile::open(dir / ("ggml-vocab-" + which.vocabulary + ".gguf"));
    return Tokenizer::of_gguf(file.value()->metadata());
  }
  return Tokenizer::of_tiktoken(read(dir / which.tiktoken), which.pre_tokenizer,
                                which.vocabulary == "llama-bpe");
}

class Published : public ::testing::TestWithParam<TokenizerCase> {};

// The texts and ids published with llama.cpp's vocabulary files.
TEST_P(Published, CasesAreExact) {
  const std::filesystem::path dir = shared_data() / "tokenizers";
  if (!std::filesystem::exists(dir)) GTEST_SKIP() << "skipped: no ../shared";
  const TokenizerCase& param = GetParam();
  const std::filesystem::path stem = dir / ("ggml-vocab-" + param.vocabulary + ".gguf");
  const auto tokenizer = published(param);
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  const std::string inputs = read(stem.string() + ".inp");
  const std::string outputs = read(stem.string() + ".out");
  constexpr std::string_view kSeparator = "\n__ggml_vocab_test__\n";
  std::size_t at = 0;
  std::size_t count = 0;
  for (const std::string_view line : base::split(outputs, '\n')) {
    const std::size_t end = std::min(inputs.find(kSeparator, at), inputs.size());
    const std::string text = inputs.substr(at, end - at);
    at = end + kSeparator.size();
    std::vector<TokenId> expected;
    for (const std::string_view number : base::split(line, ' ')) {
      if (const auto id = base::parse_i64(base::trim(number))) {
        expected.push_back(static_cast<TokenId>(*id));
      }
    }
    EXPECT_EQ((*tokenizer)->encode(text), expected) << "case " << count << ": '" << text << "'";
    EXPECT_EQ((*tokenizer)->decode(expected, true), text) << "case " << count;
    ++count;
    if (at > inputs.size()) break;
  }
  EXPECT_EQ(count, 47u);
}

// Chinese, English, digits, emoji, white space, long runs and bytes that are no text.
std::string mixed_text(base::SeededRandom& random) {
  const auto point = [&](std::string& out, std::uint64_t low, std::uint64_t high) {
    base::append_utf8(out, static_cast<char32_t>(low + random.below(high - low)));
  };
  constexpr std::string_view kWords[] = {"the",
                                         " weather",
                                         "它的",
                                         "中国人民",
                                         "，",
                                         "。",
                                         "'ll",
                                         "'RE",
                                         " #tag",
                                         "x_1",
                                         "\r\n\n",
                                         "  ",
                                         "\u3000",
                                         "é",
                                         "e\u0301",
                                         "<s>",
                                         "今天天气",
                                         " Été ",
                                         "\U0001F469\u200D\U0001F466",
                                         "안녕",
                                         "ひらカタ",
                                         "<|end|>"};
  std::string out;
  for (std::uint64_t parts = random.below(30); parts > 0; --parts) {
    const std::uint64_t count = 1 + random.below(random.below(8) == 0 ? 120 : 12);
    const std::uint64_t kind = random.below(8);
    std::string once(kWords[random.below(std::size(kWords))]);
    if (kind == 1) once = std::string(1, static_cast<char>(random.below(256)));
    for (std::uint64_t i = 0; i < count; ++i) {
      if (kind == 0) out += kWords[random.below(std::size(kWords))];
      if (kind == 1 || kind == 2) out += once;
      if (kind == 3) out += static_cast<char>(random.below(256));
      if (kind == 4) point(out, 0x4E00, 0x9FFF);
      if (kind == 5) point(out, 0x4E00, 0x4E30);
      if (kind == 6) point(out, 0x20, random.below(2) == 0 ? 0x80 : 0x20000);
      if (kind == 7) out += static_cast<char>('0' + random.below(10));
    }
  }
  return out;
}

TEST_P(Published, CachesCutsAndTheHeapGiveWhatTheDefinitionGives) {
  if (!std::filesystem::exists(shared_data())) GTEST_SKIP() << "skipped: no ../shared";
  const auto tokenizer = published(GetParam());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  base::SeededRandom random(6);
  PieceCache cache(256);  // small, so that entries are thrown out
  for (int round = 0; round < 400; ++round) {
    const std::string text = mixed_text(random);
    const std::vector<TokenId> plain = (*tokenizer)->encode_by_definition(text);
    std::vector<TokenId> fast;
    (*tokenizer)->encode(text, {}, cache, fast);
    ASSERT_EQ(fast, plain) << text;
  }
}

// None of these would end if a run were read again from each of its points.
TEST_P(Published, LongRunsTakeLinearTime) {
  if (!std::filesystem::exists(shared_data())) GTEST_SKIP() << "skipped: no ../shared";
  const auto tokenizer = published(GetParam());
  ASSERT_TRUE(tokenizer) << tokenizer.error().message;
  base::SeededRandom random(8);
  std::string han;
  for (int i = 0; i < 40'000; ++i)
    base::append_utf8(han, static_cast<char32_t>(0x4E00 + random.below(0x5000)));
  std::vector<std::string> texts = {han};
  for (const std::string_view once : {"a", "\u54C8", "7", "\U0001F600"}) {
    texts.emplace_back();
    while (texts.back().size() < 120'000) texts.back() += once;
  }
  for (const std::string_view once : {" ", "\u3000", "\n", "'"}) {
    texts.emplace_back();
    while (texts.back().size() < 120'000) texts.back() += once;
    texts.back() += "\u4E2D";
  }
  for (const std::string& text : texts)
    EXPECT_TRUE((*tokenizer)->decode((*tokenizer)->encode(text), true) == text)
        << text.substr(0, 8);
}

INSTANTIATE_TEST_SUITE_P(
    Vocabularies, Published,
    ::testing::Values(TokenizerCase{"deepseek-llm", "", ""},
                      TokenizerCase{"deepseek-coder", "", ""}, TokenizerCase{"gpt-2", "", ""},
                      TokenizerCase{"llama-spm", "", ""},
                      TokenizerCase{"qwen2", "qwen.tiktoken", "qwen2"},
                      TokenizerCase{"llama-bpe", "llama3.tiktoken", "llama-bpe"}),
    [](const auto& info) {
      std::string name = info.param.vocabulary;
      std::erase(name, '-');
      return name;
    });

// A vocabulary of our own: bytes, a few merges, specials.
std::string small_json(std::string_view pre_tokenizer) {
  std::string vocab;
  std::size_t id = 0;
  const auto add = [&](const std::string& text) {
    base::append_json_string(vocab.append(vocab.empty() ? "" : ","), text);
    vocab += ":" + std::to_string(id++);
  };
  // The byte alphabet in the order of code points.
  for (int c = 33; c < 127; ++c) add(std::string(1, static_cast<char>(c)));
  std::vector<char32_t> rest;
  for (char32_t p = 161; p <= 255; ++p) {
    if (p != 173) rest.push_back(p);
  }
  for (char32_t p = 256; p < 256 + 68; ++p) rest.push_back(p);
  for (const char32_t p : rest) {
    std::string text;
    base::append_utf8(text, p);
    add(text);
  }
  for (const char* text : {"he", "ll", "hell", "hello", "\u0120w", "12"}) add(text);
  return R"({"added_tokens":[{"id":300,"content":"<|end|>","special":true},
             {"id":301,"content":"<tool>","special":false}],
             "pre_tokenizer":)" +
         std::string(pre_tokenizer) + R"(,"model":{"type":"BPE","vocab":{)" + vocab +
         R"(},"merges":["h e","l l",["he","ll"],"hell o","\u0120 w","1 2"]}})";
}

constexpr std::string_view kByteLevel =
    R"({"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},
        {"type":"ByteLevel","add_prefix_space":false,"use_regex":true}]})";

std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text,
                                EncodeOptions options = {}) {
  std::vector<std::string> out;
  for (const TokenId id : tokenizer.encode(text, options)) out.emplace_back(tokenizer.bytes(id));
  return out;
}

TEST(TokenizerJson, MergesSplitsAndSpecials) {
  const auto made = Tokenizer::of_json(small_json(kByteLevel), R"({"eos_token":"<|end|>"})");
  ASSERT_TRUE(made) << made.error().message;
  const Tokenizer& t = **made;
  using Words = std::vector<std::string>;
  EXPECT_EQ(pieces(t, "hello w"), (Words{"hello", " w"}));
  EXPECT_EQ(pieces(t, "12"), (Words{"1", "2"})) << "digits are cut before the merge";
  EXPECT_EQ(pieces(t, "<|end|>").size(), 7u) << "text from outside makes no control token";
  EXPECT_EQ(pieces(t, "<|end|>", {.parse_special = true}), (Words{"<|end|>"}));
  EXPECT_EQ(pieces(t, "hello<tool>he"), (Words{"hello", "<tool>", "he"}));
  EXPECT_EQ(t.eos(), 300);
  EXPECT_TRUE(t.ends_generation(300));
  EXPECT_EQ(t.decode(t.encode("na\u00EFve \u4E2D\xFF")), "na\u00EFve \u4E2D\uFFFD");
  EXPECT_EQ(t.kind(99999), TokenKind::kUnused);
  EXPECT_EQ(t.bytes(-5), "");
}

TEST(TokenizerJson, UnknownPartsAreNamed) {
  const auto names = [](std::string_view pre, std::string_view part) {
    const auto made = Tokenizer::of_json(small_json(pre), "");
    return !made && made.error().message.find(part) != std::string::npos;
  };
  EXPECT_TRUE(names(R"({"type":"Whitespace"})", "Whitespace"));
  EXPECT_TRUE(
      names(R"({"type":"Split","pattern":{"Regex":"a[bc]d"},"behavior":"Isolated"})", "a[bc]d"));
  EXPECT_TRUE(names(R"({"type":"Split","pattern":{"String":"x"},"behavior":"MergedWithNext"})",
                    "MergedWithNext"));
  EXPECT_FALSE(Tokenizer::of_json("{}", ""));
  EXPECT_FALSE(Tokenizer::of_json(R"({"model":{"type":"Unigram"}})", ""));
  EXPECT_FALSE(Tokenizer::of_json(R"({"model":{"vocab":{"a":-1},"merges":[]}})", ""));
  EXPECT_FALSE(Tokenizer::of_json(R"({"model":{"vocab":{"a":0},"merges":["a b"]}})", ""));
}

TEST(TokenizerJson, SurvivesTheWayThroughGguf) {
  const auto made = Tokenizer::of_json(
      small_json(R"({"type":"ByteLevel","add_prefix_space":false,"use_regex":true})"),
      R"({"eos_token":"<|end|>"})");
  const auto meta = (*made)->to_gguf();
  ASSERT_TRUE(meta) << meta.error().message;
  const auto back = Tokenizer::of_gguf(*meta);
  ASSERT_TRUE(back) << back.error().message;
  for (const std::string_view text : {"hello world 12", "<tool>\n\n x", "\u4E2D\xFF"}) {
    EXPECT_EQ((*back)->encode(text), (*made)->encode(text));
  }
  EXPECT_EQ((*back)->eos(), 300);
}

// Whatever the order of bytes, every piece is well-formed and together they are the decoded text.
TEST(StreamDecoder, NeverEmitsBrokenUtf8) {
  const auto made = Tokenizer::of_json(small_json(kByteLevel), "");
  const Tokenizer& t = **made;
  base::SeededRandom random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<TokenId> ids(1 + random.below(40));
    std::string bytes;
    for (TokenId& id : ids) {
      // Mostly bytes above ASCII, so that sequences begin, break and complete.
      id = static_cast<TokenId>(random.below(4) == 0 ? random.below(262) : 94 + random.below(162));
      bytes += t.bytes(id);
    }
    StreamDecoder decoder(t);
    std::string out;
    for (const TokenId id : ids) {
      const std::string piece = decoder.push(id);
      ASSERT_TRUE(base::is_valid_utf8(piece));
      out += piece;
    }
    out += decoder.finish();
    ASSERT_EQ(out, base::to_valid_utf8(bytes));
  }
}

// The heap and the scan merge alike: the same text as one long piece and in the definition's words.
TEST(MergeTable, LongPiecesMergeByTheDefinition) {
  base::SeededRandom random(9);
  std::vector<MergeTable::Merge> merges;
  for (TokenId i = 0; i < 400; ++i) {
    merges.push_back(
        {static_cast<TokenId>(random.below(40)), static_cast<TokenId>(random.below(40)),
         static_cast<std::int32_t>(random.below(200)), static_cast<TokenId>(random.below(40))});
  }
  const MergeTable table(merges);
  for (int round = 0; round < 200; ++round) {
    std::vector<TokenId> symbols(1 + random.below(120));
    for (TokenId& symbol : symbols) symbol = static_cast<TokenId>(random.below(40));
    std::vector<TokenId> plain = symbols;
    table.apply_plain(plain);
    table.apply(symbols);
    ASSERT_EQ(symbols, plain);
  }
}

// What split() passes over holds no start of a match, and white space at the end is found where the
// pattern's first match would be.
TEST(PreTokenizer, MatchesStartOnlyWhereTheirClassesSay) {
  const CharClasses& classes = CharClasses::instance();
  base::SeededRandom random(7);
  for (int round = 0; round < 2000; ++round) {
    const std::string text = mixed_text(random);
    for (std::size_t at = 0; at < text.size(); at += point_at(text, at).length) {
      const PointAt c = point_at(text, at);
      const base::DecodedPoint plain = base::decode_utf8(std::string_view(text).substr(at));
      ASSERT_EQ(c.point, plain.point);
      ASSERT_EQ(c.length, plain.length);
      ASSERT_EQ(classes.of(c.point) & ~classes.of_first(text[at]), 0);
      for (const MatchAt match :
           {scanners::newline, scanners::number, scanners::number_run, scanners::number_three,
            scanners::trailing_space, scanners::spaced_letters, scanners::spaced_marks,
            scanners::llm_letters, scanners::llm_punctuation, scanners::llm_asian,
            scanners::v3_asian}) {
        if (match(text, at) > at) ASSERT_NE(classes.of(c.point) & scanners::starts_of(match), 0);
      }
    }
    std::size_t tail = 0;  // behind the last point that is not white space
    for (std::size_t at = 0; at < text.size();) {
      const PointAt c = point_at(text, at);
      at += c.length;
      if ((classes.of(c.point) & CharClasses::kSpace) == 0) tail = at;
    }
    std::size_t found = 0;
    while (found < text.size() && scanners::trailing_space(text, found) == found)
      found += point_at(text, found).length;
    ASSERT_EQ(found, tail);
  }
}

TEST(PreTokenizer, SeineMiniCutsAsItsPatternSays) {
  const PreTokenizer pre = PreTokenizer::of_name("seine-mini").value();
  const std::string text = "How  long-range (777 km)?\n塞纳 x_1 «Été»";
  std::vector<std::size_t> ends;
  pre.split(text, ends);
  std::vector<std::string> pieces;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    pieces.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  EXPECT_EQ(pieces, (std::vector<std::string>{"How", "  ", "long", "-", "range", " (",  "7",
                                              "7",   "7",  " km",  ")", "?",     "\n",  "塞",
                                              "纳",  " x", "_",    "1", " «",    "Été", "»"}));
}

TEST(PreTokenizer, DeepSeekV3CutsAsItsPatternsSay) {
  const PreTokenizer pre = PreTokenizer::of_name("deepseek-v3").value();
  const auto cut = [&](std::string_view text) {
    std::vector<std::size_t> ends;
    pre.split(text, ends);
    std::vector<std::string> out;
    std::size_t begin = 0;
    for (const std::size_t end : ends) {
      out.emplace_back(text.substr(begin, end - begin));
      begin = end;
    }
    return out;
  };
  using Words = std::vector<std::string>;
  EXPECT_EQ(cut("12345 a"), (Words{"123", "45", " a"}));
  EXPECT_EQ(cut("it's #tag!\n\nx"), (Words{"it", "'s", " #", "tag", "!\n\n", "x"}));
  EXPECT_EQ(cut("\u4E2D\u6587ab\u3042"), (Words{"\u4E2D\u6587", "ab", "\u3042"}));
  EXPECT_EQ(cut("a   b\n  c  "), (Words{"a", "  ", " b", "\n", " ", " c", "  "}));
  EXPECT_EQ(pre.name(), "deepseek-v3");
  EXPECT_FALSE(PreTokenizer::of_name("nothing"));
}

TEST(Tokenizer, StoryModelReadsTheSameFromBothFormats) {
  const std::filesystem::path dir = shared_data() / "models";
  if (!std::filesystem::exists(dir)) GTEST_SKIP() << "skipped: no ../shared";
  const TestDir out;
  const auto story = Llama2c::read(dir / "stories260K.bin", dir / "tok512.bin").value();
  ASSERT_TRUE(story.write_gguf(out.path() / "s.gguf"));
  ASSERT_TRUE(story.write_directory(out.path() / "hf"));
  const auto gguf = Tokenizer::of_model(*ModelFile::open(out.path() / "s.gguf").value());
  const auto hf = Tokenizer::of_model(*ModelFile::open(out.path() / "hf").value());
  ASSERT_TRUE(gguf) << gguf.error().message;
  ASSERT_TRUE(hf) << hf.error().message;
  for (const std::string_view text : {"Once upon a time, there was a little girl named Lily.",
                                      "  two  spaces ", "\u4E2D \xFF!"}) {
    const auto ids = (*gguf)->encode(text, {.add_special = true});
    EXPECT_EQ((*hf)->encode(text, {.add_special = true}), ids) << text;
    EXPECT_EQ(ids.front(), 1);
    EXPECT_EQ((*gguf)->decode(ids), base::to_valid_utf8(text));
  }
}

}  // namespace
}  // namespace seine::engine
