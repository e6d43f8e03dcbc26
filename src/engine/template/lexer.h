// Lexer: a template's text to tokens, white space taken away as Jinja's trim_blocks and
// lstrip_blocks say, which is how chat templates are written. Pure; errors name the line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::engine::jinja {

enum class TokenKind : std::uint8_t {
  kData,            // text outside of tags
  kStatementBegin,  // {%
  kStatementEnd,
  kOutputBegin,  // {{
  kOutputEnd,
  kName,
  kString,  // unescaped
  kInteger,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::uint32_t line = 1;
  std::string text;
};

base::Result<std::vector<Token>> tokenize(std::string_view source);

}  // namespace seine::engine::jinja
