#include "web/detail/curl_transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>

#include "base/text.h"
#include "web/verdict.h"

namespace seine::web::detail {
namespace {

const GuardPolicy& policy_of(const HopRequest& request) {
  static const GuardPolicy kDefault;
  return request.policy ? *request.policy : kDefault;
}

std::uint16_t port_of(const sockaddr* address) {
  if (address->sa_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in*>(address)->sin_port);
  if (address->sa_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(address)->sin6_port);
  return 0;
}

// Bytes that would end a header line early.
bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

CurlTransfer::CurlTransfer(std::shared_ptr<CurlDriver> driver, const CurlOptions& options,
                           HopRequest request, asio::any_io_executor executor)
    : driver_(std::move(driver)),
      options_(options),
      request_(std::move(request)),
      ended_(std::move(executor)),
      easy_(curl_easy_init()) {}

CurlTransfer::~CurlTransfer() {
  if (added_) driver_->remove(easy_);
  if (easy_ != nullptr) curl_easy_cleanup(easy_);
  curl_slist_free_all(fields_);
  curl_slist_free_all(resolve_);
}

bool CurlTransfer::start() {
  if (easy_ == nullptr) return false;
  set_options();
  added_ = driver_->add(easy_);
  return added_;
}

void CurlTransfer::set_options() {
  const auto set = [this](CURLoption option, auto value) {
    (void)curl_easy_setopt(easy_, option, value);
  };
  set(CURLOPT_PRIVATE, this);
  // The serialisation of our own parser: nothing is left for the client's to
  // read differently.
  Url url = request_.url;
  url.clear_credentials();
  const std::string address = url.href(false);
  set(CURLOPT_URL, address.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY,
      "");  // nor from the environment: a proxy would resolve for itself
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_ALTSVC_CTRL, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_QUICK_EXIT,
      1L);  // a cancelled transfer does not wait for its resolver's thread
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_USERAGENT, options_.user_agent.c_str());
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) set(CURLOPT_CAINFO, options_.ca_file.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request_.limits.connect_timeout.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request_.limits.total_timeout.count()));
  set(CURLOPT_LOW_SPEED_LIMIT, 16L);
  set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(std::max<std::int64_t>(
                                  1, (request_.limits.idle_timeout.count() + 999) / 1000)));
  set(CURLOPT_OPENSOCKETFUNCTION, &CurlTransfer::on_open);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_PREREQFUNCTION, &CurlTransfer::on_request);
  set(CURLOPT_PREREQDATA, this);
  set(CURLOPT_HEADERFUNCTION, &CurlTransfer::on_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, &CurlTransfer::on_body);
  set(CURLOPT_WRITEDATA, this);

  for (const std::string& entry : options_.resolve)
    resolve_ = curl_slist_append(resolve_, entry.c_str());
  if (resolve_ != nullptr) set(CURLOPT_RESOLVE, resolve_);

  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  const auto field = [this](std::string_view name, std::string_view value) {
    if (!is_one_line(name) || !is_one_line(value)) return;
    const std::string line =
        value.empty() ? std::string(name) + ";" : fmt::format("{}: {}", name, value);
    fields_ = curl_slist_append(fields_, line.c_str());
  };
  bool coding_named = false;
  for (const net::Headers::Field given : request_.headers) {
    coding_named = coding_named || base::ascii_iequals(given.name, "accept-encoding");
    field(given.name, given.value);
  }
  if (!coding_named) field("Accept-Encoding", Decoder::accepted());
  fields_ = curl_slist_append(fields_, "Expect:");
  set(CURLOPT_HTTPHEADER, fields_);
}

bool CurlTransfer::may_reach(const IpAddress& address) {
  const Refusal refusal = judge_address(request_.url, address, policy_of(request_));
  if (refusal == Refusal::kNone) return true;
  base::Error error = refusal_error(refusal, request_.url).error();
  error.field = verdict_name(Verdict::kRefused);
  failure_ = std::move(error);
  return false;
}

