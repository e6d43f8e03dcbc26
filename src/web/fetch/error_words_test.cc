// What curl says when it speaks HTTP and HTTPS is known to base/error_text.h.
#include <curl/curl.h>
#include <gtest/gtest.h>

#include "base/error_text.h"

namespace seine::web {
namespace {

TEST(ErrorWords, EveryFailureOfAnHttpTransferIsKnownInChinese) {
  for (const CURLcode code : {CURLE_UNSUPPORTED_PROTOCOL,
                              CURLE_FAILED_INIT,
                              CURLE_URL_MALFORMAT,
                              CURLE_COULDNT_RESOLVE_PROXY,
                              CURLE_COULDNT_RESOLVE_HOST,
                              CURLE_COULDNT_CONNECT,
                              CURLE_WEIRD_SERVER_REPLY,
                              CURLE_HTTP2,
                              CURLE_PARTIAL_FILE,
                              CURLE_HTTP_RETURNED_ERROR,
                              CURLE_WRITE_ERROR,
                              CURLE_OUT_OF_MEMORY,
                              CURLE_OPERATION_TIMEDOUT,
                              CURLE_SSL_CONNECT_ERROR,
                              CURLE_ABORTED_BY_CALLBACK,
                              CURLE_BAD_FUNCTION_ARGUMENT,
                              CURLE_INTERFACE_FAILED,
                              CURLE_TOO_MANY_REDIRECTS,
                              CURLE_GOT_NOTHING,
                              CURLE_SEND_ERROR,
                              CURLE_RECV_ERROR,
                              CURLE_SSL_CERTPROBLEM,
                              CURLE_SSL_CIPHER,
                              CURLE_PEER_FAILED_VERIFICATION,
                              CURLE_BAD_CONTENT_ENCODING,
                              CURLE_FILESIZE_EXCEEDED,
                              CURLE_USE_SSL_FAILED,
                              CURLE_SEND_FAIL_REWIND,
                              CURLE_SSL_ENGINE_INITFAILED,
                              CURLE_LOGIN_DENIED,
                              CURLE_SSL_CACERT_BADFILE,
                              CURLE_SSL_SHUTDOWN_FAILED,
                              CURLE_AGAIN,
                              CURLE_SSL_ISSUER_ERROR,
                              CURLE_NO_CONNECTION_AVAILABLE,
                              CURLE_SSL_PINNEDPUBKEYNOTMATCH,
                              CURLE_SSL_INVALIDCERTSTATUS,
                              CURLE_HTTP2_STREAM,
                              CURLE_HTTP3,
                              CURLE_QUIC_CONNECT_ERROR,
                              CURLE_PROXY,
                              CURLE_SSL_CLIENTCERT,
                              CURLE_UNRECOVERABLE_POLL}) {
    const std::string english = curl_easy_strerror(code);
    EXPECT_NE(base::message_text(english, base::Language::kChinese), english) << code;
  }
}

}  // namespace
}  // namespace seine::web
