#include "web/watch/watch_json.h"

#include <array>

#include "base/json.h"
#include "base/text.h"
#include "base/utf8.h"
#include "web/watch/block_diff.h"
#include "web/watch/webhook.h"

namespace seine::web {
namespace {

using base::Code;
using base::Json;

constexpr std::array kRules = {kNoiseDates, kNoiseCounters, kNoiseAds, kNoiseLinks};
constexpr std::array<std::string_view, 3> kRenders = {"never", "auto", "always"};
constexpr std::size_t kIgnoreMax = 32;
constexpr std::size_t kTextMax = 1'024;

Json time_json(const std::optional<base::WallTime>& time) {
  return time ? Json(base::format_rfc3339(*time)) : Json(nullptr);
}

base::Result<std::string> text_member(const Json& json, std::string_view key) {
  std::string text = SEINE_TRY(base::get_or<std::string>(json, key, ""));
  if (text.size() > kTextMax)
    return base::fail_field(Code::kInvalidArgument, key, "'{}' has {} bytes, the limit is {}", key,
                            text.size(), kTextMax);
  return text;
}

base::Result<std::vector<std::string>> list_member(const Json& json, std::string_view key) {
  std::vector<std::string> out;
  const Json* list = base::find(json, key);
  if (list == nullptr) return out;
  if (!list->is_array() || list->size() > kIgnoreMax)
    return base::fail_field(Code::kInvalidArgument, key, "'{}' is an array of at most {} texts",
                            key, kIgnoreMax);
  for (const Json& one : *list) {
    if (!one.is_string() || one.get_ref<const std::string&>().size() > kTextMax)
      return base::fail_field(Code::kInvalidArgument, key, "'{}' holds texts of up to {} bytes",
                              key, kTextMax);
    out.push_back(one.get<std::string>());
  }
  return out;
}

base::Result<std::uint8_t> noise_member(const Json& json) {
  if (base::find(json, "noise") == nullptr) return kNoiseAll;
  std::uint8_t rules = 0;
  for (const std::string& name : SEINE_TRY(list_member(json, "noise"))) {
    std::uint8_t known = 0;
    for (const NoiseRule rule : kRules) {
      if (noise_rule_name(rule) == name) known = rule;
    }
    if (known == 0)
      return base::fail_field(Code::kInvalidArgument, "noise",
                              "'{}' is none of dates, counters, ads, links", name);
    rules |= known;
  }
  return rules;
}

std::string member(const Json& json, std::string_view key) {
  auto found = base::get_or<std::string>(json, key, "");
  return found ? *std::move(found) : std::string();
}

}  // namespace

Json to_json(const WatchSpec& spec) {
  Json noise = Json::array();
  for (const NoiseRule rule : kRules) {
    if ((spec.noise & rule) != 0) noise.push_back(noise_rule_name(rule));
  }
  return {{"url", spec.url},
          {"selector", spec.selector},
          {"block", spec.block},
          {"every_s", spec.every.count()},
          {"webhook", spec.webhook.empty() ? Json(nullptr) : Json(spec.webhook)},
          {"noise", std::move(noise)},
          {"ignore", spec.ignore},
          {"render", kRenders[static_cast<std::size_t>(spec.render)]}};
}

Json to_json(const Watch& watch) {
  Json json = to_json(watch.spec);
  json["id"] = watch.id;
  json["title"] = watch.title;
  json["paused"] = watch.paused;
  json["created_at"] = base::format_rfc3339(watch.created_at);
  json["checked_at"] = time_json(watch.checked_at);
  json["changed_at"] = time_json(watch.changed_at);
  json["next_at"] = watch.paused ? Json(nullptr) : Json(base::format_rfc3339(watch.next_at));
  json["failures"] = watch.failures;
  json["verdict"] = watch.verdict.empty() ? Json(nullptr) : Json(watch.verdict);
  json["message"] = watch.message;
  json["version"] = watch.version;
  json["hook"] = "/hooks/" + watch.id;
  return json;
}

Json to_json(std::span<const BlockChange> changes) {
  Json json = Json::array();
  for (const BlockChange& change : changes) {
    json.push_back({{"kind", change_kind_name(change.kind)},
                    {"before", change.before},
                    {"after", change.after},
                    {"heading", change.heading},
                    {"above", change.above},
                    {"below", change.below}});
  }
  return json;
}

Json to_json(const WatchVersion& version) {
  return {{"number", version.number},
          {"at", base::format_rfc3339(version.at)},
          {"title", version.title},
          {"changes", to_json(version.changes)},
          {"left_out", version.left_out}};
}

Json to_json(const Delivery& delivery) {
  const bool pending = delivery.state == DeliveryState::kPending;
  return {{"id", delivery.id},
          {"watch", delivery.watch},
          {"url", delivery.url},
          {"state", delivery_state_name(delivery.state)},
          {"created_at", base::format_rfc3339(delivery.created_at)},
          {"attempts", delivery.attempts},
          {"next_at", pending ? Json(base::format_rfc3339(delivery.next_at)) : Json(nullptr)},
          {"status", delivery.status == 0 ? Json(nullptr) : Json(delivery.status)},
          {"message", delivery.message}};
}

Json to_json(const CheckOutcome& outcome) {
  return {{"result", check_result_name(outcome.result)},
          {"changes", to_json(outcome.changes)},
          {"diff", diff_text(outcome.changes)},
          {"verdict", outcome.verdict},
          {"message", outcome.message}};
}

Json to_json(std::span<const WatchBlock> blocks) {
  Json json = Json::array();
  for (const WatchBlock& block : blocks) json.push_back({block.markdown, block.heading});
  return json;
}

base::Result<WatchSpec> watch_spec_from_json(const Json& json) {
  WatchSpec spec;
  spec.url = SEINE_TRY(base::require<std::string>(json, "url"));
  spec.selector = SEINE_TRY(text_member(json, "selector"));
  spec.block = SEINE_TRY(text_member(json, "block"));
  if (!spec.selector.empty() && !spec.block.empty())
    return base::fail_field(Code::kInvalidArgument, "block",
                            "a watch has a selector or a block, not both");
  const auto every = SEINE_TRY(base::get_or<std::int64_t>(json, "every_s", spec.every.count()));
  if (every < WatchSpec::kEveryMin.count() || every > WatchSpec::kEveryMax.count())
    return base::fail_field(
        Code::kInvalidArgument, "every_s", "a page is read every {} s to {} d, not every {} s",
        WatchSpec::kEveryMin.count(), WatchSpec::kEveryMax.count() / 86'400, every);
  spec.every = std::chrono::seconds(every);
  spec.webhook = SEINE_TRY(text_member(json, "webhook"));
  spec.ignore = SEINE_TRY(list_member(json, "ignore"));
  spec.noise = SEINE_TRY(noise_member(json));
  const std::string render = SEINE_TRY(base::get_or<std::string>(json, "render", "auto"));
  const auto found = std::ranges::find(kRenders, render);
  if (found == kRenders.end())
    return base::fail_field(Code::kInvalidArgument, "render",
                            "'render' is '{}' but must be never, auto or always", render);
  spec.render = static_cast<RenderJs>(found - kRenders.begin());
  return spec;
}

base::Result<std::vector<BlockChange>> changes_from_json(const Json& json) {
  if (!json.is_array()) return base::fail(Code::kDataLoss, "a watch's kept changes are damaged");
  std::vector<BlockChange> out;
  for (const Json& one : json) {
    BlockChange change{.before = member(one, "before"),
                       .after = member(one, "after"),
                       .heading = member(one, "heading"),
                       .above = member(one, "above"),
                       .below = member(one, "below")};
    change.kind = change.before.empty()  ? BlockChange::Kind::kAdded
                  : change.after.empty() ? BlockChange::Kind::kRemoved
                                         : BlockChange::Kind::kChanged;
    out.push_back(std::move(change));
  }
  return out;
}

base::Result<std::vector<WatchBlock>> blocks_from_json(const Json& json) {
  std::vector<WatchBlock> out;
  for (const Json& one : json) {
    if (!one.is_array() || one.size() != 2 || !one[0].is_string() || !one[1].is_string())
      return base::fail(Code::kDataLoss, "a watch's kept reading is damaged");
    out.push_back({one[0].get<std::string>(), one[1].get<std::string>()});
  }
  return out;
}

std::string webhook_body(const Watch& watch, const WatchVersion& version) {
  Json json = {{"type", "watch.changed"},
               {"timestamp", base::format_rfc3339(version.at)},
               {"data",
                {{"watch", watch.id},
                 {"url", watch.spec.url},
                 {"title", version.title},
                 {"version", version.number},
                 {"left_out", version.left_out}}}};
  std::span<const BlockChange> changes = version.changes;
  for (;;) {
    json["data"]["changes"] = to_json(changes);
    json["data"]["left_out"] = version.left_out + version.changes.size() - changes.size();
    std::string text = base::to_text(json);
    if (text.size() <= kWebhookBodyMax || changes.empty()) return text;
    changes = changes.first(changes.size() / 2);
  }
}

}  // namespace seine::web
