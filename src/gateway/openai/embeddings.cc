#include "gateway/openai/embeddings.h"

#include <fmt/format.h>

#include <bit>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "gateway/fields.h"

namespace seine::gateway::openai {
namespace {

using base::Code;
using base::fail_field;
using base::Json;
using base::Result;

constexpr std::uint32_t kDimensionsMax = 65536;

void append_base64(std::string& out, const std::vector<float>& vector) {
  std::string bytes;
  bytes.reserve(vector.size() * 4);
  for (const float value : vector) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<char>((bits >> shift) & 0xff));
    }
  }
  out += '"';
  out += base::base64(bytes);
  out += '"';
}

void append_floats(std::string& out, const std::vector<float>& vector) {
  out += '[';
  for (std::size_t i = 0; i < vector.size(); ++i) {
    if (i > 0) out += ',';
    fmt::format_to(std::back_inserter(out), "{}", vector[i]);
  }
  out += ']';
}

}  // namespace

Result<EmbeddingCall> parse_embeddings(const Json& json) {
  const Fields body(json, "");
  EmbeddingCall call;
  call.request.model = SEINE_TRY(body.require<std::string>("model"));
  const Json* input = body.find("input");
  if (input == nullptr) return fail_field(Code::kInvalidArgument, "input", "'input' is missing");
  if (input->is_string()) {
    call.request.texts.push_back(input->get<std::string>());
  } else {
    const Json* list = SEINE_TRY(body.array("input", EmbeddingCall::kTextsMax));
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (!(*list)[i].is_string()) {
        return fail_field(Code::kInvalidArgument, element("input", i),
                          "an input is text here, not {}: token ids differ between models",
                          base::type_name((*list)[i]));
      }
      call.request.texts.push_back((*list)[i].get<std::string>());
    }
  }
  if (call.request.texts.empty()) {
    return fail_field(Code::kInvalidArgument, "input", "'input' must have at least one text");
  }
  call.request.dimensions = SEINE_TRY(body.count("dimensions", 1, kDimensionsMax)).value_or(0);
  const auto format = SEINE_TRY(body.get_or<std::string>("encoding_format", "float"));
  if (format != "float" && format != "base64") {
    return fail_field(Code::kInvalidArgument, "encoding_format",
                      "encoding_format is float or base64, not '{}'", format);
  }
  call.base64 = format == "base64";
  const auto kind = SEINE_TRY(body.get_or<std::string>("input_type", "passage"));
  if (kind == "query" || kind == "search_query") call.request.kind = llm::EmbedKind::kQuery;
  return call;
}

std::string embeddings_body(const std::string& model, const llm::Embeddings& embeddings,
                            bool base64) {
  std::string out = R"({"object":"list","data":[)";
  for (std::size_t i = 0; i < embeddings.vectors.size(); ++i) {
    if (i > 0) out += ',';
    fmt::format_to(std::back_inserter(out), R"({{"object":"embedding","index":{},"embedding":)", i);
    if (base64) {
      append_base64(out, embeddings.vectors[i]);
    } else {
      append_floats(out, embeddings.vectors[i]);
    }
    out += '}';
  }
  out += R"(],"model":)";
  base::append_json_string(out, model);
  fmt::format_to(std::back_inserter(out),
                 R"(,"usage":{{"prompt_tokens":{0},"total_tokens":{0}}}}})", embeddings.tokens);
  return out;
}

}  // namespace seine::gateway::openai
