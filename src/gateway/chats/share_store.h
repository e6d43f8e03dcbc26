// Links to conversations: what stood in one when its link was made, for whoever has the link, until
// it expires or is taken back. A share is a copy, so that nothing said later is in it. Blocks on
// the store; safe on any thread. Owned by the composition root; database, clock and random source
// outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "store/database.h"

namespace seine::gateway {

struct Share {
  // The secret part of the link, as it stands: whoever reads the database has the conversation
  // beside it, and its owner wants to copy the link again.
  std::string id;
  std::string chat_id;
  std::string title;
  base::WallTime created_at = {};
  std::optional<base::WallTime> expires_at = {};  // nothing: until it is taken back
};

class ShareStore {
 public:
  static constexpr std::size_t kSharesMax = 1000;
  static constexpr std::size_t kContentBytesMax = 16 << 20;
  static constexpr std::chrono::seconds kLifeMax{std::int64_t{10} * 366 * 86400};

  static base::Result<std::unique_ptr<ShareStore>> open(store::Database& database,
                                                        const base::Clock& clock,
                                                        base::Random& random);

  // `content` is JSON. kResourceExhausted past kSharesMax or kContentBytesMax.
  base::Result<Share> create(std::string_view chat_id, std::string_view title,
                             std::string_view content, std::optional<std::chrono::seconds> life);
  // Those in force, newest first; of one chat, or of all with an empty id.
  base::Result<std::vector<Share>> list(std::string_view chat_id);
  struct Shared {
    Share share;
    std::string content;
  };
  // kNotFound: never made, expired or taken back.
  base::Result<Shared> find(std::string_view id);
  base::Result<> remove(std::string_view id);

 private:
  ShareStore(store::Database& database, const base::Clock& clock, base::Random& random)
      : database_(database), clock_(clock), random_(random) {}

  store::Database& database_;
  const base::Clock& clock_;
  base::Random& random_;
};

}  // namespace seine::gateway
