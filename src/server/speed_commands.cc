// Commands that measure: model synth (random weights in the shape of a real model) and model bench.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/json.h"
#include "base/text.h"
#include "engine/formats/synth_model.h"
#include "engine/measure/speed.h"
#include "server/commands.h"
#include "server/engine_loader.h"
#include "server/exit_code.h"
#include "server/invocation.h"

namespace seine::server {
namespace {

using base::Code;
using base::Json;
using base::Result;

Result<std::int32_t> count_of(const Invocation& invocation, std::string_view option,
                              std::int32_t otherwise) {
  constexpr std::uint64_t kMost = 1 << 20;
  const auto text = invocation.value(option);
  if (!text) return otherwise;
  const auto number = base::parse_u64(*text);
  if (!number || *number == 0 || *number > kMost) {
    return base::fail_field(Code::kInvalidArgument, option, "{}: '{}' is no number from 1 to {}",
                            option, *text, kMost);
  }
  return static_cast<std::int32_t>(*number);
}

Result<engine::SynthReport> synth(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const auto target = invocation.value("--out");
  if (!target) {
    return base::fail_field(
        Code::kInvalidArgument, "--out", "{}",
        terminal.pick({"where to? name a file with --out FILE", "写到哪里？用 --out 文件 指定"}));
  }
  engine::SynthOptions options{.pure = invocation.has("--pure")};
  const std::string type = invocation.value("--type").value_or("q4_0");
  const auto mixture = engine::mixture_of_name(type);
  if (!mixture) {
    return base::fail_field(Code::kInvalidArgument, "--type", "--type: no mixture '{}'", type);
  }
  options.mixture = *mixture;
  std::uint64_t shown = 0;  // tenths
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    if (const std::uint64_t tenths = done * 10 / total; tenths > shown) {
      shown = tenths;
      terminal.note(fmt::format("seine: {} %", tenths * 10));
    }
    return true;
  };
  // The same command writes the same file, so that a figure or a failure can be had again.
  base::SeededRandom random(1);
  return engine::synth_model(invocation.argument, *target, options, random);
}

Result<engine::SpeedReport> bench(const Invocation& invocation) {
  engine::SpeedOptions options;
  options.prompt = SEINE_TRY(count_of(invocation, "--prompt", options.prompt));
  options.generate = SEINE_TRY(count_of(invocation, "--generate", options.generate));
  options.streams = SEINE_TRY(count_of(invocation, "--streams", options.streams));
  options.rounds = SEINE_TRY(count_of(invocation, "--rounds", options.rounds));
  if (invocation.value("--threads"))
    options.threads = SEINE_TRY(count_of(invocation, "--threads", 1));
  const EngineOptions configured = engine_options(SEINE_TRY(load_config(invocation)));
  options.kv_type = configured.kv_type;
  options.activations = configured.activations;
  const auto file = SEINE_TRY(engine::ModelFile::open(invocation.argument));
  base::SeededRandom random(1);
  return engine::measure_speed(file, options, random);
}

Json json_of(const engine::SpeedReport& report) {
  Json speeds = Json::object();
  for (const engine::Speed& speed : report.speeds) {
    Json rounds = Json::array();
    for (const double value : speed.per_second) rounds.push_back(value);
    Json& entry = speeds[speed.name];
    entry = {{"tokens_per_second", speed.median()},
             {"best", speed.best()},
             {"rounds", std::move(rounds)},
             {"share_of_read", speed.share_of_read},
             {"share_of_multiplies", speed.share_of_multiplies},
             {"share_of_processor", speed.share_of_processor}};
    if (speed.first_token.empty()) continue;
    entry["first_token_seconds"] = {{"median", speed.first_token[speed.first_token.size() / 2]},
                                    {"last", speed.first_token.back()}};
  }
  return {{"model", report.facts.name},
          {"architecture", report.facts.architecture},
          {"isa", report.isa},
          {"threads", report.threads},
          {"token_bytes", report.token_bytes},
          {"token_weights", report.token_weights},
          {"read_bytes_per_second", report.limits.read_bytes},
          {"read_from_memory", report.limits.from_memory},
          {"multiplies_per_second", report.limits.multiplies},
          {"speeds", std::move(speeds)}};
}

std::string table_of(const Terminal& terminal, const engine::SpeedReport& report) {
  std::string out;
  auto to = std::back_inserter(out);
  fmt::format_to(
      to, "{} · {} · {} · {}\n", report.facts.name, report.facts.architecture, report.isa,
      fmt::format(fmt::runtime(terminal.pick({"{} threads", "{} 线程"})), report.threads));
  fmt::format_to(to,
                 fmt::runtime(terminal.pick({"limits now: read {:.1f} GB/s, {:.0f} GMAC/s\n",
                                             "此刻上限：读 {:.1f} GB/s，{:.0f} GMAC/s\n"})),
                 report.limits.read_bytes / 1e9, report.limits.multiplies / 1e9);
  fmt::format_to(to, "{:<11} {:>9} {:>9} {:>8} {:>8} {:>8}\n", "tok/s",
                 terminal.pick({"median", "中位"}), terminal.pick({"best", "最佳"}),
                 terminal.pick({"of read", "占读"}), terminal.pick({"of MAC", "占算"}),
                 terminal.pick({"of CPU", "占核"}));
  for (const engine::Speed& speed : report.speeds) {
    fmt::format_to(to, "{:<11} {:>9.1f} {:>9.1f} {:>7.0f}% {:>7.0f}% {:>7.0f}%\n", speed.name,
                   speed.median(), speed.best(), 100 * speed.share_of_read,
                   100 * speed.share_of_multiplies, 100 * speed.share_of_processor);
    if (speed.first_token.empty()) continue;
    fmt::format_to(
        to,
        fmt::runtime(terminal.pick(
            {"{} requests at once: first token after {:.2f} s (median), {:.2f} s (last)\n",
             "{} 个请求同时到来：首个 token {:.2f} 秒（中位），{:.2f} 秒（最后）\n"})),
        speed.first_token.size(), speed.first_token[speed.first_token.size() / 2],
        speed.first_token.back());
  }
  return out;
}

}  // namespace

int run_model_synth(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<engine::SynthReport> report = synth(invocation);
  if (!report) return fail_with(terminal, report.error());
  terminal.note(
      fmt::format(fmt::runtime(terminal.pick({"seine: {} million random weights, {:.2f} GB in {}",
                                              "seine: {} 百万个随机权重，{:.2f} GB，已写入 {}"})),
                  report->weights / 1'000'000, static_cast<double>(report->bytes) / 1e9,
                  invocation.value("--out").value_or("")));
  return kOk;
}

int run_model_bench(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<engine::SpeedReport> report = bench(invocation);
  if (!report) return fail_with(terminal, report.error());
  terminal.out(invocation.has("--json") ? base::to_pretty_text(json_of(*report)) + "\n"
                                        : table_of(terminal, *report));
  return kOk;
}

}  // namespace seine::server
