// Generation: the answers to one request as a coroutine reads them, whoever makes them (a model, or
// the web answer). Generations: starts them. Together they resolve model names, bound how many run
// at once, hold cancellation (dropping a Generation cancels its answers), and count.
//
// Generations is owned by the composition root and safe on any thread. A Generation belongs to the
// context of the request that started it.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "gateway/access/caller.h"
#include "gateway/access/rate_limits.h"
#include "gateway/generation/call.h"
#include "gateway/generation/gathered.h"
#include "gateway/generation/probe.h"
#include "gateway/web_answer.h"
#include "llm/ports.h"

namespace seine::gateway {

class Generations;

struct Piece {
  std::uint32_t answer = 0;  // of a prompt's answers in order, prompt by prompt
  llm::Delta delta;
};

class Generation {
 public:
  ~Generation();
  Generation(const Generation&) = delete;
  Generation& operator=(const Generation&) = delete;

  // The next piece of any of the answers. Nothing when `wait` passed without one (time for a
  // keep-alive). After the Finish of every answer there are no more: see ended(). An error ends
  // all; kDeadlineExceeded at the deadline, whether or not those who answer keep to it.
  boost::asio::awaitable<base::Result<std::optional<Piece>>> next(base::Duration wait);
  // A piece that is there already.
  base::Result<std::optional<Piece>> try_next();
  bool ended() const { return finished_ == answers_.size(); }
  std::size_t answers() const { return answers_.size(); }

  // Of a web answer, after its end; else null.
  const WebExtras* extras() const;
  const std::string& model() const { return model_; }

 private:
  friend class Generations;
  struct Signal;
  struct Answer {
    llm::StreamReader reader;
    bool finished = false;
    std::optional<base::TimePoint> last_piece = {};
  };

  Generation(Generations& home, const boost::asio::any_io_executor& executor, Caller caller,
             std::string model, const std::string& label, std::uint32_t per_prompt,
             base::Deadline deadline);
  void note(std::size_t which, const llm::Delta& delta);

  Generations& home_;
  const Caller caller_;
  const std::string model_;
  GenerationProbe::Model& probe_;
  const base::TimePoint began_;
  const base::Deadline deadline_;
  std::shared_ptr<Signal> signal_;
  std::vector<Answer> answers_;
  std::shared_ptr<const WebExtras> extras_;
  std::size_t finished_ = 0;
  std::size_t turn_ = 0;  // which answer is asked first, so that none starves
  bool saw_piece_ = false;
  bool failed_ = false;
  UsageSum usage_;
};

class Generations {
 public:
  struct Settings {
    std::size_t running_max = 4096;  // requests; more are answered 429
  };
  struct Ports {
    llm::Generator& generator;
    WebAnswerer* web = nullptr;  // null: requests for the web are refused
    RateLimits& limits;
    GenerationProbe& probe;
    const base::Clock& clock;
  };
  Generations(Settings settings, Ports ports) : settings_(settings), ports_(ports) {}

  // Starts all answers of a call, or none. The executor is the reader's.
  base::Result<std::unique_ptr<Generation>> start(Call call, const Caller& caller,
                                                  std::string_view request_id,
                                                  base::Deadline deadline,
                                                  const boost::asio::any_io_executor& executor);

  // The length of a request's prompt; `model` as the client wrote it.
  base::Result<std::uint64_t> count_tokens(llm::ChatRequest request) const;
  // Models that can be asked now, the default first.
  std::vector<llm::ModelInfo> models() const { return ports_.generator.models(); }
  const base::Clock& clock() const { return ports_.clock; }
  std::size_t running() const { return running_.load(); }

 private:
  friend class Generation;

  const Settings settings_;
  Ports ports_;
  std::atomic<std::size_t> running_{0};
};

// The name a client wrote, taken apart: the suffix ":online" asks the web; old names of DeepSeek's
// API stand for the default model without or with thinking.
struct ModelName {
  std::string id;  // empty: the default
  bool online = false;
  std::optional<llm::Effort> effort = {};

  bool operator==(const ModelName&) const = default;
};
ModelName resolve_model(std::string_view name, const std::vector<llm::ModelInfo>& known);

}  // namespace seine::gateway
