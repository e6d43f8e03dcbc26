#include "gateway/sessions.h"

#include "base/ids.h"
#include "base/text.h"
#include "store/blob_store.h"

namespace seine::gateway {
namespace {

constexpr std::string_view kLinks = "gateway.link";
constexpr std::string_view kSessions = "gateway.session";
constexpr std::chrono::minutes kTrust{1};
constexpr std::size_t kRecentMax = 4096;

std::string hash(std::string_view secret) {
  return store::BlobId::of(secret).hex();
}

}  // namespace

Sessions::Sessions(store::KeyValue& records, const base::Clock& clock, base::Random& random)
    : records_(records), clock_(clock), random_(random) {
  records_.set_limits(kLinks, {.entries_max = 1000, .overflow = store::KvOverflow::kEvictOldest});
  records_.set_limits(kSessions,
                      {.entries_max = 10'000, .overflow = store::KvOverflow::kEvictOldest});
}

base::Result<std::string> Sessions::mint_link() {
  std::string token = base::make_secret("", random_);
  SEINE_CHECK(records_.put(kLinks, hash(token), "", kLinkLife));
  return token;
}

base::Result<std::string> Sessions::redeem(std::string_view link_token) {
  // remove() is atomic: of two that come with one token, one gets the session.
  if (!SEINE_TRY(records_.remove(kLinks, hash(link_token)))) {
    return base::fail(base::Code::kUnauthenticated, "this link is unknown, used or too old");
  }
  std::string secret = base::make_secret("", random_);
  SEINE_CHECK(records_.put(kSessions, hash(secret), "", std::chrono::milliseconds(kSessionLife)));
  return secret;
}

base::Result<bool> Sessions::verify(std::string_view secret) {
  std::string key = hash(secret);
  if (!SEINE_TRY(records_.get(kSessions, key))) return false;
  const std::lock_guard lock(mutex_);
  if (recent_.size() >= kRecentMax) recent_.clear();
  recent_[std::move(key)] = clock_.now() + kTrust;
  return true;
}

bool Sessions::recently_verified(std::string_view secret) const {
  const std::string key = hash(secret);
  const std::lock_guard lock(mutex_);
  const auto found = recent_.find(key);
  return found != recent_.end() && clock_.now() < found->second;
}

std::string_view cookie_value(std::string_view cookie_field, std::string_view name) {
  for (std::string_view pair : base::split(cookie_field, ';')) {
    pair = base::trim(pair);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace seine::gateway
