// Counts what the HTTP server does, into the metrics registry and the log: requests by code and
// route, latency, connections, bytes. Called on every context thread; waits for nothing but a short
// lock.
#pragma once

#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "net/probe.h"

namespace seine::gateway {

class HttpProbe final : public net::Probe {
 public:
  // Both outlive it.
  HttpProbe(base::Metrics& metrics, base::Logger log);

  void connection_opened() override;
  void connection_closed(net::CloseReason reason) override;
  void request_started() override;
  void request_finished(const net::RequestSummary& summary) override;
  void handler_failed(const net::RequestSummary& summary, std::string_view what) override;

 private:
  base::Counter& requests_of(int status);

  base::Metrics& metrics_;
  const base::Logger log_;
  base::Gauge& connections_;
  base::Gauge& running_;
  base::Histogram& seconds_;
  base::Counter& request_bytes_;
  base::Counter& response_bytes_;
  // One counter a status code, made at its first use.
  std::array<std::atomic<base::Counter*>, 600> by_status_{};
};

}  // namespace seine::gateway
