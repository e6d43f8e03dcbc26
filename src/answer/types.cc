#include "answer/types.h"

#include <array>

namespace seine::answer {
namespace {

template <typename Enum, std::size_t N>
std::string_view pick(const std::array<std::string_view, N>& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

}  // namespace

std::string address_of(const Source& source, const Citation& citation) {
  const bool opens = citation.anchor.starts_with("page=") && !source.url.contains('#');
  return opens ? source.url + "#" + citation.anchor : source.url;
}

std::string_view name_of(StepKind kind) {
  static constexpr std::array<std::string_view, 6> kNames = {"plan", "search",   "read",
                                                             "rank", "generate", "verify"};
  return pick(kNames, kind);
}

std::string_view name_of(StepState state) {
  static constexpr std::array<std::string_view, 3> kNames = {"started", "done", "failed"};
  return pick(kNames, state);
}

std::string_view name_of(SourceState state) {
  static constexpr std::array<std::string_view, 3> kNames = {"read", "cited", "failed"};
  return pick(kNames, state);
}

std::string_view name_of(Support support) {
  static constexpr std::array<std::string_view, 3> kNames = {"supported", "partial", "unsupported"};
  return pick(kNames, support);
}

std::string_view name_of(Speaker speaker) {
  static constexpr std::array<std::string_view, 3> kNames = {"model", "extract", "none"};
  return pick(kNames, speaker);
}

std::string_view name_of(AnswerState state) {
  static constexpr std::array<std::string_view, 4> kNames = {"complete", "stopped", "failed",
                                                             "not_found"};
  return pick(kNames, state);
}

std::optional<SearchMode> parse_search_mode(std::string_view text) {
  if (text == "auto") return SearchMode::kAuto;
  if (text == "on") return SearchMode::kOn;
  if (text == "off") return SearchMode::kOff;
  return std::nullopt;
}

}  // namespace seine::answer
