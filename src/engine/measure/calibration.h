// Calibration: what the inputs of each weight are while the model reads a text, for the quantiser.
// The moments of 1,024 inputs take 4 MiB, so the text is read once for as many tensors as fit in
// memory, again for the next, and so on. Blocks; one thread calls, the pool's threads compute.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/formats/input_moments.h"
#include "engine/formats/model_file.h"
#include "engine/kernels/thread_pool.h"
#include "engine/tokenizer/bpe.h"

namespace seine::engine {

struct CalibrationOptions {
  std::int32_t window = 256;                     // tokens read together
  std::uint64_t tokens_max = 1 << 16;            // of the text
  std::uint64_t moments_bytes_max = 3ULL << 30;  // held at once; one tensor is always taken
  std::uint64_t memory_limit = 0;                // bytes for the model; 0: what the system has free
  std::function<bool(std::uint64_t done, std::uint64_t total)> progress = {};  // false cancels
};

class Calibration final : public MomentsSource {
 public:
  // An error when the text has no tokens. `pool` outlives this.
  static base::Result<std::unique_ptr<Calibration>> create(std::shared_ptr<const ModelFile> file,
                                                           std::string_view text, ThreadPool& pool,
                                                           CalibrationOptions options);

  base::Result<std::span<const InputMoments* const>> of(const Tensor& tensor) override;

 private:
  Calibration(std::shared_ptr<const ModelFile> file, std::vector<TokenId> tokens, ThreadPool& pool,
              CalibrationOptions options);

  // Reads the text for `first` and as many tensors behind it as fit.
  base::Result<> measure(const Tensor& first);

  const std::shared_ptr<const ModelFile> file_;
  const std::vector<TokenId> tokens_;
  ThreadPool& pool_;
  const CalibrationOptions options_;
  // Of tensors that the same inputs meet, the same moments.
  std::map<const Tensor*, std::vector<std::shared_ptr<const InputMoments>>> measured_;
  std::vector<const InputMoments*> given_;  // by the last of()
};

}  // namespace seine::engine
