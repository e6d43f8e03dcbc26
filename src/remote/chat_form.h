// The chat-completions dialect from the client's side, with DeepSeek's fields: a ChatRequest to the
// JSON that is sent, and chunks of the stream to pieces. Pure; reads what a foreign service sends.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"
#include "llm/delta.h"
#include "llm/request.h"

namespace seine::remote {

// The body of a streamed request to `model`. kUnimplemented: the dialect cannot say it.
base::Result<std::string> request_body(const llm::ChatRequest& request, std::string_view model);

// The error of an HTTP status and its body. What is the operator's to mend (key, balance) is
// kUnavailable to who asks.
base::Error refusal(int status, std::string_view body);

// One answer's stream. After an error it is of no more use.
class ChunkReader {
 public:
  static constexpr std::size_t kAnswerBytesMax = std::size_t{16} << 20;

  // The data of one event that is not "[DONE]": its pieces, none of them a Finish.
  base::Result<std::vector<llm::Delta>> feed(std::string_view data);
  // At "[DONE]" or the end of the body. kUnavailable if the answer had not ended.
  base::Result<llm::Finish> finish() const;

 private:
  base::Result<> read_delta(const base::Json& delta, std::vector<llm::Delta>& out);
  base::Result<> read_usage(const base::Json& usage);

  std::size_t bytes_ = 0;
  std::optional<llm::FinishReason> reason_;
  llm::Usage usage_;
};

}  // namespace seine::remote
