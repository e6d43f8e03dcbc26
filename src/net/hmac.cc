#include "net/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/assert.h"

namespace seine::net {

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::string code(32, '\0');
  unsigned int size = 0;
  const unsigned char* made =
      ::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(message.data()), message.size(),
             reinterpret_cast<unsigned char*>(code.data()), &size);
  SEINE_ASSERT(made != nullptr && size == code.size(), "HMAC-SHA256 is there");
  return code;
}

}  // namespace seine::net
