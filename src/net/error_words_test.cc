// What OpenSSL and Asio say of a failure is known to base/error_text.h.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/error.hpp>

#include "base/error_text.h"
#include "net/tls.h"

namespace seine::net {
namespace {

using base::Language;

std::string zh(std::string_view message) {
  return base::message_text(message, Language::kChinese);
}

TEST(ErrorWords, EveryVerdictOnACertificateIsKnownInChinese) {
  for (long verdict = X509_V_OK; verdict <= X509_V_ERR_EC_KEY_EXPLICIT_PARAMS; ++verdict) {
    const std::string english = X509_verify_cert_error_string(verdict);
    EXPECT_NE(zh(english), english) << verdict;
  }
}

TEST(ErrorWords, TheResolversFailuresAreKnownInChinese) {
  namespace error = boost::asio::error;
  for (const boost::system::error_code code :
       {boost::system::error_code(error::host_not_found),
        boost::system::error_code(error::host_not_found_try_again),
        boost::system::error_code(error::no_recovery), boost::system::error_code(error::no_data),
        boost::system::error_code(error::service_not_found),
        boost::system::error_code(error::socket_type_not_supported),
        boost::system::error_code(error::eof), boost::system::error_code(error::already_open),
        boost::system::error_code(error::not_found)}) {
    EXPECT_NE(zh(code.message()), code.message());
  }
  EXPECT_EQ(zh("cannot resolve example.invalid: Host not found (authoritative)"),
            "无法解析 example.invalid：没有这个主机名");
}

TEST(ErrorWords, ACertificateFileThatIsNotThereIsToldInBothLanguages) {
  const auto loaded =
      TlsServer::load({.certificate_file = "/nonexistent/c.pem", .key_file = "/nonexistent/k.pem"});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(base::error_text(loaded.error(), Language::kEnglish),
            "TLS certificate /nonexistent/c.pem: No such file or directory");
  EXPECT_EQ(base::error_text(loaded.error(), Language::kChinese),
            "TLS 证书 /nonexistent/c.pem：文件或目录不存在");
}

}  // namespace
}  // namespace seine::net
