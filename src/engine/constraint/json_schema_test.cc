#include "engine/constraint/json_schema.h"

#include <gtest/gtest.h>
#include <regex.h>

#include <functional>
#include <list>

#include "base/json.h"
#include "base/random.h"
#include "base/utf8.h"
#include "engine/constraint/grammar_machine.h"

namespace seine::engine {
namespace {

using base::Json;

// A validator that knows nothing of grammars: the meaning of the keywords, by the specification.
class Validator {
 public:
  explicit Validator(const Json& document) : document_(document) {}

  bool valid(const Json& schema, const Json& value) const {
    if (schema.is_boolean()) return schema.get<bool>();
    for (const auto& [keyword, wanted] : schema.items()) {
      if (!holds(schema, keyword, wanted, value)) return false;
    }
    return true;
  }

 private:
  static bool has_type(const Json& value, const std::string& type) {
    return type == "integer" ? value.is_number_integer() : base::type_name(value) == type;
  }

  bool holds(const Json& schema, const std::string& keyword, const Json& wanted,
             const Json& value) const {
    if (keyword == "$ref") {
      return valid(
          document_.at(nlohmann::ordered_json::json_pointer(wanted.get<std::string>().substr(1))),
          value);
    }
    if (keyword == "type") {
      if (wanted.is_string()) return has_type(value, wanted);
      return std::ranges::any_of(wanted, [&](const Json& one) { return has_type(value, one); });
    }
    if (keyword == "const") return value == wanted;
    if (keyword == "enum") return std::ranges::find(wanted, value) != wanted.end();
    if (keyword == "anyOf" || keyword == "oneOf" || keyword == "allOf") {
      const auto count =
          std::ranges::count_if(wanted, [&](const Json& one) { return valid(one, value); });
      if (keyword == "allOf") return count == static_cast<long>(wanted.size());
      return keyword == "anyOf" ? count > 0 : count == 1;
    }
    if (value.is_object()) return holds_object(schema, keyword, wanted, value);
    if (value.is_array()) {
      if (keyword == "minItems") return value.size() >= wanted;
      if (keyword == "maxItems") return value.size() <= wanted;
      const std::size_t prefix = schema.contains("prefixItems") ? schema["prefixItems"].size() : 0;
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (keyword == "prefixItems" && i < prefix && !valid(wanted[i], value[i])) return false;
        if (keyword == "items" && i >= prefix && !valid(wanted, value[i])) return false;
      }
    }
    if (value.is_string()) {
      const std::string text = value;
      if (keyword == "minLength") return base::count_points(text) >= wanted.get<std::size_t>();
      if (keyword == "maxLength") return base::count_points(text) <= wanted.get<std::size_t>();
      if (keyword == "pattern") return searches(wanted, text);
    }
    if (value.is_number()) {
      const double number = value;
      if (keyword == "minimum") return number >= wanted.get<double>();
      if (keyword == "maximum") return number <= wanted.get<double>();
      if (keyword == "exclusiveMinimum") return number > wanted.get<double>();
      if (keyword == "exclusiveMaximum") return number < wanted.get<double>();
    }
    return true;
  }

  bool holds_object(const Json& schema, const std::string& keyword, const Json& wanted,
                    const Json& value) const {
    if (keyword == "required") {
      return std::ranges::all_of(
          wanted, [&](const Json& name) { return value.contains(name.get<std::string>()); });
    }
    for (const auto& [name, member] : value.items()) {
      const bool known = schema.contains("properties") && schema["properties"].contains(name);
      if (keyword == "properties" && known && !valid(wanted[name], member)) return false;
      if (keyword == "additionalProperties" && !known && !valid(wanted, member)) return false;
    }
    return true;
  }

  static bool searches(const std::string& pattern, const std::string& text) {
    regex_t peer;
    EXPECT_EQ(regcomp(&peer, pattern.c_str(), REG_EXTENDED | REG_NOSUB), 0);
    const bool found = regexec(&peer, text.c_str(), 0, nullptr, 0) == 0;
    regfree(&peer);
    return found;
  }

