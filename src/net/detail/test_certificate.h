// Self-signed certificates for tests, made at run time: key and certificate for "localhost" and
// 127.0.0.1, in a folder of their own that goes with the object.
#pragma once

#include <string>

namespace seine::net::detail {

class TestCertificate {
 public:
  explicit TestCertificate(const std::string& common_name);
  ~TestCertificate();
  TestCertificate(const TestCertificate&) = delete;
  TestCertificate& operator=(const TestCertificate&) = delete;

  std::string certificate_file() const { return folder_ + "/cert.pem"; }
  std::string key_file() const { return folder_ + "/key.pem"; }
  // A new pair under the same names.
  void renew(const std::string& common_name);

 private:
  std::string folder_;
};

}  // namespace seine::net::detail
