#include "gateway/idempotency.h"

#include <utility>

#include "base/json.h"
#include "gateway/access/caller.h"
#include "gateway/api_error.h"
#include "net/request.h"
#include "net/response.h"
#include "store/blob_store.h"

namespace seine::gateway {

using base::Code;
using base::Result;

namespace {

constexpr std::string_view kField = "idempotency-key";

}  // namespace

void Idempotency::drop(Entries::iterator entry) {
  if (entry->answer) bytes_ -= entry->answer->size();
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

// The oldest go first; those that still run stay, as they end by themselves.
void Idempotency::make_room(base::TimePoint now) {
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    const bool too_many = entries_.size() >= kEntriesMax || bytes_ > kBytesMax;
    if (entry->answer && (entry->until <= now || too_many)) {
      drop(entry);
    } else if (!too_many) {
      break;
    }
    entry = next;
  }
}

Result<std::optional<std::string>> Idempotency::begin(const std::string& key,
                                                      const std::string& body_hash) {
  const base::TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  make_room(now);
  const auto found = by_key_.find(key);
  if (found != by_key_.end()) {
    const Entry& entry = *found->second;
    if (entry.body_hash != body_hash) {
      return base::fail_field(Code::kInvalidArgument, kField,
                              "this idempotency key was used with another body");
    }
    if (!entry.answer) {
      return base::fail_field(Code::kAborted, kField,
                              "a request with this idempotency key is still running");
    }
    return entry.answer;
  }
  if (entries_.size() >= kEntriesMax) {
    return base::fail(Code::kResourceExhausted, "{} requests with idempotency keys are running",
                      entries_.size());
  }
  entries_.push_back({key, body_hash, std::nullopt, now + kKept});
  by_key_[key] = std::prev(entries_.end());
  return std::nullopt;
}

void Idempotency::complete(const std::string& key, std::string answer) {
  const base::TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  bytes_ += answer.size();
  found->second->answer = std::move(answer);
  make_room(now);
}

void Idempotency::abandon(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  if (found != by_key_.end() && !found->second->answer) drop(found->second);
}

IdempotentPost::IdempotentPost(Idempotency& keys, net::Request& request, const base::Json& body)
    : keys_(keys), begun_(std::nullopt) {
  const auto field = request.headers().get(kField);
  if (!field || field->empty()) return;
  if (field->size() > Idempotency::kKeyBytesMax) {
    begun_ = base::fail_field(Code::kInvalidArgument, kField,
                              "an idempotency key has at most {} bytes, not {}",
                              Idempotency::kKeyBytesMax, field->size());
    return;
  }
  std::string key = fmt::format("{}\n{}\n{}", caller_of(request).space(), request.path(), *field);
  begun_ = keys_.begin(key, store::BlobId::of(base::to_text(body)).hex());
  if (begun_ && !*begun_) key_ = std::move(key);
}

IdempotentPost::~IdempotentPost() {
  if (!key_.empty()) keys_.abandon(key_);
}

bool IdempotentPost::answered(net::Request& request, net::Response& response) {
  if (!begun_) {
    send_api_error(request, response, begun_.error());
    return true;
  }
  if (!*begun_) return false;
  response.add_header("idempotent-replayed", "true");
  response.send_json(200, **begun_);
  return true;
}

void IdempotentPost::send(net::Response& response, std::string json) {
  if (!key_.empty()) keys_.complete(std::exchange(key_, {}), json);
  response.send_json(200, std::move(json));
}

}  // namespace seine::gateway