curl_socket_t CurlTransfer::on_open(void* data, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto* self = static_cast<CurlTransfer*>(data);
  const auto ip = IpAddress::from_sockaddr(&address->addr);
  if (!ip || !self->may_reach(*ip)) return CURL_SOCKET_BAD;
  if (self->options_.on_connect) self->options_.on_connect(*ip, port_of(&address->addr));
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int CurlTransfer::on_request(void* data, char* remote, char* /*local*/, int /*remote_port*/,
                             int /*local_port*/) {
  auto* self = static_cast<CurlTransfer*>(data);
  const auto ip = IpAddress::parse(remote == nullptr ? "" : remote);
  return ip && self->may_reach(*ip) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

std::size_t CurlTransfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  transfer->header_bytes_ += bytes;
  if (transfer->header_bytes_ > transfer->request_.limits.header_bytes_max) {
    transfer->failure_ =
        verdict_error(Verdict::kTooLarge,
                      fmt::format("the answer's header is larger than {}",
                                  base::format_size(transfer->request_.limits.header_bytes_max)));
    return 0;
  }
  transfer->take_header({data, bytes});
  return bytes;
}

void CurlTransfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // also after an interim response
    response_.headers.clear();
    head_ended_ = false;
    const std::size_t space = line.find(' ');
    response_.status = 0;
    if (space != std::string_view::npos) {
      const std::string_view rest = base::trim(line.substr(space + 1));
      (void)std::from_chars(rest.data(), rest.data() + rest.size(), response_.status);
    }
    response_.protocol = line.starts_with("HTTP/2") ? "h2" : "http/1.1";
    return;
  }
  if (base::trim(line).empty()) head_ended_ = true;
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  response_.headers.add(base::trim(line.substr(0, colon)), base::trim(line.substr(colon + 1)));
}

std::size_t CurlTransfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  auto* transfer = static_cast<CurlTransfer*>(self);
  const std::size_t bytes = size * count;
  const FetchLimits& limits = transfer->request_.limits;
  transfer->response_.wire_bytes += bytes;
  if (transfer->response_.wire_bytes > limits.body_bytes_max) {
    transfer->failure_ = verdict_error(
        Verdict::kTooLarge,
        fmt::format("the body is larger than {}", base::format_size(limits.body_bytes_max)));
    return bytes + 1;
  }
  if (!transfer->decoder_) {
    std::string codings;
    for (const std::string_view value : transfer->response_.headers.get_all("content-encoding"))
      codings += (codings.empty() ? "" : ",") + std::string(value);
    auto made = Decoder::make(codings, limits.decoder);
    if (!made) {
      transfer->failure_ = std::move(made).error();
      return bytes + 1;
    }
    transfer->decoder_ = *std::move(made);
  }
  if (auto fed = transfer->decoder_->feed({data, bytes}, transfer->response_.body); !fed) {
    transfer->failure_ = std::move(fed).error();
    return bytes + 1;
  }
  return bytes;
}

void CurlTransfer::end(CURLcode result) {
  code_ = result;
  ended_.set();
}

base::Error CurlTransfer::error_of(CURLcode result) const {
  const std::string host(request_.url.hostname());
  switch (result) {
    case CURLE_OPERATION_TIMEDOUT:
      return verdict_error(Verdict::kTimeout, fmt::format("{} did not answer in time", host));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      // The same words as for a refused address: they tell nothing about what is
      // there.
      return verdict_error(Verdict::kUnreachable, fmt::format("{} cannot be reached", host));
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return verdict_error(Verdict::kTls,
                           fmt::format("{} has no certificate that can be trusted", host));
    case CURLE_PARTIAL_FILE:
      return verdict_error(Verdict::kBroken, fmt::format("{} broke off in mid-answer", host));
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
      return response_.status == 0
                 ? verdict_error(Verdict::kUnreachable, fmt::format("{} cannot be reached", host))
                 : verdict_error(Verdict::kBroken, fmt::format("{} broke off in mid-answer", host));
    default:
      return verdict_error(Verdict::kBroken, fmt::format("{} did not answer in HTTP: {}", host,
                                                         curl_easy_strerror(result)));
  }
}

base::Result<HopResponse> CurlTransfer::result(bool timed_out) {
  if (timed_out && !code_) return std::unexpected(error_of(CURLE_OPERATION_TIMEDOUT));
  if (!code_)
    return fail_verdict(Verdict::kCancelled, "reading {} was cancelled", request_.url.hostname());
  if (*code_ != CURLE_OK) {
    // A name may have good addresses beside bad ones: only when no connection
    // came of it is the refusal the reason.
    if (failure_) return std::unexpected(*failure_);
    return std::unexpected(error_of(*code_));
  }
  // libcurl takes a connection that ends within the header for an answer without a body.
  if (!head_ended_) return std::unexpected(error_of(CURLE_PARTIAL_FILE));
  if (decoder_) SEINE_CHECK(decoder_->finish());
  const char* address = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &address);
  if (address != nullptr) response_.address = address;
  return std::move(response_);
}

}  // namespace seine::web::detail
