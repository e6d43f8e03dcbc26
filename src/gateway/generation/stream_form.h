// How a dialect writes a stream: pieces of answers to its own events, appended to the caller's
// buffer. Belongs to one response and is used on its thread. Sans-IO but for settle().
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "gateway/web_answer.h"
#include "llm/delta.h"
#include "net/headers.h"

namespace seine::gateway {

class StreamForm {
 public:
  virtual ~StreamForm() = default;
  // The fields that a stream starts with; server-sent events unless a dialect says otherwise.
  virtual net::Headers head() const;
  // Before the first piece.
  virtual void begin(std::string& out) { (void)out; }
  // A piece of the answer with this number; the Finish is the answer's last.
  virtual void piece(std::string& out, std::uint32_t answer, const llm::Delta& delta) = 0;
  // A web answer's citations, before its Finish. Left out where a dialect has no place for them.
  virtual void extras(std::string& out, const WebExtras& extras) {
    (void)out;
    (void)extras;
  }
  // After the Finish of every answer.
  virtual void end(std::string& out) = 0;
  // After end() and before its events go out: for records that a client may ask for at once.
  virtual boost::asio::awaitable<void> settle();
  // What ends a stream in place of end() when it fails half-way.
  virtual void failure(std::string& out, const base::Error& error) = 0;
  virtual void keep_alive(std::string& out) { out += ": keep-alive\n\n"; }
  // After end() or failure(): what follows the body.
  virtual net::Headers trailers() const { return {}; }
};

}  // namespace seine::gateway
