#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>

#include "net/client.h"
#include "net/detail/test_certificate.h"
#include "net/detail/test_peer.h"
#include "net/detail/test_server.h"

namespace seine::net {

namespace detail {

TestCertificate::TestCertificate(const std::string& common_name) {
  std::string name = (std::filesystem::temp_directory_path() / "seine-tls-XXXXXX").string();
  if (::mkdtemp(name.data()) != nullptr) folder_ = name;
  renew(common_name);
}
TestCertificate::~TestCertificate() {
  std::filesystem::remove_all(folder_);
}

void TestCertificate::renew(const std::string& common_name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1,
                             0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* file = std::fopen(certificate_file().c_str(), "w");
  PEM_write_X509(file, certificate);
  std::fclose(file);
  file = std::fopen(key_file().c_str(), "w");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace detail

namespace {

using detail::TestCertificate;
using detail::TestPeer;
using detail::TestServer;
using ::testing::HasSubstr;

asio::awaitable<void> tls_hello(Request& request, Response& response) {
  response.send_text(200, request.tls() ? "secret" : "plain");
  co_return;
}
Router tls_routes() {
  Router router;
  router.add("GET", "/", tls_hello);
  return router;
}

std::shared_ptr<TlsServer> server_tls(const TestCertificate& files) {
  auto tls =
      TlsServer::load({.certificate_file = files.certificate_file(), .key_file = files.key_file()});
  EXPECT_TRUE(tls) << (tls ? "" : tls.error().to_string());
  return *tls;
}

asio::awaitable<void> fetch(Client* client, Url url, std::string* out) {
  auto response = co_await client->send({.url = url});
  if (!response) {
    *out = response.error().to_string();
    co_return;
  }
  const auto body = co_await response->read_all();
  *out = body ? *body : body.error().to_string();
}

std::string fetch_with(TestServer& test, TlsClientOptions trust, const std::string& host) {
  trust.system_ca = false;
  Client client(test.runtime, {.tls = TlsClient::load(std::move(trust)).value()});
  const Url url = parse_url("https://" + host + ":" + std::to_string(test.port) + "/").value();
  std::string out;
  test.runtime.run(1, [&] { return fetch(&client, url, &out); });
  return out;
}

TEST(Tls, TheClientTrustsWhatItIsToldAndNothingElse) {
  const TestCertificate files("one");
  TestServer test(tls_routes(), {}, {.tls = server_tls(files)});
  EXPECT_EQ(fetch_with(test, {.ca_file = files.certificate_file()}, "localhost"), "secret");
  EXPECT_EQ(fetch_with(test, {.ca_file = files.certificate_file()}, "127.0.0.1"), "secret");
  EXPECT_THAT(fetch_with(test, {}, "localhost"), HasSubstr("UNAUTHENTICATED"));
  EXPECT_EQ(fetch_with(test, {.verify_peer = false}, "localhost"), "secret");
}

TEST(Tls, TheCertificateMustNameTheHost) {
  const TestCertificate files("one");
  TestServer test(tls_routes(), {}, {.host = "127.0.0.2", .tls = server_tls(files)});
  EXPECT_THAT(fetch_with(test, {.ca_file = files.certificate_file()}, "127.0.0.2"),
              HasSubstr("UNAUTHENTICATED"));
}

TEST(Tls, AReloadServesTheNewCertificateAndAFailedOneKeepsTheOld) {
  TestCertificate files("old");
  const auto tls = server_tls(files);
  TestServer test(tls_routes(), {}, {.tls = tls});
  const std::string old_copy = files.certificate_file() + ".old";
  std::filesystem::copy_file(files.certificate_file(), old_copy);
  std::filesystem::resize_file(files.key_file(), 10);
  EXPECT_FALSE(tls->reload());
  EXPECT_EQ(fetch_with(test, {.ca_file = old_copy}, "localhost"), "secret");
  files.renew("new");
  ASSERT_TRUE(tls->reload());
  EXPECT_EQ(fetch_with(test, {.ca_file = files.certificate_file()}, "localhost"), "secret");
  EXPECT_THAT(fetch_with(test, {.ca_file = old_copy}, "localhost"), HasSubstr("UNAUTHENTICATED"));
}

TEST(Tls, PlainTextOnATlsPortIsClosed) {
  const TestCertificate files("one");
  TestServer test(tls_routes(), {}, {.tls = server_tls(files)});
  TestPeer peer(test.port);
  peer.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(peer.at_end());
  EXPECT_EQ(test.probe.closed(1)[0], CloseReason::kTlsHandshake);
}

TEST(Tls, MissingFilesAreNamed) {
  const auto tls = TlsServer::load({.certificate_file = "/none.pem", .key_file = "/none.key"});
  ASSERT_FALSE(tls);
  EXPECT_THAT(tls.error().message, HasSubstr("/none.pem"));
}

}  // namespace
}  // namespace seine::net
