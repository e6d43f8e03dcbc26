#include "net/detail/http2_session.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "base/assert.h"
#include "base/text.h"
#include "net/detail/field_syntax.h"

namespace seine::net::detail {
namespace {

constexpr std::size_t kOutputBytes = 64 * 1024;

std::string_view view(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

// A request whose header block is still arriving.
struct Pending {
  RequestHead head;
  std::string scheme;
  std::size_t list_bytes = 0;
  HeadFault fault;
};

// Frames that make work here and cost the peer next to nothing.
bool is_cheap_for_peer(const nghttp2_frame_hd& frame) {
  switch (frame.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      return (frame.flags & NGHTTP2_FLAG_ACK) == 0;
    case NGHTTP2_PRIORITY:
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_CONTINUATION:
      return true;
    case NGHTTP2_DATA:
      return frame.length == 0 && (frame.flags & NGHTTP2_FLAG_END_STREAM) == 0;
    case NGHTTP2_WINDOW_UPDATE:
    case NGHTTP2_HEADERS:
      return false;
    default:
      return true;  // unknown ones are ignored, but not for ever
  }
}

}  // namespace

struct Http2Session::Impl {
  Impl(const ServerLimits& server_limits, const base::Clock& time, Http2Events& sink)
      : limits(server_limits), clock(time), events(sink), tokens(limits.h2_control_burst_max) {}
  ~Impl() { nghttp2_session_del(session); }

  // Token bucket; false when it is empty.
  bool charge() {
    const base::TimePoint now = clock.now();
    const double seconds = std::chrono::duration<double>(now - refilled).count();
    refilled = now;
    tokens = std::min<double>(limits.h2_control_burst_max,
                              tokens + seconds * limits.h2_control_per_second);
    if (tokens < 1) {
      if (!flooded) nghttp2_session_terminate_session(session, kEnhanceYourCalm);
      flooded = true;
      return false;
    }
    tokens -= 1;
    return true;
  }

  void add_field(Pending& request, std::string_view name, std::string_view value) {
    request.list_bytes += name.size() + value.size() + 32;
    if (request.list_bytes > limits.header_bytes_max ||
        request.head.headers.size() == limits.header_count_max) {
      request.fault = {431, "too many or too large header fields"};
    }
    if (request.fault) return;  // still decoded, to keep the peer's table in step, but not kept
    if (!name.starts_with(':')) {
      request.head.headers.add(name, value);
    } else if (name == ":method") {
      request.head.method = value;
    } else if (name == ":path") {
      if (value.size() > limits.target_bytes_max) {
        request.fault = {414, "request target too long"};
      } else {
        request.head.target = value;
      }
    } else if (name == ":authority") {
      request.head.authority = value;
    }
  }

