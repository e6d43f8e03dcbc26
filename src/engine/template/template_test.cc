#include "engine/template/template.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace seine::engine {
namespace {

using jinja::Dict;
using jinja::Value;

base::Result<std::string> try_render(std::string_view source, std::string_view context = "{}",
                                     jinja::RenderLimits limits = {}) {
  const Template made = SEINE_TRY(Template::parse(source));
  Dict globals;
  const base::Json parsed = SEINE_TRY(base::parse_json(context));
  for (const auto& [name, value] : parsed.items()) globals.set(name, Value::of_json(value));
  const base::ManualClock clock;  // 2026-01-01
  return made.render(globals, clock, limits);
}

std::string render(std::string_view source, std::string_view context = "{}") {
  const auto out = try_render(source, context);
  return out ? *out : "error: " + out.error().message;
}

// Expected values are what Jinja 3.1 gives with trim_blocks and lstrip_blocks.
TEST(Template, Expressions) {
  EXPECT_EQ(render("{{ 1 + 2 * 3 ** 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }}"), "19 -4 2 3.5");
  EXPECT_EQ(render("{{ 'a' ~ 1 ~ none ~ true ~ [1, 'x'] ~ {'k': 1.0} }}"),
            "a1NoneTrue[1, 'x']{'k': 1.0}");
  EXPECT_EQ(render("{{ [1,2,3][::-1] }}{{ 'héllo'[1:3] }}{{ 'abc'[-1] }}{{ [1,2,3][-2:] }}"),
            "[3, 2, 1]élc[2, 3]");
  EXPECT_EQ(render("{{ 'yes' if x else 'no' }}{{ 'only' if false }}|{{ 1 < 2 < 3 }}"), "no|True");
  EXPECT_EQ(render("{{ not true or true and false }} {{ 2 not in [1] }}"), "False True");
  EXPECT_EQ(render("{{ x }}|{{ {}.a }}|{{ x|default('d') }}|{{ ''|default('e', true) }}"), "||d|e");
  EXPECT_EQ(render("{{ 1e3 }} {{ 1.5e-7 }} {{ 0.1 + 0.2 }}"), "1000.0 1.5e-07 0.30000000000000004");
}

TEST(Template, FiltersTestsAndMethods) {
  EXPECT_EQ(render(R"({{ {"a": [1, 2.0, none, true, "é\n"]} | tojson }})"),
            R"({"a": [1, 2.0, null, true, "é\n"]})");
  EXPECT_EQ(render("{{ {'a': [1], 'c': {}} | tojson(indent=2) }}"),
            "{\n  \"a\": [\n    1\n  ],\n  \"c\": {}\n}");
  EXPECT_EQ(render("{{ [{'a':1},{'b':3}]|selectattr('a','defined')|map(attribute='a')|list }}"),
            "[1]");
  EXPECT_EQ(render("{{ [{'r':'u'},{'r':'s'}]|rejectattr('r','equalto','s')|list|length }}"), "1");
  EXPECT_EQ(render("{{ 'a,b,c'.split(',', 1) }}{{ ' x '.strip() }}{{ 'aXbX'|replace('X','-',1) }}"),
            "['a', 'b,c']xa-bX");
  EXPECT_EQ(render("{{ '　x　'|trim }}"), "x") << "Unicode's white space, too";
  EXPECT_EQ(render("{{ 5 is divisibleby 5 }}{{ 'a' is string }}{{ x is not none }}"),
            "TrueTrueTrue");
  EXPECT_EQ(render("{{ strftime_now('%d %B %Y') }}"), "01 January 2026");
}

TEST(Template, StatementsAndScopes) {
  EXPECT_EQ(
      render("{% for k, v in {'a':1,'b':2}.items() %}{{ loop.index }}{{ k }}{{ v }};{% endfor %}"),
      "1a1;2b2;");
  EXPECT_EQ(render("{% set x = 1 %}{% for i in [1] %}{% set x = 2 %}{% endfor %}{{ x }}"), "1")
      << "a loop's names stay inside";
  EXPECT_EQ(render("{% set n = namespace(a=1) %}{% for i in range(3) %}{% set n.a = n.a + i %}"
                   "{% endfor %}{{ n.a }}"),
            "4");
  EXPECT_EQ(
      render("{% macro m(a, b='q') %}[{{ a }}|{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}"),
      "[1|q][1|2]");
  EXPECT_EQ(render("{% for x in [1,2,3,4] if x is even %}{{ x }}/{{ loop.length }} {% endfor %}"),
            "2/2 4/2 ");
  EXPECT_EQ(render("{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}"
                   "{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}"),
            "02");
  EXPECT_EQ(
      render("{% set t | upper %}a{{ 1 }}{% endset %}{{ t }}{% filter upper %}b{% endfilter %}"),
      "A1B");
  EXPECT_EQ(render("{% raw %}{{ x }}{% endraw %}"), "{{ x }}");
}

TEST(Template, WhiteSpace) {
  EXPECT_EQ(render("   {% if true %}\n   x\n   {% endif %}\ny\n"), "   x\ny");
  EXPECT_EQ(render("{% for a in [1,2] -%}\n  {{ a }}\n{%- endfor %}\n\n"), "12");
  EXPECT_EQ(render("a\n{%+ if true %}b{% endif +%}\nc"), "a\nb\nc");
  EXPECT_EQ(render("x {%- if true -%}  y  {%- endif -%} z"), "xyz");
  EXPECT_EQ(render("a\r\n{# c #}\r\nb"), "a\nb");
}

TEST(Template, ErrorsNameLineAndVariable) {
  EXPECT_EQ(render("a\n{{ message.role.name }}", R"({"message":{}})"),
            "error: template, line 2: 'message.role' is undefined");
  EXPECT_EQ(render("{{ x + 1 }}"), "error: template, line 1: 'x' is undefined");
  EXPECT_EQ(render("{{ x['y'].z }}", R"({"x":{}})"),
            "error: template, line 1: 'x['y']' is undefined");
  EXPECT_EQ(render("\n\n{% if x %}"), "error: template, line 3: 'endif' is missing");
  EXPECT_EQ(render("{{ 'a"), "error: template, line 1: a string without its closing quote");
  EXPECT_EQ(render("{% include 'x' %}"),
            "error: template, line 1: the statement 'include' is not supported here");
  EXPECT_EQ(render("{{ 1|nope }}"), "error: template, line 1: the filter 'nope' is not supported");
  EXPECT_EQ(render("{{ raise_exception('roles must alternate') }}"),
            "error: template, line 1: roles must alternate");
  EXPECT_EQ(render("{{ 1 / 0 }}"), "error: template, line 1: division by zero");
  EXPECT_EQ(render("{{ 9223372036854775807 + 1 }}"),
            "error: template, line 1: a number that does not fit 64 bits");
}

TEST(Template, IsBounded) {
  const auto code = [](std::string_view source) {
    const auto out = try_render(source, "{}", {.steps_max = 200'000, .output_bytes_max = 100'000});
    return out ? base::Code::kUnknown : out.error().code;
  };
  const auto exhausted = base::Code::kResourceExhausted;
  EXPECT_EQ(code("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"),
            exhausted);
  EXPECT_EQ(code("{% set n = namespace(x='ab') %}{% for a in range(99) %}{% set n.x = n.x + n.x %}"
                 "{% endfor %}"),
            exhausted);
  EXPECT_EQ(code("{% set n = namespace(x=[]) %}{% for a in range(999) %}{% set n.x = [n.x] %}"
                 "{% endfor %}"),
            exhausted);
  EXPECT_EQ(code("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"), exhausted);
  EXPECT_EQ(code("{{ 'x' * 999999999 }}"), exhausted);
  EXPECT_EQ(code("{% for a in range(9999) %}{{ 'xxxxxxxxxxxxxxxxxxxx' }}{% endfor %}"), exhausted);
  EXPECT_EQ(code("{{ " + std::string(500, '(') + "1" + std::string(500, ')') + " }}"), exhausted);
  EXPECT_EQ(code("{% set n = namespace() %}{% set n.me = [n] %}"), base::Code::kInvalidArgument)
      << "values must not hold each other";
  std::string chain = "{{ 1";
  for (int i = 0; i < 5000; ++i) chain += " + 1";
  EXPECT_EQ(code(chain + " }}"), base::Code::kInvalidArgument);
}

}  // namespace
}  // namespace seine::engine
