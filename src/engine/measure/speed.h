// The speed of a model in this process: a prompt, one stream of generated tokens, several streams
// in one batch, and as many requests at once, prompts and all, through the scheduler; each beside
// what the machine could do at most while it ran. What `seine model bench` reports; tokens are
// random, nothing is sampled. One caller at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/random.h"
#include "engine/formats/model_file.h"
#include "engine/measure/limits.h"
#include "engine/model/registry.h"

namespace seine::engine {

struct SpeedOptions {
  std::int32_t prompt = 512;   // tokens
  std::int32_t generate = 32;  // tokens of each stream
  std::int32_t streams = 8;    // of the batch, and requests at once
  std::int32_t rounds = 3;
  int threads = 0;  // 0: one for each core
  KvType kv_type = KvType::kF16;
  ActivationBytes activations = ActivationBytes::kOne;
};

struct Speed {
  std::string name;                // "prompt", "decode", "batch", "concurrency"
  std::vector<double> per_second;  // tokens, one figure a round; of requests those generated
  double share_of_read = 0;        // of the best round: weight bytes read against the limit
  double share_of_multiplies = 0;  // of the best round: weights times tokens against the limit
  // Processor time of the best round against threads times elapsed time. Well below 1 says that
  // other work had the processor, and that the figures are not the engine's.
  double share_of_processor = 0;
  // Of the best round of requests at once: seconds from their arrival to each one's first token,
  // ascending.
  std::vector<double> first_token = {};
  double best() const;
  double median() const;
};

struct SpeedReport {
  ModelFacts facts;
  std::string isa;
  int threads = 0;
  std::uint64_t token_bytes = 0;    // weights that one token reads
  std::uint64_t token_weights = 0;  // and multiplies, without the head
  MachineLimits limits;             // the best of the rounds
  std::vector<Speed> speeds;
};

base::Result<SpeedReport> measure_speed(const std::shared_ptr<const ModelFile>& file,
                                        const SpeedOptions& options, base::Random& random);

}  // namespace seine::engine
