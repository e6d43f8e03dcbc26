// Reads the "legacy" checkpoint and tokenizer files of llama2.c (little-endian float32 in a fixed
// order) and re-wraps them as GGUF or as a Hugging Face directory: how the small story model
// becomes a test of both loaders. Converts whole files in memory; one thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"

namespace seine::engine {

struct Llama2c {
  struct Config {
    std::uint32_t dim, hidden, layers, heads, kv_heads, vocab, context;
  };
  struct Piece {
    std::string text;  // with U+2581 for the space, as SentencePiece writes it
    float score;
  };
  struct Weight {
    std::string name;  // GGUF's vocabulary; q and k rows in interleaved order
    std::vector<std::uint64_t> shape;
    std::vector<float> values;
  };
  Config config;
  std::vector<Weight> weights;  // without the head: it is the embedding
  std::vector<Piece> pieces;    // ids 0 unknown, 1 BOS, 2 EOS, 3..258 bytes

  static base::Result<Llama2c> read(const std::filesystem::path& checkpoint,
                                    const std::filesystem::path& tokenizer);
  base::Result<> write_gguf(const std::filesystem::path& path) const;
  // config.json, tokenizer.json, model.safetensors, q and k in half-split order.
  base::Result<> write_directory(const std::filesystem::path& directory) const;
};

}  // namespace seine::engine
