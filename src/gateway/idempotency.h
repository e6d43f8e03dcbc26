// Idempotency-Key on POST: a request that is sent again with the same key and body gets the answer
// of the first, and is refused while that one still runs. Whole answers are kept in memory for
// kKept, within bounds; streams are not kept, so a repeated one runs anew once the first has ended.
// Safe on any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/error.h"
#include "base/json_fwd.h"

namespace seine::net {
class Request;
class Response;
}  // namespace seine::net

namespace seine::gateway {

class Idempotency {
 public:
  static constexpr std::chrono::hours kKept{1};
  static constexpr std::size_t kEntriesMax = 4096;
  static constexpr std::size_t kBytesMax = std::size_t{32} << 20;  // of answers
  static constexpr std::size_t kKeyBytesMax = 255;

  explicit Idempotency(const base::Clock& clock) : clock_(clock) {}

  // Takes the key for this request. Nothing: the request is the first and is to be answered, then
  // complete() or abandon() called. A text: the answer of the first. kAborted: the first still
  // runs. kInvalidArgument: the key was used with another body.
  base::Result<std::optional<std::string>> begin(const std::string& key,
                                                 const std::string& body_hash);
  void complete(const std::string& key, std::string answer);
  void abandon(const std::string& key);

 private:
  struct Entry {
    std::string key;
    std::string body_hash;
    std::optional<std::string> answer;  // nothing: still runs
    base::TimePoint until;
  };
  using Entries = std::list<Entry>;  // oldest first
  void drop(Entries::iterator entry);
  void make_room(base::TimePoint now);

  const base::Clock& clock_;
  std::mutex mutex_;
  Entries entries_;
  std::unordered_map<std::string, Entries::iterator> by_key_;
  std::size_t bytes_ = 0;
};

// One POST under its key, if it has one. Lives in the handler's coroutine; a request that ends
// without an answer gives its key back.
class IdempotentPost {
 public:
  IdempotentPost(Idempotency& keys, net::Request& request, const base::Json& body);
  ~IdempotentPost();
  IdempotentPost(const IdempotentPost&) = delete;
  IdempotentPost& operator=(const IdempotentPost&) = delete;

  // True when the request has been answered from here and nothing is left to do.
  bool answered(net::Request& request, net::Response& response);
  // Sends 200 with a JSON text, and keeps it.
  void send(net::Response& response, std::string json);

 private:
  Idempotency& keys_;
  std::string key_;  // empty: none, or settled
  base::Result<std::optional<std::string>> begun_;
};

}  // namespace seine::gateway