  void request_complete(const nghttp2_frame& frame) {
    const auto found = pending.find(frame.hd.stream_id);
    if (found == pending.end()) return;
    Pending request = std::move(found->second);
    pending.erase(found);
    RequestHead& head = request.head;
    if (!request.fault) {
      if (head.target.empty()) {
        request.fault = {501, "CONNECT is not served"};
      } else if (!is_target(head.target) || !(head.target.starts_with('/') || head.target == "*") ||
                 head.method.size() > 32 || !is_authority(head.authority)) {
        request.fault = {400, "ill-formed request"};
      }
    }
    if (head.authority.empty()) head.authority = head.headers.get("host").value_or("");
    // HTTP/2 may cut cookies into several fields (RFC 9113 section 8.2.3).
    if (const auto crumbs = head.headers.get_all("cookie"); crumbs.size() > 1) {
      std::string joined;
      for (const std::string_view crumb : crumbs) {
        if (!joined.empty()) joined += "; ";
        joined += crumb;
      }
      head.headers.set("cookie", joined);
    }
    if (const auto length = head.headers.get("content-length")) {
      head.content_length = base::parse_u64(*length).value_or(0);
    }
    events.on_request(frame.hd.stream_id, std::move(head), request.fault,
                      (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0);
  }

  const ServerLimits& limits;
  const base::Clock& clock;
  Http2Events& events;
  nghttp2_session* session = nullptr;
  std::unordered_map<std::int32_t, Pending> pending;
  std::string out;
  std::size_t out_begin = 0;
  double tokens;
  base::TimePoint refilled = clock.now();
  bool flooded = false;
  bool broken = false;
};

namespace {

using Impl = Http2Session::Impl;
Impl& self(void* user) {
  return *static_cast<Impl*>(user);
}

}  // namespace

Http2Session::Http2Session(const ServerLimits& limits, const base::Clock& clock,
                           Http2Events& events)
    : impl_(std::make_unique<Impl>(limits, clock, events)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  SEINE_ASSERT(nghttp2_session_callbacks_new(&callbacks) == 0, "memory for HTTP/2");
  nghttp2_session_callbacks_set_on_begin_frame_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame_hd* frame, void* user) {
        if (is_cheap_for_peer(*frame)) self(user).charge();
        return 0;
      });
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
          self(user).pending.try_emplace(frame->hd.stream_id);
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_header_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
        const auto found = self(user).pending.find(frame->hd.stream_id);
        // Trailers of a request have no pending head; they are dropped.
        if (found != self(user).pending.end()) {
          self(user).add_field(found->second, view(name, name_size), view(value, value_size));
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        const bool is_head =
            frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
        if (is_head) {
          self(user).request_complete(*frame);
        } else if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                   (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
          self(user).events.on_body_end(frame->hd.stream_id);
        }
        return 0;
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      callbacks, [](nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                    std::size_t size, void* user) {
        self(user).events.on_body(id, view(bytes, size));
        return 0;
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      callbacks, [](nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
        self(user).pending.erase(id);
        self(user).events.on_closed(id, error);
        return 0;
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session* session, const nghttp2_frame* frame, void* user) {
        const std::int32_t id = frame->hd.stream_id;
        if (frame->hd.type == NGHTTP2_RST_STREAM) {
          // Resets that the peer provokes from us cost as much as its own (CVE-2025-8671).
          if (frame->rst_stream.error_code != kNoError) self(user).charge();
        } else if ((frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS) &&
                   (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
                   nghttp2_session_get_stream_remote_close(session, id) == 0) {
          // Answered before the request's end: the rest is not wanted (RFC 9113 section 8.1).
          nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, kNoError);
        }
        return 0;
      });

  nghttp2_option* options = nullptr;
  SEINE_ASSERT(nghttp2_option_new(&options) == 0, "memory for HTTP/2");
  nghttp2_option_set_no_auto_window_update(options, 1);
  nghttp2_option_set_max_settings(options, 32);
  nghttp2_option_set_max_outbound_ack(options, 1000);
  nghttp2_option_set_no_closed_streams(options, 1);
  const int made = nghttp2_session_server_new2(&impl_->session, callbacks, impl_.get(), options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  SEINE_ASSERT(made == 0, "memory for HTTP/2");

  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.h2_streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.h2_stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<std::uint32_t>(std::min<std::size_t>(limits.header_bytes_max, UINT32_MAX))},
  };
  nghttp2_submit_settings(impl_->session, NGHTTP2_FLAG_NONE, settings, std::size(settings));
  nghttp2_session_set_local_window_size(impl_->session, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(std::min<std::uint32_t>(
                                            limits.h2_connection_window_bytes, INT32_MAX)));
}

Http2Session::~Http2Session() = default;

bool Http2Session::feed(std::string_view bytes) {
  if (impl_->broken || impl_->flooded) return false;
  const ssize_t used = nghttp2_session_mem_recv(
      impl_->session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  // On nonsense nghttp2 has queued its own GOAWAY, except where it has given up altogether.
  if (used < 0) {
    impl_->broken = true;
    if (used == NGHTTP2_ERR_FLOODED) impl_->flooded = true;
    nghttp2_session_terminate_session(
        impl_->session, used == NGHTTP2_ERR_FLOODED ? kEnhanceYourCalm : NGHTTP2_PROTOCOL_ERROR);
    return false;
  }
  return !impl_->flooded;
}

std::string_view Http2Session::output() {
  Impl& impl = *impl_;
  if (impl.out_begin == impl.out.size()) {
    impl.out.clear();
    impl.out_begin = 0;
    while (impl.out.size() < kOutputBytes) {
      const std::uint8_t* bytes = nullptr;
      const ssize_t size = nghttp2_session_mem_send(impl.session, &bytes);
      if (size < 0) impl.broken = true;
      if (size <= 0) break;
      impl.out += view(bytes, static_cast<std::size_t>(size));
    }
    // An idle connection keeps no output buffer.
    if (impl.out.empty() && impl.out.capacity() > 4096) impl.out.shrink_to_fit();
  }
  return std::string_view(impl.out).substr(impl.out_begin);
}

void Http2Session::sent(std::size_t bytes) {
  impl_->out_begin += bytes;
}

bool Http2Session::finished() const {
  return impl_->out_begin == impl_->out.size() &&
         (impl_->broken || nghttp2_session_want_read(impl_->session) == 0) &&
         nghttp2_session_want_write(impl_->session) == 0;
}
bool Http2Session::flooded() const {
  return impl_->flooded;
}

namespace {

// nghttp2 copies names and values; the views must live during the call only.
std::vector<nghttp2_nv> to_nv(const Headers& headers) {
  std::vector<nghttp2_nv> list;
  list.reserve(headers.size() + 1);
  for (const Headers::Field field : headers) {
    list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.name.data())),
                    reinterpret_cast<std::uint8_t*>(const_cast<char*>(field.value.data())),
                    field.name.size(), field.value.size(), NGHTTP2_NV_FLAG_NONE});
  }
  return list;
}

