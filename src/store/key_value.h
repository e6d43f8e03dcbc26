// Keys and values with expiry, in namespaces with bounds, on a Database. Each call is one
// transaction; compare_and_set and increment are atomic across threads. Expiry is judged by the
// wall clock that is passed in, so that it holds over a restart; an expired entry is never
// returned, whether swept or not. Blocks; safe on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "store/database.h"

namespace seine::store {

using Ttl = std::optional<std::chrono::milliseconds>;  // nothing: never expires

struct KvEntry {
  std::string value;
  std::uint64_t version = 0;  // grows with each change of any key; never reused
  std::optional<base::WallTime> expires;
};

// What a put does when its namespace is full and nothing in it has expired.
enum class KvOverflow : std::uint8_t { kRefuse, kEvictOldest };

struct KvLimits {
  std::uint64_t entries_max = 100'000;
  std::uint64_t bytes_max = 64 << 20;  // keys and values together
  KvOverflow overflow = KvOverflow::kRefuse;
};

class KeyValue {
 public:
  static constexpr std::size_t kKeyBytesMax = 1024;
  static constexpr std::size_t kValueBytesMax = 16 << 20;

  // Applies its migrations. Both arguments outlive it.
  static base::Result<std::unique_ptr<KeyValue>> open(Database& database, const base::Clock& clock);

  // Limits of a namespace from now on; kept in memory, set again at each start. Default KvLimits{}.
  void set_limits(std::string_view name_space, KvLimits limits);

  base::Result<std::optional<KvEntry>> get(std::string_view name_space, std::string_view key,
                                           const CallOptions& options = {});
  // Returns the new version.
  base::Result<std::uint64_t> put(std::string_view name_space, std::string_view key,
                                  std::string_view value, Ttl ttl = {},
                                  const CallOptions& options = {});
  // Writes only if the entry's version is `expected` (0: only if there is no entry); otherwise
  // kAborted.
  base::Result<std::uint64_t> compare_and_set(std::string_view name_space, std::string_view key,
                                              std::uint64_t expected, std::string_view value,
                                              Ttl ttl = {}, const CallOptions& options = {});
  // True if there was an entry.
  base::Result<bool> remove(std::string_view name_space, std::string_view key,
                            const CallOptions& options = {});
  // Adds to a counter (decimal text; 0 when absent) and returns the sum. `ttl` counts from its
  // creation and is not renewed, so that a counter is a fixed window. kFailedPrecondition if the
  // value is no number, kOutOfRange on overflow.
  base::Result<std::int64_t> increment(std::string_view name_space, std::string_view key,
                                       std::int64_t delta, Ttl ttl = {},
                                       const CallOptions& options = {});
  // Deletes at most `entries_max` expired entries; returns how many.
  base::Result<std::size_t> sweep(std::size_t entries_max = 1000);

  struct Usage {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
  };
  base::Result<Usage> usage(std::string_view name_space);

  ~KeyValue();

 private:
  struct Impl;
  explicit KeyValue(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace seine::store
