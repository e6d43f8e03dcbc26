// The answer and its events as the JSON of docs/reference/console-api.md. Pure.
#pragma once

#include <string>
#include <string_view>

#include "answer/run_log.h"
#include "answer/types.h"
#include "base/json_fwd.h"

namespace seine::answer {

base::Json to_json(const Step& step);
base::Json to_json(const Source& source);
base::Json to_json(const Citation& citation);
base::Json to_json(const Answer& answer);
// {"message","type","code"} as error bodies have it.
base::Json to_json(const base::Error& error);

struct NamedEvent {
  std::string_view name;  // "step", "text", ...
  std::string data;       // one JSON object
};
NamedEvent to_event(const Event& event);

}  // namespace seine::answer
