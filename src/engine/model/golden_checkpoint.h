// For tests: the tiny checkpoints of tools/golden/make_golden.py rebuilt from names, so that only
// answers need to be kept. Value i of tensor NAME is splitmix64 of fnv1a64(NAME) and i.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "engine/formats/half.h"
#include "engine/formats/mapped_file.h"
#include "engine/tokenizer/bpe.h"

namespace seine::engine::golden {

inline std::uint64_t fnv1a64(std::string_view text) {
  std::uint64_t h = 0xCBF29CE484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return h;
}

inline std::uint64_t bits(std::uint64_t seed, std::uint64_t i) {
  std::uint64_t z = (i + 1) * 0x9E3779B97F4A7C15u + seed;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

inline float uniform(std::uint64_t seed, std::uint64_t i) {
  return static_cast<float>(static_cast<double>(bits(seed, i) >> 40) / 8388608.0 - 1.0);
}

inline std::vector<TokenId> prompt(std::size_t length, std::uint64_t vocabulary) {
  const std::uint64_t seed = fnv1a64("prompt" + std::to_string(length));
  std::vector<TokenId> out;
  for (std::size_t i = 0; i < length; ++i) {
    out.push_back(static_cast<TokenId>((bits(seed, i) >> 33) % vocabulary));
  }
  return out;
}

// Centre and half-width of a tensor's values.
inline std::pair<float, float> amplitude(const std::string& name, std::size_t dimensions,
                                         std::uint64_t columns) {
  if (name.ends_with("e_score_correction_bias") || name.ends_with(".bias")) return {0, 0.25f};
  if (dimensions == 1) return {1, 0.25f};
  if (name.find("embed") != std::string::npos) return {0, 1};
  const double root = std::sqrt(static_cast<double>(columns));
  return {0, static_cast<float>((name.ends_with("mlp.gate.weight") ? 4.0 : 2.0) / root)};
}

inline std::string tensor_bytes(const std::string& name, const std::string& dtype,
                                const std::vector<std::uint64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t size : shape) count *= size;
  std::uint64_t seed = fnv1a64(name);
  std::string out;
  const auto append = [&out](const auto& value) {
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  if (dtype == "F8_E4M3") {
    for (std::uint64_t i = 0; i < count; ++i) {
      auto raw = static_cast<std::uint8_t>(bits(seed, i) >> 56);
      if ((raw & 0x7F) == 0x7F) raw ^= 1;
      append(raw);
    }
    return out;
  }
  constexpr std::string_view kScale = "_scale_inv";
  if (name.ends_with(kScale)) {
    // The columns of the weight are not in the scale's shape: the config's sizes tell (see below).
    return out;
  }
  const auto [centre, half] = amplitude(name, shape.size(), shape.back());
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint16_t value = f32_to_bf16(centre + half * uniform(seed, i));
    if (dtype == "BF16") {
      append(value);
    } else {
      append(bf16_to_f32(value));
    }
  }
  return out;
}

// Scales of an FP8 weight with `columns` inputs: around 1 / (130 sqrt(columns)).
inline std::string scale_bytes(const std::string& name, std::uint64_t count,
                               std::uint64_t columns) {
  const std::uint64_t seed = fnv1a64(name);
  const auto unit = static_cast<float>(1.0 / (130.0 * std::sqrt(static_cast<double>(columns))));
  std::string out;
  for (std::uint64_t i = 0; i < count; ++i) {
    const float value = (1.0f + 0.5f * uniform(seed, i)) * unit;
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  return out;
}

// Writes config.json and model.safetensors of a case into `directory`.
inline void write_checkpoint(const base::Json& golden, const std::filesystem::path& directory) {
  base::Json header = base::Json::object();
  std::string data;
  for (const auto& [name, form] : golden["tensors"].items()) {
    const auto dtype = form[0].get<std::string>();
    const auto shape = form[1].get<std::vector<std::uint64_t>>();
    std::string bytes;
    constexpr std::string_view kScale = "_scale_inv";
    if (name.ends_with(kScale)) {
      const std::string weight = name.substr(0, name.size() - kScale.size());
      bytes = scale_bytes(name, shape[0] * shape[1],
                          golden["tensors"][weight][1][1].get<std::uint64_t>());
    } else {
      bytes = tensor_bytes(name, dtype, shape);
    }
    header[name] = {{"dtype", dtype},
                    {"shape", shape},
                    {"data_offsets", {data.size(), data.size() + bytes.size()}}};
    data += bytes;
  }
  std::string text = header.dump();
  text += std::string((8 - text.size() % 8) % 8, ' ');
  const std::uint64_t size = text.size();
  std::ofstream out(directory / "model.safetensors", std::ios::binary);
  out.write(reinterpret_cast<const char*>(&size), sizeof size);
  out << text << data;
  std::ofstream(directory / "config.json") << golden["config"].dump();
}

}  // namespace seine::engine::golden
