#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <mutex>
#include <string_view>
#include <system_error>
#include <utility>

#include "net/detail/tls_context.h"

namespace seine::net {
namespace {

using base::Code;
using base::fail;

// Takes the whole error queue of this thread, so that no later call sees it; the first entry is the
// cause.
std::string openssl_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown error";
}

base::Result<std::shared_ptr<detail::TlsContext>> make_context(const SSL_METHOD* method) {
  auto context = std::make_shared<detail::TlsContext>();
  context->ssl.reset(SSL_CTX_new(method));
  SSL_CTX* ssl = context->ssl.get();
  if (ssl == nullptr) return fail(Code::kInternal, "TLS: {}", openssl_reason());
  SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // Idle connections give their 34 KiB of record buffers back; writes may be retried from another
  // address, because output buffers move.
  SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return context;
}

constexpr unsigned char kAlpnBoth[] = "\x02h2\x08http/1.1";
constexpr unsigned char kAlpnHttp1[] = "\x08http/1.1";

int select_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void* http2) {
  const std::string_view ours =
      http2 != nullptr
          ? std::string_view(reinterpret_cast<const char*>(kAlpnBoth), sizeof kAlpnBoth - 1)
          : std::string_view(reinterpret_cast<const char*>(kAlpnHttp1), sizeof kAlpnHttp1 - 1);
  unsigned char* chosen = nullptr;
  const int outcome =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            static_cast<unsigned>(ours.size()), in, in_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 section 3.2
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

base::Result<std::shared_ptr<detail::TlsContext>> load_server(const TlsServerOptions& options) {
  auto context = SEINE_TRY(make_context(TLS_server_method()));
  SSL_CTX* ssl = context->ssl.get();
  if (SSL_CTX_use_certificate_chain_file(ssl, options.certificate_file.c_str()) != 1) {
    return fail(Code::kInvalidArgument, "TLS certificate {}: {}", options.certificate_file,
                openssl_reason());
  }
  if (SSL_CTX_use_PrivateKey_file(ssl, options.key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(ssl) != 1) {
    return fail(Code::kInvalidArgument, "TLS key {}: {}", options.key_file, openssl_reason());
  }
  SSL_CTX_set_alpn_select_cb(ssl, select_alpn, options.http2 ? ssl : nullptr);
  return context;
}

}  // namespace

struct TlsServer::Impl {
  TlsServerOptions options;
  mutable std::mutex mutex;
  std::shared_ptr<detail::TlsContext> context;
};

TlsServer::TlsServer(TlsServerOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
}
TlsServer::~TlsServer() = default;

base::Result<std::shared_ptr<TlsServer>> TlsServer::load(TlsServerOptions options) {
  auto server = std::make_shared<TlsServer>(std::move(options));
  SEINE_CHECK(server->reload());
  return server;
}

base::Result<void> TlsServer::reload() {
  auto context = SEINE_TRY(load_server(impl_->options));
  const std::lock_guard lock(impl_->mutex);
  impl_->context = std::move(context);
  return {};
}

std::shared_ptr<detail::TlsContext> TlsServer::context() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->context;
}

TlsClient::TlsClient(std::shared_ptr<detail::TlsContext> context) : context_(std::move(context)) {}
TlsClient::~TlsClient() = default;

base::Result<std::shared_ptr<TlsClient>> TlsClient::load(TlsClientOptions options) {
  auto context = SEINE_TRY(make_context(TLS_client_method()));
  SSL_CTX* ssl = context->ssl.get();
  context->verify_peer = options.verify_peer;
  SSL_CTX_set_verify(ssl, options.verify_peer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (options.system_ca && SSL_CTX_set_default_verify_paths(ssl) != 1) {
    return fail(Code::kInternal, "TLS: system authorities: {}", openssl_reason());
  }
  if (!options.ca_file.empty() &&
      SSL_CTX_load_verify_locations(ssl, options.ca_file.c_str(), nullptr) != 1) {
    return fail(Code::kInvalidArgument, "TLS authorities {}: {}", options.ca_file,
                openssl_reason());
  }
  SSL_CTX_set_alpn_protos(ssl, kAlpnHttp1, sizeof kAlpnHttp1 - 1);
  return std::make_shared<TlsClient>(std::move(context));
}

std::shared_ptr<detail::TlsContext> TlsClient::context() const {
  return context_;
}

}  // namespace seine::net
