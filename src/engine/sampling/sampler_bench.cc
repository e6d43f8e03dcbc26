// What a draw costs over a vocabulary of 129,280, by how the logits lie and what is selected.
#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <string>

#include "engine/sampling/sampler.h"

namespace {

using namespace seine::engine;

// Logits of a standard deviation of `spread`: 0.1 is nearly flat, 4 is a trained model's.
void draw(benchmark::State& state, double spread, const seine::llm::Sampling& sampling) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, static_cast<float>(spread));
  std::vector<float> logits(129'280);
  for (float& x : logits) x = normal(random);
  Sampler sampler(sampling, std::nullopt, 1);
  for (auto _ : state) benchmark::DoNotOptimize(sampler.sample(logits, nullptr));
}

BENCHMARK_CAPTURE(draw, flat_plain, 0.1, {});
BENCHMARK_CAPTURE(draw, flat_top_p, 0.1, {.top_p = 0.95});
BENCHMARK_CAPTURE(draw, flat_top_k, 0.1, {.top_k = 50});
BENCHMARK_CAPTURE(draw, flat_typical, 0.1, {.typical_p = 0.95});
BENCHMARK_CAPTURE(draw, model_top_p, 4.0, {.top_p = 0.95});
BENCHMARK_CAPTURE(draw, model_top_k_top_p, 4.0, {.top_p = 0.95, .top_k = 50});
BENCHMARK_CAPTURE(draw, model_min_p, 4.0, {.min_p = 0.05});

}  // namespace
