// What generations count: the house's names in the service's registry, and vLLM's names in a
// registry of their own, which /metrics adds when asked (`?names=vllm`), so that dashboards made
// for vLLM work. Safe on any thread; updates are single atomic operations, except the first of a
// model.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "llm/delta.h"

namespace seine::gateway {

std::string_view finish_reason_name(llm::FinishReason reason);

class GenerationProbe {
 public:
  // Both registries outlive it.
  GenerationProbe(base::Metrics& metrics, base::Metrics& vllm);
  ~GenerationProbe();

  // The instruments of one model.
  struct Model {
    base::Gauge& running;
    base::Counter& prompt_tokens;
    base::Counter& cached_tokens;
    base::Counter& generation_tokens;
    base::Histogram& first_token_seconds;
    base::Histogram& between_tokens_seconds;
    base::Histogram& total_seconds;
    base::Counter& failed;
    base::Counter& cancelled;
    std::map<llm::FinishReason, base::Counter*> finished;

    base::Gauge& vllm_running;
    base::Counter& vllm_prompt_tokens;
    base::Counter& vllm_generation_tokens;
    base::Histogram& vllm_first_token;
    base::Histogram& vllm_between_tokens;
    base::Histogram& vllm_total;
    base::Histogram& vllm_prompt_length;
    base::Histogram& vllm_generation_length;
    base::Histogram& vllm_answers;
    std::map<llm::FinishReason, base::Counter*> vllm_finished;
  };
  // Of the first kModelsMax models that were asked for each has its own; the rest share one.
  Model& model(const std::string& id);
  static constexpr std::size_t kModelsMax = 64;
  // The label of models that nobody knows: it must not come from outside.
  static constexpr std::string_view kOther = "other";

 private:
  std::unique_ptr<Model> make(const std::string& id);

  base::Metrics& metrics_;
  base::Metrics& vllm_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Model>, std::less<>> models_;
};

}  // namespace seine::gateway
