#include "gateway/settings/prompts.h"

#include <algorithm>
#include <functional>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"

namespace seine::gateway {
namespace {

using base::Code;
using base::fail_field;
using base::Json;
using base::Result;

constexpr std::string_view kPromptSpace = "gateway.prompts";
constexpr std::string_view kPromptKey = "console";
constexpr int kTriesMax = 8;  // against others that write at the same moment

struct Kept {
  std::vector<Prompt> prompts;
  std::uint64_t version = 0;
};

Result<Kept> load(store::KeyValue& records) {
  const auto entry = SEINE_TRY(records.get(kPromptSpace, kPromptKey));
  if (!entry) return Kept{};
  Kept kept{.prompts = {}, .version = entry->version};
  const Json list = SEINE_TRY(base::parse_json(entry->value));
  for (const Json& each : list) {
    kept.prompts.push_back({.name = SEINE_TRY(base::require<std::string>(each, "name")),
                            .text = SEINE_TRY(base::require<std::string>(each, "text"))});
  }
  return kept;
}

Result<> change(store::KeyValue& records,
                const std::function<Result<>(std::vector<Prompt>&)>& edit) {
  for (int attempt = 0;; ++attempt) {
    Kept kept = SEINE_TRY(load(records));
    SEINE_CHECK(edit(kept.prompts));
    Json list = Json::array();
    for (const Prompt& prompt : kept.prompts)
      list.push_back({{"name", prompt.name}, {"text", prompt.text}});
    const auto done =
        records.compare_and_set(kPromptSpace, kPromptKey, kept.version, base::to_text(list));
    if (done) return {};
    if (done.error().code != Code::kAborted || attempt == kTriesMax)
      return std::unexpected(done.error());
  }
}

Result<> check(const Prompt& prompt) {
  const std::size_t points = base::count_points(prompt.name);
  if (base::trim(prompt.name).empty() || points > Prompts::kNamePointsMax) {
    return fail_field(Code::kInvalidArgument, "name",
                      "a prompt's name has 1 to {} characters, not {}", Prompts::kNamePointsMax,
                      points);
  }
  if (base::trim(prompt.text).empty() || prompt.text.size() > Prompts::kTextBytesMax) {
    return fail_field(Code::kInvalidArgument, "text", "a prompt has 1 to {} bytes, not {}",
                      Prompts::kTextBytesMax, prompt.text.size());
  }
  return {};
}

}  // namespace

Result<std::vector<Prompt>> Prompts::list() const {
  return SEINE_TRY(load(records_)).prompts;
}

Result<> Prompts::put(const Prompt& prompt) const {
  SEINE_CHECK(check(prompt));
  return change(records_, [&](std::vector<Prompt>& prompts) -> Result<> {
    const auto place = std::ranges::lower_bound(prompts, prompt.name, {}, &Prompt::name);
    if (place != prompts.end() && place->name == prompt.name) {
      place->text = prompt.text;
      return {};
    }
    if (prompts.size() >= kCountMax) {
      return base::fail(Code::kResourceExhausted, "{} prompts are kept, the limit is {}",
                        prompts.size(), kCountMax);
    }
    prompts.insert(place, prompt);
    return {};
  });
}

Result<> Prompts::remove(std::string_view name) const {
  return change(records_, [&](std::vector<Prompt>& prompts) -> Result<> {
    const auto gone = std::ranges::find(prompts, name, &Prompt::name);
    if (gone == prompts.end())
      return fail_field(Code::kNotFound, "name", "no prompt named '{}'", name);
    prompts.erase(gone);
    return {};
  });
}

}  // namespace seine::gateway
