// An OpenSSL BIO on a non-blocking socket that sends with MSG_NOSIGNAL: the library's own would
// raise SIGPIPE, and signals are server/'s business.
#pragma once

#include <openssl/bio.h>

namespace seine::net::detail {

// Does not own the descriptor. Null when out of memory.
BIO* make_socket_bio(int fd);

}  // namespace seine::net::detail
