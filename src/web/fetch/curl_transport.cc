#include "web/fetch/curl_transport.h"

#include <boost/asio/this_coro.hpp>

#include "web/detail/curl_driver.h"
#include "web/detail/curl_transfer.h"
#include "web/verdict.h"

namespace seine::web {

struct CurlTransport::Impl {
  Impl(asio::io_context& context, const base::Clock& given, CurlOptions wanted)
      : clock(given),
        options(std::move(wanted)),
        driver(std::make_shared<detail::CurlDriver>(
            context, options.connections_max, options.per_host_max,
            [](CURL* easy, CURLcode result) {
              detail::CurlTransfer* transfer = nullptr;
              curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
              if (transfer != nullptr) transfer->end(result);
            })) {}

  const base::Clock& clock;
  const CurlOptions options;
  std::shared_ptr<detail::CurlDriver> driver;
  std::size_t in_flight = 0;
};

CurlTransport::CurlTransport(asio::io_context& context, const base::Clock& clock,
                             CurlOptions options)
    : impl_(std::make_shared<Impl>(context, clock, std::move(options))) {}

CurlTransport::~CurlTransport() {
  impl_->driver->shut_down();
}

std::size_t CurlTransport::in_flight() const {
  return impl_->in_flight;
}

asio::awaitable<base::Result<HopResponse>> CurlTransport::send(HopRequest request) {
  const std::shared_ptr<Impl> impl = impl_;
  if (request.cache.offline)
    co_return fail_verdict(Verdict::kOffline, "{} is not kept", request.url.href(false));
  if (impl->in_flight >= impl->options.in_flight_max)
    co_return fail_verdict(Verdict::kBusy, "{} pages are being read already, the limit is {}",
                           impl->in_flight, impl->options.in_flight_max);
  struct Count {
    std::size_t& value;
    explicit Count(std::size_t& counted) : value(counted) { ++value; }
    ~Count() { --value; }
    Count(const Count&) = delete;
    Count& operator=(const Count&) = delete;
  };
  const Count counted(impl->in_flight);
  // libcurl keeps its own time-outs; this wait only outlasts them should it
  // forget.
  const auto patience = request.limits.total_timeout + std::chrono::seconds(2);
  detail::CurlTransfer transfer(impl->driver, impl->options, std::move(request),
                                co_await asio::this_coro::executor);
  if (!transfer.start())
    co_return fail_verdict(Verdict::kInternal, "the HTTP client does not take the request");
  const net::Event::Outcome outcome = co_await transfer.ended().wait_for(patience);
  base::Result<HopResponse> result = transfer.result(outcome == net::Event::Outcome::kTimeout);
  if (result) result->fetched_at = impl->clock.wall();
  co_return result;
}

}  // namespace seine::web