  const Json& document_;
};

struct JsonTokens {
  JsonTokens() {
    for (int byte = 0; byte < 256; ++byte) texts.emplace_back(1, static_cast<char>(byte));
    for (const char* text : {"{\"",  "\": ", "\",",  "\"}",  "}}",    "]}",     "[]",   "{}",
                             ", \"", "name", "age",  "kind", "ab",    "circle", "true", "null",
                             "12",   "0.5",  "中文", "é\"",  "\\u00", "\\\"",   "\n  "}) {
      texts.emplace_back(text);
    }
    std::vector<TokenTrie::Entry> entries;
    TokenId id = 1;
    for (const std::string& text : texts) {
      by_id.push_back(text);
      entries.push_back({text, id++});
    }
    trie = std::make_shared<const TokenTrie>(std::move(entries), texts.size() + 1);
  }
  std::list<std::string> texts;
  std::vector<std::string> by_id{""};
  std::shared_ptr<const TokenTrie> trie;
};

const JsonTokens& json_tokens() {
  static const JsonTokens kTokens;
  return kTokens;
}

std::shared_ptr<GrammarMachine> machine_of(std::string_view schema) {
  auto grammar = compile_json_schema(schema);
  if (!grammar) {
    ADD_FAILURE() << schema << ": " << grammar.error().to_string();
    return nullptr;
  }
  return std::make_shared<GrammarMachine>(*grammar, json_tokens().trie, std::vector<TokenId>{0});
}

bool takes(std::string_view schema, std::string_view text) {
  const auto machine = machine_of(schema);
  return machine != nullptr && machine->matches(text);
}

constexpr const char* kSchemas[] = {
    R"({"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0,
        "maximum":150},"ok":{"type":"boolean"}},"required":["name","age"]})",
    R"({"type":"object","properties":{"a":{"type":"null"},"ab":{"enum":["x",1,null,{"k":[2]}]}},
        "additionalProperties":{"type":"number","exclusiveMinimum":-2.5}})",
    R"({"type":"array","items":{"type":"string","minLength":1,"maxLength":4},"minItems":2,"maxItems":3})",
    R"({"type":"array","prefixItems":[{"const":"id"},{"type":"integer"}],"items":{"type":"boolean"}})",
    R"({"type":"array","prefixItems":[{"type":"null"},{"type":"integer"}],"items":false,"minItems":1})",
    R"({"oneOf":[{"type":"object","properties":{"kind":{"const":"circle"},"r":{"type":"number",
        "exclusiveMinimum":0}},"required":["kind","r"]},{"type":"object","properties":{"kind":{"const":"text"},
        "s":{"type":"string"}},"required":["kind"]}]})",
    R"({"$defs":{"node":{"type":"object","properties":{"v":{"type":"integer"},"next":{"anyOf":[
        {"$ref":"#/$defs/node"},{"type":"null"}]}},"required":["v","next"]}},"$ref":"#/$defs/node"})",
    R"({"type":"string","pattern":"^[a-f]+[0-9]{2,3}$"})",
    R"({"type":"object","properties":{"p":{"type":"string","pattern":"x[yz]"}},"required":["p"]})",
    R"({"type":["string","null","integer"],"maxLength":2,"minimum":-12,"exclusiveMaximum":7})",
    R"({"type":"object","required":["free"],"additionalProperties":{"type":["array","boolean"],"maxItems":1}})",
    R"({"type":"array","items":{"$ref":"#"},"maxItems":2})",
    R"({"allOf":[{"type":"number","minimum":0.25,"maximum":0.5}]})",
};

TEST(JsonSchema, RandomWalksAreValid) {
  base::SeededRandom random(1);
  for (const char* text : kSchemas) {
    const Json schema = *base::parse_json(text);
    const Validator validator(schema);
    const auto machine = machine_of(text);
    ASSERT_TRUE(machine) << text;
    for (int walk = 0; walk < 60; ++walk) {
      auto constraint = GrammarMachine::start(machine);
      std::string answer;
      // Towards the end brackets, quotes and the end are preferred, so that walks come to one.
      for (int step = 0; !constraint->ended() && step < 3000; ++step) {
        std::vector<TokenId> choices;
        std::vector<TokenId> closing;
        constraint->mask().for_each([&](TokenId id) {
          choices.push_back(id);
          const std::string& token = json_tokens().by_id[static_cast<std::size_t>(id)];
          if (token.empty() || token == "\"" || token == "}" || token == "]" || token == "null" ||
              token == "\"}" || token == "x" || token == "y") {
            closing.push_back(id);
          }
        });
        ASSERT_FALSE(choices.empty()) << text << " after " << answer;
        const auto& from = step > 20 && !closing.empty() ? closing : choices;
        const TokenId id = from[random.below(from.size())];
        ASSERT_TRUE(constraint->accept(id));
        answer += json_tokens().by_id[static_cast<std::size_t>(id)];
      }
      ASSERT_TRUE(constraint->ended()) << text << " after " << answer;
      const auto value = base::parse_json(answer);
      ASSERT_TRUE(value) << text << " gave " << answer;
      EXPECT_TRUE(validator.valid(schema, *value)) << text << " gave " << answer;
    }
  }
}

