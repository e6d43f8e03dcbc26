// Prompts that a person keeps for the composer: named texts, in which {{name}} stands for what is
// filled in at each use. One small record of the key-value store; blocks, safe on any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "store/key_value.h"

namespace seine::gateway {

struct Prompt {
  std::string name;
  std::string text;
};

class Prompts {
 public:
  static constexpr std::size_t kCountMax = 200;
  static constexpr std::size_t kNamePointsMax = 60;
  static constexpr std::size_t kTextBytesMax = std::size_t{16} << 10;

  explicit Prompts(store::KeyValue& records) : records_(records) {}

  // By name.
  base::Result<std::vector<Prompt>> list() const;
  // Keeps it, in the place of one with its name.
  base::Result<> put(const Prompt& prompt) const;
  // kNotFound
  base::Result<> remove(std::string_view name) const;

 private:
  store::KeyValue& records_;
};

}  // namespace seine::gateway
