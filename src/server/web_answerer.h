// The gateway's port for web-connected chat, served by the answers: a run whose events become the
// deltas of a model's stream. Owned by the composition root; safe on any thread; the answers
// outlive it.
#pragma once

#include "answer/answers.h"
#include "gateway/web_answer.h"

namespace seine::server {

class WebAnswerer final : public gateway::WebAnswerer {
 public:
  // Refuses until serve() has been called, which is before the service listens.
  void serve(answer::Answers& answers) { answers_ = &answers; }
  base::Result<gateway::WebAnswer> answer(gateway::WebAnswerRequest request,
                                          base::Deadline deadline) override;

 private:
  answer::Answers* answers_ = nullptr;
};

}  // namespace seine::server
