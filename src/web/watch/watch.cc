#include "web/watch/watch.h"

namespace seine::web {

std::string_view noise_rule_name(NoiseRule rule) {
  switch (rule) {
    case kNoiseDates:
      return "dates";
    case kNoiseCounters:
      return "counters";
    case kNoiseAds:
      return "ads";
    case kNoiseLinks:
      return "links";
  }
  return "";
}

std::string_view change_kind_name(BlockChange::Kind kind) {
  switch (kind) {
    case BlockChange::Kind::kAdded:
      return "added";
    case BlockChange::Kind::kRemoved:
      return "removed";
    case BlockChange::Kind::kChanged:
      return "changed";
  }
  return "";
}

std::string_view delivery_state_name(DeliveryState state) {
  switch (state) {
    case DeliveryState::kPending:
      return "pending";
    case DeliveryState::kSent:
      return "sent";
    case DeliveryState::kDead:
      return "dead";
  }
  return "";
}

std::string_view check_result_name(CheckResult result) {
  switch (result) {
    case CheckResult::kFirst:
      return "first";
    case CheckResult::kUnchanged:
      return "unchanged";
    case CheckResult::kNoise:
      return "noise";
    case CheckResult::kChanged:
      return "changed";
    case CheckResult::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace seine::web