TEST(JsonSchema, TakesWhatModelsWrite) {
  EXPECT_TRUE(takes(kSchemas[0], R"({"name": "Ada", "age": 36})"));
  EXPECT_TRUE(takes(kSchemas[0], "{\n  \"name\": \"Ada\",\n  \"age\": 36,\n  \"ok\": true\n}"));
  EXPECT_TRUE(takes(kSchemas[1], R"({"ab":{"k":[2]},"abc":3.5,"b":0})"));
  EXPECT_FALSE(takes(kSchemas[1], R"({"ab":"x","a":null})")) << "order";
  EXPECT_FALSE(takes(kSchemas[1], R"({"b":0,"ab":7})")) << "a known name after others";
  EXPECT_FALSE(takes(kSchemas[1], R"({"\u0061b":7})")) << "a known name in disguise";
  EXPECT_TRUE(takes(kSchemas[3], R"(["id", 3, true, false])"));
  EXPECT_TRUE(takes(kSchemas[3], R"([])"));
  EXPECT_TRUE(takes(kSchemas[4], R"([null])"));
  EXPECT_FALSE(takes(kSchemas[4], R"([null,1,2])"));
  EXPECT_TRUE(takes(kSchemas[6], R"({"v":1,"next":{"v":2,"next":null}})"));
  EXPECT_TRUE(takes(R"({"type":"string","pattern":"\"\\\\n"})", R"("a\"\\n")"));
  EXPECT_TRUE(
      takes(R"({"type":"string","format":"date-time"})", R"("2026-02-28T23:59:59.5+08:00")"));
  EXPECT_TRUE(takes(R"({"type":"string","format":"email"})", R"("a.b@example.org")"));
  EXPECT_TRUE(takes("true", R"([{"a":1}])"));
  EXPECT_TRUE(takes(R"({"properties":{"a":{}}})", R"({"a":[1]})")) << "type told by keywords";
}

TEST(JsonSchema, ErrorsNameKeywordAndPlace) {
  const auto error = [](std::string_view schema) {
    const auto made = compile_json_schema(schema);
    return made ? std::string() : made.error().to_string();
  };
  EXPECT_EQ(error(R"({"properties":{"a":{"type":"array","uniqueItems":true}}})"),
            "UNIMPLEMENTED: JSON schema keyword 'uniqueItems' is not supported (#/properties/a)");
  EXPECT_EQ(error(R"({"type":"number","multipleOf":2})"),
            "UNIMPLEMENTED: JSON schema keyword 'multipleOf' is not supported (#)");
  EXPECT_EQ(error(R"({"$ref":"#/$defs/no"})"),
            "INVALID_ARGUMENT: '$ref' to '#/$defs/no' leads nowhere (#/$defs/no)");
  EXPECT_EQ(error(R"({"type":"strin"})"),
            "INVALID_ARGUMENT: 'strin' is no JSON schema type (#/type)");
  EXPECT_EQ(
      error(R"({"oneOf":[{"type":"string"},{"type":["string","null"]}]})"),
      "UNIMPLEMENTED: 'oneOf': alternatives 0 and 1 may both match; use 'anyOf', or give them "
      "different types or constants (#/oneOf)");
  EXPECT_EQ(error(R"x({"type":"string","pattern":"(?=a)"})x"),
            "UNIMPLEMENTED: pattern, column 3: look-around is not supported (#/pattern)");
  EXPECT_EQ(error(R"({"type":"string","maxLength":20000})"),
            "RESOURCE_EXHAUSTED: 'maxLength' is 20000, the limit is 10000 (#)");
  EXPECT_EQ(error(R"({"type":"integer","minimum":3,"maximum":2})"),
            "INVALID_ARGUMENT: the constraint allows no text at all");
  EXPECT_EQ(error(R"({"anyOf":[{"type":"null"}],"minLength":1})"),
            "UNIMPLEMENTED: JSON schema keyword 'minLength' beside 'anyOf' is not supported (#)");
  EXPECT_FALSE(error("nonsense").empty());
  EXPECT_FALSE(error("[]").empty());
}

}  // namespace
}  // namespace seine::engine
