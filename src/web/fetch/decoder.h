// Decoder: undoes Content-Encoding (gzip, deflate, br, zstd, and chains of
// them) piece by piece, and stops a bomb while it is still small: by total
// size, by the ratio of bytes out to bytes in, by the number of codings.
// Sans-IO, one thread. Our own rather than the HTTP client's, whose decoding
// cannot be bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace seine::web {

struct DecoderLimits {
  std::uint64_t decoded_bytes_max = std::uint64_t{20} << 20;
  // Enforced once this many bytes have come out: small pages may be very
  // repetitive.
  std::uint64_t ratio_free_bytes = std::uint64_t{1} << 20;
  std::uint64_t ratio_max = 100;
  std::size_t codings_max = 2;
};

class Decoder {
 public:
  // `codings` is the value of Content-Encoding. kBroken for an unknown coding
  // or too many.
  static base::Result<Decoder> make(std::string_view codings, DecoderLimits limits = {});
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;
  ~Decoder();

  // Appends what `bytes` decode to. Errors carry kTooLarge or kBroken; the
  // decoder is then done for.
  base::Result<void> feed(std::string_view bytes, std::string& out);
  // kBroken when a coding has not come to its end.
  base::Result<void> finish();

  // What may be asked for: "gzip, deflate, br, zstd".
  static std::string_view accepted();

  class Stage;

 private:
  Decoder(std::vector<std::unique_ptr<Stage>> stages, DecoderLimits limits);
  base::Result<void> feed_stage(std::size_t stage, std::string_view bytes, std::string& out);

  std::vector<std::unique_ptr<Stage>> stages_;  // in the order of undoing
  DecoderLimits limits_;
  std::uint64_t in_ = 0;
  std::uint64_t out_ = 0;  // of the last stage
};

}  // namespace seine::web
