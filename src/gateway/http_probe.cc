#include "gateway/http_probe.h"

#include <algorithm>
#include <chrono>

namespace seine::gateway {
namespace {

double seconds(base::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

HttpProbe::HttpProbe(base::Metrics& metrics, base::Logger log)
    : metrics_(metrics),
      log_(std::move(log)),
      connections_(metrics.gauge("seine_http_connections", "Open connections.")),
      running_(
          metrics.gauge("seine_http_requests_running", "Requests whose response is not complete.")),
      seconds_(metrics.histogram("seine_http_request_seconds",
                                 "From the end of the header to the end of the response.",
                                 base::latency_buckets_s())),
      request_bytes_(metrics.counter("seine_http_request_bytes_total", "Bytes of request bodies.")),
      response_bytes_(
          metrics.counter("seine_http_response_bytes_total", "Bytes of response bodies.")) {}

void HttpProbe::connection_opened() {
  connections_.add(1);
}

void HttpProbe::connection_closed(net::CloseReason reason) {
  connections_.add(-1);
  metrics_
      .counter("seine_http_connections_closed_total", "Connections that ended, by reason.",
               {{"reason", std::string(net::close_reason_name(reason))}})
      .add();
}

void HttpProbe::request_started() {
  running_.add(1);
}

base::Counter& HttpProbe::requests_of(int status) {
  std::atomic<base::Counter*>& slot =
      by_status_[static_cast<std::size_t>(std::clamp(status, 0, 599))];
  base::Counter* counter = slot.load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &metrics_.counter("seine_http_requests_total", "Requests answered, by status code.",
                                {{"code", std::to_string(status)}});
    slot.store(counter, std::memory_order_release);
  }
  return *counter;
}

void HttpProbe::request_finished(const net::RequestSummary& summary) {
  running_.add(-1);
  requests_of(summary.status).add();
  seconds_.observe(seconds(summary.duration));
  request_bytes_.add(static_cast<double>(summary.request_body_bytes));
  response_bytes_.add(static_cast<double>(summary.response_body_bytes));
  if (!log_.enabled(base::Level::kDebug)) return;
  log_.debug("request", {{"request_id", summary.id},
                         {"trace_id", summary.trace_id},
                         {"method", summary.method},
                         {"path", summary.path},
                         {"status", summary.status},
                         {"s", seconds(summary.duration)},
                         {"bytes", summary.response_body_bytes},
                         {"peer", summary.peer}});
}

void HttpProbe::handler_failed(const net::RequestSummary& summary, std::string_view what) {
  log_.error("handler failed", {{"request_id", summary.id},
                                {"trace_id", summary.trace_id},
                                {"method", summary.method},
                                {"path", summary.path},
                                {"what", what}});
}

}  // namespace seine::gateway
