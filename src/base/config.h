// Configuration: a table of keys (name, type, default, help in both languages) and values from
// layered sources: flag > SEINE_* variable > --config file > user file > system file > built-in.
// Files are TOML and strict: an unknown key is an error that gives file, line, column and the
// nearest known key. `explain` tells where a value came from. Loaded once, then immutable and safe
// on any thread. Only the composition root knows this class; modules take plain settings.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/language.h"

namespace seine::base {

enum class KeyType : std::uint8_t { kString, kBool, kInteger, kSize, kDuration, kChoice, kList };

struct ConfigKey {
  std::string_view name;  // "server.listen"
  KeyType type;
  std::string_view fallback;  // the built-in value as text; lists are comma-separated
  Bilingual help;
  std::string_view env =
      {};  // a shorter variable than the one its name gives (SEINE_SERVER_LISTEN)
  std::string_view choices = {};  // kChoice: "text|json"
  std::int64_t min = 0;           // kInteger
  std::int64_t max = INT64_MAX;   // kInteger
  bool reloadable = false;        // takes effect on SIGHUP without a restart
};

struct ConfigFile {
  std::string path;     // as shown in errors
  std::string content;  // TOML
};

struct ConfigSources {
  std::map<std::string, std::string, std::less<>> flags;      // key name -> text
  std::map<std::string, std::string, std::less<>> variables;  // the environment
  std::vector<ConfigFile> files;                              // strongest first
};

// One layer's say about a key, strongest first; the first one is in force.
struct ConfigOrigin {
  std::string source;  // "flag", "variable SEINE_LOG", "seine.toml:3:9", "built-in"
  std::string value;
};

class Config {
 public:
  // `schema` outlives the configuration. Errors are worded in `language` and name the place and the
  // way out.
  static Result<Config> load(std::span<const ConfigKey> schema, const ConfigSources& sources,
                             Language language);

  // The key must be in the schema with the matching type: anything else is a broken invariant.
  const std::string& text(std::string_view key) const;
  bool flag(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  std::uint64_t size_bytes(std::string_view key) const;
  std::chrono::milliseconds duration(std::string_view key) const;
  std::vector<std::string> list(std::string_view key) const;

  // Every layer that sets the key, strongest first, ending with the built-in value.
  Result<std::vector<ConfigOrigin>> explain(std::string_view key, Language language) const;
  std::span<const ConfigKey> schema() const { return schema_; }
  // Variables that start with SEINE_ and name no key: worth a warning, as they may be slips.
  std::span<const std::string> unknown_variables() const { return unknown_variables_; }

 private:
  const std::string& value(std::string_view key, KeyType type) const;

  std::span<const ConfigKey> schema_;
  std::map<std::string, std::vector<ConfigOrigin>, std::less<>> origins_;
  std::vector<std::string> unknown_variables_;
};

// "server.listen" -> "SEINE_SERVER_LISTEN", or the key's own short name.
std::string variable_of(const ConfigKey& key);
const ConfigKey* find_key(std::span<const ConfigKey> schema, std::string_view name);

}  // namespace seine::base
