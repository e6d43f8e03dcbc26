#include "gateway/generation/probe.h"

#include <array>

namespace seine::gateway {
namespace {

// vLLM's buckets, so that quantiles computed from them compare.
constexpr std::array kFirstToken = {.001, .005, .01, .02, .04, .06, .08, .1,  .25,  .5,   .75,
                                    1.,   2.5,  5.,  7.5, 10., 20., 40., 80., 160., 640., 2560.};
constexpr std::array kBetweenTokens = {.01, .025, .05, .075, .1,  .15, .2,  .3,  .4, .5,
                                       .75, 1.,   2.5, 5.,   7.5, 10., 20., 40., 80.};
constexpr std::array kTotal = {.3,  .5,  .8,  1.,  1.5,  2.,   2.5,  5.,   10.,   15.,  20.,
                               30., 40., 50., 60., 120., 240., 480., 960., 1920., 7680.};
constexpr std::array kLengths = {1.,   2.,    5.,    10.,   20.,    50.,    100.,   200.,
                                 500., 1000., 2000., 5000., 10000., 20000., 50000., 100000.};
constexpr std::array kAnswers = {1., 2., 5., 10.};
constexpr std::array kReasons = {llm::FinishReason::kStop, llm::FinishReason::kLength,
                                 llm::FinishReason::kToolCalls};

}  // namespace

std::string_view finish_reason_name(llm::FinishReason reason) {
  switch (reason) {
    case llm::FinishReason::kStop:
      return "stop";
    case llm::FinishReason::kLength:
      return "length";
    case llm::FinishReason::kToolCalls:
      return "tool_calls";
  }
  return "stop";
}

GenerationProbe::GenerationProbe(base::Metrics& metrics, base::Metrics& vllm)
    : metrics_(metrics), vllm_(vllm) {}
GenerationProbe::~GenerationProbe() = default;

GenerationProbe::Model& GenerationProbe::model(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const std::string name =
      models_.contains(id) || models_.size() < kModelsMax ? id : std::string(kOther);
  std::unique_ptr<Model>& slot = models_[name];
  if (!slot) slot = make(name);
  return *slot;
}

std::unique_ptr<GenerationProbe::Model> GenerationProbe::make(const std::string& id) {
  const base::Labels ours = {{"model", id}};
  const base::Labels theirs = {{"model_name", id}, {"engine", "0"}};
  const auto with = [](base::Labels labels, std::string_view key, std::string_view value) {
    labels.emplace_back(std::string(key), std::string(value));
    return labels;
  };
  base::Metrics& m = metrics_;
  base::Metrics& v = vllm_;
  constexpr std::string_view kOutcome = "Answers that ended, by how.";
  auto made = std::make_unique<Model>(Model{
      .running = m.gauge("seine_answers_running", "Answers that are being written.", ours),
      .prompt_tokens =
          m.counter("seine_prompt_tokens_total", "Tokens of prompts that were answered.", ours),
      .cached_tokens = m.counter("seine_prompt_cached_tokens_total",
                                 "Tokens of prompts found in the prefix cache.", ours),
      .generation_tokens =
          m.counter("seine_generated_tokens_total", "Tokens of answers, thinking included.", ours),
      .first_token_seconds =
          m.histogram("seine_answer_first_token_seconds",
                      "From the request to the first piece of its answer.", kFirstToken, ours),
      .between_tokens_seconds = m.histogram(
          "seine_answer_piece_interval_seconds",
          "Between two pieces of an answer, as they left the model.", kBetweenTokens, ours),
      .total_seconds = m.histogram("seine_answer_seconds", "From the request to the answer's end.",
                                   kTotal, ours),
      .failed = m.counter("seine_answers_total", kOutcome, with(ours, "outcome", "failed")),
      .cancelled = m.counter("seine_answers_total", kOutcome, with(ours, "outcome", "cancelled")),
      .finished = {},
      .vllm_running = v.gauge("vllm:num_requests_running", "Number of requests running.", theirs),
      .vllm_prompt_tokens =
          v.counter("vllm:prompt_tokens_total", "Number of prefill tokens processed.", theirs),
      .vllm_generation_tokens = v.counter("vllm:generation_tokens_total",
                                          "Number of generation tokens processed.", theirs),
      .vllm_first_token = v.histogram("vllm:time_to_first_token_seconds",
                                      "Time to the first token in seconds.", kFirstToken, theirs),
      .vllm_between_tokens =
          v.histogram("vllm:inter_token_latency_seconds", "Time between two tokens in seconds.",
                      kBetweenTokens, theirs),
      .vllm_total = v.histogram("vllm:e2e_request_latency_seconds",
                                "Time from request to end in seconds.", kTotal, theirs),
      .vllm_prompt_length = v.histogram("vllm:request_prompt_tokens",
                                        "Prefill tokens of a request.", kLengths, theirs),
      .vllm_generation_length = v.histogram("vllm:request_generation_tokens",
                                            "Generation tokens of a request.", kLengths, theirs),
      .vllm_answers = v.histogram("vllm:request_params_n", "The n of a request.", kAnswers, theirs),
      .vllm_finished = {}});
  for (const llm::FinishReason reason : kReasons) {
    const std::string_view name = finish_reason_name(reason);
    made->finished[reason] =
        &m.counter("seine_answers_total", kOutcome, with(ours, "outcome", name));
    made->vllm_finished[reason] =
        &v.counter("vllm:request_success_total", "Number of successfully processed requests.",
                   with(theirs, "finished_reason", name));
  }
  return made;
}

}  // namespace seine::gateway
