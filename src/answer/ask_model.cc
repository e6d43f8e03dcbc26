#include "answer/ask_model.h"

#include <utility>

namespace seine::answer {

RecordedReply ask_model(llm::Generator& generator, llm::ChatRequest request,
                        base::Deadline deadline, const std::stop_token& stop,
                        const ModelListener& listener) {
  RecordedReply reply;
  base::Result<llm::StreamReader> stream = generator.generate(std::move(request), deadline);
  if (!stream) {
    reply.error = std::move(stream).error();
    return reply;
  }
  const std::stop_callback cancel(stop, [shared = stream->shared()] { shared->cancel(); });
  double logprobs = 0;
  for (;;) {
    llm::DeltaStream::Next next = (*stream)->next(deadline);
    if (next.state == llm::DeltaStream::State::kWaiting) {
      reply.error = base::Error{base::Code::kDeadlineExceeded,
                                "the model did not finish within the time of the answer"};
      break;
    }
    if (next.state == llm::DeltaStream::State::kEnded) {
      reply.error = std::move(next.error);
      break;
    }
    if (const auto* text = std::get_if<llm::TextDelta>(&*next.delta)) {
      reply.text += text->text;
      for (const llm::TokenLogprob& token : text->logprobs) {
        logprobs += token.logprob;
        ++reply.logprobs;
      }
      if (listener.text && !text->text.empty()) listener.text(text->text);
    } else if (const auto* reasoning = std::get_if<llm::ReasoningDelta>(&*next.delta)) {
      reply.reasoning += reasoning->text;
      if (listener.reasoning) listener.reasoning(reasoning->text);
    } else if (const auto* finish = std::get_if<llm::Finish>(&*next.delta)) {
      reply.usage = finish->usage;
      break;
    }
  }
  if (reply.logprobs > 0) reply.logprob = logprobs / static_cast<double>(reply.logprobs);
  return reply;
}

}  // namespace seine::answer
