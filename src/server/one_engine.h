// An engine for the time of one command, under the settings of the configuration.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/text.h"
#include "engine/engine.h"
#include "server/invocation.h"

namespace seine::server {

struct Process {
  base::SystemClock clock;
  base::SystemRandom random;
  base::Metrics metrics;
};

// The model of `path`, else that of the settings.
base::Result<std::shared_ptr<engine::Engine>> open_engine(const Invocation& invocation,
                                                          const std::string& path,
                                                          Process& process);
// The file that open_engine would load.
base::Result<std::filesystem::path> model_path(const Invocation& invocation,
                                               const std::string& path);

template <typename Number>
base::Result<Number> number_option(const Invocation& invocation, std::string_view name,
                                   Number otherwise) {
  const auto text = invocation.value(name);
  if (!text) return otherwise;
  const auto number = base::parse_double(*text);
  if (!number || *number < 0 || *number > 1e9)
    return base::fail_field(base::Code::kInvalidArgument, name, "{}: '{}' is no number", name,
                            *text);
  return static_cast<Number>(*number);
}

// What a command says while it reads a model: bytes so far and in all, each tenth once, and
// nothing in the first second.
class LoadNote {
 public:
  LoadNote(const Terminal& terminal, const base::Clock& clock)
      : terminal_(terminal), clock_(clock), began_(clock.now()) {}
  // Nothing to say: empty.
  std::string line(std::string_view phase, std::uint64_t done, std::uint64_t total);

 private:
  const Terminal& terminal_;
  const base::Clock& clock_;
  const base::TimePoint began_;
  std::string phase_;
  std::uint64_t shown_ = 0;  // tenths
};

// "seine: 40 %" on stderr, each tenth once.
class PercentNote {
 public:
  explicit PercentNote(const Terminal& terminal) : terminal_(terminal) {}
  bool operator()(std::uint64_t done, std::uint64_t total);

 private:
  const Terminal& terminal_;
  std::uint64_t shown_ = 0;  // tenths
};

}  // namespace seine::server
