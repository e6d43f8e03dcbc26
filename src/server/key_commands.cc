// Commands on API keys: key ls, key create, key revoke. They write to the data directory, beside a
// running service or without one.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"
#include "gateway/access/api_keys.h"
#include "server/commands.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "store/data_dir.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Code;
using base::Result;
using gateway::ApiKey;
using gateway::ApiKeys;

struct Keys {
  std::unique_ptr<store::Database> database;
  std::unique_ptr<ApiKeys> keys;
};

// Both outlive the keys.
Result<Keys> open_keys(const Invocation& invocation, const base::Clock& clock,
                       base::Random& random) {
  const base::Config config = SEINE_TRY(load_config(invocation));
  const std::string root =
      SEINE_TRY(data_directory(config, invocation.environment, invocation.terminal->language()));
  const store::DataDir directory = SEINE_TRY(store::DataDir::open(root));
  Keys open;
  open.database = SEINE_TRY(store::Database::open(directory.database()));
  open.keys = SEINE_TRY(ApiKeys::open(*open.database, clock, random));
  return open;
}

Result<std::uint32_t> count_option(const Invocation& invocation, std::string_view option) {
  const auto text = invocation.value(option);
  if (!text) return 0;
  const auto number = base::parse_u64(*text);
  if (!number || *number > UINT32_MAX) {
    return base::fail_field(Code::kInvalidArgument, option, "{}: '{}' is no number", option, *text);
  }
  return static_cast<std::uint32_t>(*number);
}

Result<gateway::NewApiKey> wanted_key(const Invocation& invocation) {
  gateway::NewApiKey wanted{.name = invocation.argument};
  if (const auto scopes = invocation.value("--scope")) {
    wanted.scopes = 0;
    for (const std::string_view name : base::split(*scopes, ',')) {
      const auto scope = gateway::parse_scope(base::trim(name));
      if (!scope) {
        return base::fail_field(Code::kInvalidArgument, "--scope",
                                "--scope: '{}' is none of chat, models, embeddings, admin", name);
      }
      wanted.scopes |= static_cast<gateway::Scopes>(*scope);
    }
  }
  if (const auto life = invocation.value("--expires")) {
    wanted.expires_in =
        std::chrono::ceil<std::chrono::seconds>(SEINE_TRY(base::parse_duration(*life)));
  }
  wanted.requests_per_minute = SEINE_TRY(count_option(invocation, "--requests-per-minute"));
  wanted.tokens_per_minute = SEINE_TRY(count_option(invocation, "--tokens-per-minute"));
  return wanted;
}

std::string day(const std::optional<base::WallTime>& time) {
  return time ? base::format_rfc3339(*time).substr(0, 10) : "-";
}

std::string table_of(const Terminal& terminal, const std::vector<ApiKey>& keys) {
  std::string out;
  auto to = std::back_inserter(out);
  constexpr std::string_view kRow = "{:<21} {:<16} {:<24} {:<10} {:<10} {}\n";
  fmt::format_to(to, kRow, "ID", terminal.pick({"KEY", "密钥"}), terminal.pick({"SCOPES", "权限"}),
                 terminal.pick({"EXPIRES", "到期"}), terminal.pick({"USED", "上次使用"}),
                 terminal.pick({"NAME", "名称"}));
  for (const ApiKey& key : keys) {
    const std::string expires =
        key.revoked ? std::string(terminal.pick({"revoked", "已吊销"})) : day(key.expires_at);
    fmt::format_to(to, kRow, key.id, key.prefix + "…",
                   base::join(gateway::scope_names(key.scopes), ","), expires,
                   day(key.last_used_at), key.name);
  }
  return out;
}

}  // namespace

int run_key_ls(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const base::SystemClock clock;
  base::SystemRandom random;
  const Result<Keys> open = open_keys(invocation, clock, random);
  if (!open) return fail_with(terminal, open.error());
  const Result<std::vector<ApiKey>> keys = open->keys->list();
  if (!keys) return fail_with(terminal, keys.error());
  if (invocation.has("--json")) {
    base::Json json = base::Json::array();
    for (const ApiKey& key : *keys) json.push_back(gateway::to_json(key));
    terminal.out(base::to_pretty_text(json) + "\n");
  } else if (keys->empty()) {
    terminal.note(terminal.pick({"seine: there are no API keys; `seine key create NAME` makes one",
                                 "seine: 还没有 API 密钥；`seine key create 名称` 可创建"}));
  } else {
    terminal.out(table_of(terminal, *keys));
  }
  return kOk;
}

int run_key_create(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const base::SystemClock clock;
  base::SystemRandom random;
  const Result<gateway::NewApiKey> wanted = wanted_key(invocation);
  if (!wanted) return fail_with(terminal, wanted.error());
  const Result<Keys> open = open_keys(invocation, clock, random);
  if (!open) return fail_with(terminal, open.error());
  const Result<ApiKeys::Created> made = open->keys->create(*wanted);
  if (!made) return fail_with(terminal, made.error());
  if (invocation.has("--json")) {
    base::Json json = gateway::to_json(made->key);
    json["key"] = made->secret;
    terminal.out(base::to_pretty_text(json) + "\n");
    return kOk;
  }
  terminal.out(made->secret + "\n");
  terminal.note(terminal.pick({"seine: this key is shown only now; keep it somewhere safe",
                               "seine: 该密钥仅显示这一次，请妥善保存"}));
  return kOk;
}

int run_key_revoke(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const base::SystemClock clock;
  base::SystemRandom random;
  const Result<Keys> open = open_keys(invocation, clock, random);
  if (!open) return fail_with(terminal, open.error());
  const Result<> done = open->keys->revoke(invocation.argument);
  if (!done) return fail_with(terminal, done.error());
  constexpr Bilingual kDone = {"seine: {} is revoked; a running service knows within {}",
                               "seine: 已吊销 {}；运行中的服务将在 {} 内生效"};
  terminal.note(fmt::format(fmt::runtime(terminal.pick(kDone)), invocation.argument,
                            base::format_duration(ApiKeys::kTrust)));
  return kOk;
}

}  // namespace seine::server
