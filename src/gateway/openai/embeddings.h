// POST /v1/embeddings. Sans-IO.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json_fwd.h"
#include "llm/ports.h"

namespace seine::gateway::openai {

struct EmbeddingCall {
  static constexpr std::size_t kTextsMax = 2048;

  llm::EmbedRequest request;
  bool base64 = false;  // little-endian float32, as the SDKs ask for
};

// `input` is a string or an array of them; `input_type` query or passage (search_query and
// search_document, too) for models that tell them apart.
base::Result<EmbeddingCall> parse_embeddings(const base::Json& body);

std::string embeddings_body(const std::string& model, const llm::Embeddings& embeddings,
                            bool base64);

}  // namespace seine::gateway::openai