ssize_t pull(nghttp2_session* session, std::int32_t id, std::uint8_t* into, std::size_t size,
             std::uint32_t* flags, nghttp2_data_source*, void* user) {
  Http2Events& events = self(user).events;
  const Http2Events::Pulled pulled = events.pull_body(id, {reinterpret_cast<char*>(into), size});
  if (pulled.end) {
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    const Headers trailers = events.take_trailers(id);
    if (!trailers.empty()) {
      const std::vector<nghttp2_nv> list = to_nv(trailers);
      if (nghttp2_submit_trailer(session, id, list.data(), list.size()) == 0) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      }
    }
  } else if (pulled.bytes == 0) {
    return NGHTTP2_ERR_DEFERRED;
  }
  return static_cast<ssize_t>(pulled.bytes);
}

}  // namespace

void Http2Session::respond(std::int32_t id, int status, const Headers& headers, bool has_body) {
  Headers with_status;
  with_status.add(":status", std::to_string(status));
  for (const Headers::Field field : headers) with_status.add(field.name, field.value);
  const std::vector<nghttp2_nv> list = to_nv(with_status);
  nghttp2_data_provider provider{};
  provider.read_callback = pull;
  nghttp2_submit_response(impl_->session, id, list.data(), list.size(),
                          has_body ? &provider : nullptr);
}

void Http2Session::resume(std::int32_t id) {
  nghttp2_session_resume_data(impl_->session, id);
}

void Http2Session::consume(std::int32_t id, std::size_t bytes) {
  nghttp2_session_consume(impl_->session, id, bytes);
}
void Http2Session::consume_connection(std::size_t bytes) {
  nghttp2_session_consume_connection(impl_->session, bytes);
}
void Http2Session::reset(std::int32_t id, std::uint32_t error) {
  nghttp2_submit_rst_stream(impl_->session, NGHTTP2_FLAG_NONE, id, error);
}
void Http2Session::announce_shutdown() {
  nghttp2_submit_shutdown_notice(impl_->session);
}
void Http2Session::terminate(std::uint32_t error) {
  nghttp2_session_terminate_session(impl_->session, error);
}

}  // namespace seine::net::detail
