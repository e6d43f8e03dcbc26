#include "web/fetch/decoder.h"

#include <brotli/decode.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "web/verdict.h"

namespace seine::web {

// One coding. `step` consumes from the front of `in` and writes at most `room`
// bytes.
class Decoder::Stage {
 public:
  virtual ~Stage() = default;
  struct Step {
    std::size_t consumed = 0;
    std::size_t produced = 0;
  };
  virtual base::Result<Step> step(std::string_view in, char* out, std::size_t room) = 0;
  virtual bool ended() const = 0;
  std::uint64_t total = 0;  // of its output
};

namespace {

constexpr std::size_t kPiece = 64 * 1024;
// RFC 9659: a server must not need more than 8 MiB.
constexpr int kZstdWindowLogMax = 23;

class ZlibStage final : public Decoder::Stage {
 public:
  explicit ZlibStage(bool deflate) : deflate_(deflate) {
    ready_ = inflateInit2(&stream_, deflate ? 15 : 15 + 16) == Z_OK;
  }
  ZlibStage(const ZlibStage&) = delete;
  ZlibStage& operator=(const ZlibStage&) = delete;
  ~ZlibStage() override {
    if (ready_) inflateEnd(&stream_);
  }

  base::Result<Step> step(std::string_view in, char* out, std::size_t room) override {
    if (!ready_) return fail_verdict(Verdict::kInternal, "zlib has no memory");
    if (ended_) {
      // gzip may hold several members; padding after the last one is dropped as
      // browsers do.
      if (deflate_ || in.size() < 2 || static_cast<unsigned char>(in[0]) != 0x1f ||
          static_cast<unsigned char>(in[1]) != 0x8b)
        return Step{in.size(), 0};
      if (inflateReset2(&stream_, 15 + 16) != Z_OK)
        return fail_verdict(Verdict::kBroken, "the gzip body is damaged");
      ended_ = false;
    }
    auto [result, done] = run(in, out, room);
    if (result == Z_DATA_ERROR && deflate_ && first_ && done.produced == 0) {
      // "deflate" is zlib by the standard and bare DEFLATE from some servers.
      if (inflateReset2(&stream_, -15) == Z_OK) std::tie(result, done) = run(in, out, room);
    }
    first_ = false;
    if (result == Z_STREAM_END)
      ended_ = true;
    else if (result != Z_OK && result != Z_BUF_ERROR)
      return fail_verdict(Verdict::kBroken, "the {} body is damaged",
                          deflate_ ? "deflate" : "gzip");
    return done;
  }
  bool ended() const override { return ended_ || first_; }

 private:
  std::pair<int, Step> run(std::string_view in, char* out, std::size_t room) {
    stream_.next_in = reinterpret_cast<const Bytef*>(in.data());
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    return {result, {in.size() - stream_.avail_in, room - stream_.avail_out}};
  }

  z_stream stream_{};
  bool deflate_;
  bool ready_ = false;
  bool ended_ = false;
  bool first_ = true;  // nothing came yet: an empty body is whole
};

class BrotliStage final : public Decoder::Stage {
 public:
  BrotliStage() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
  BrotliStage(const BrotliStage&) = delete;
  BrotliStage& operator=(const BrotliStage&) = delete;
  ~BrotliStage() override {
    if (state_ != nullptr) BrotliDecoderDestroyInstance(state_);
  }

  base::Result<Step> step(std::string_view in, char* out, std::size_t room) override {
    if (state_ == nullptr) return fail_verdict(Verdict::kInternal, "brotli has no memory");
    if (ended_) return Step{in.size(), 0};
    first_ = false;
    std::size_t available_in = in.size();
    std::size_t available_out = room;
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(out);
    const BrotliDecoderResult result = BrotliDecoderDecompressStream(
        state_, &available_in, &next_in, &available_out, &next_out, nullptr);
    if (result == BROTLI_DECODER_RESULT_ERROR)
      return fail_verdict(Verdict::kBroken, "the br body is damaged");
    if (result == BROTLI_DECODER_RESULT_SUCCESS) ended_ = true;
    return Step{in.size() - available_in, room - available_out};
  }
  bool ended() const override { return ended_ || first_; }

 private:
  BrotliDecoderState* state_;
  bool ended_ = false;
  bool first_ = true;
};

class ZstdStage final : public Decoder::Stage {
 public:
  ZstdStage() : stream_(ZSTD_createDCtx()) {
    if (stream_ != nullptr)
      (void)ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }
  ZstdStage(const ZstdStage&) = delete;
  ZstdStage& operator=(const ZstdStage&) = delete;
  ~ZstdStage() override { ZSTD_freeDCtx(stream_); }

  base::Result<Step> step(std::string_view in, char* out, std::size_t room) override {
    if (stream_ == nullptr) return fail_verdict(Verdict::kInternal, "zstd has no memory");
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, room, 0};
    const std::size_t result = ZSTD_decompressStream(stream_, &output, &input);
    if (ZSTD_isError(result) != 0)
      return fail_verdict(Verdict::kBroken, "the zstd body is damaged");
    ended_ = result == 0;
    return Step{input.pos, output.pos};
  }
  bool ended() const override { return ended_; }

 private:
  ZSTD_DCtx* stream_;
  bool ended_ = true;
};

}  // namespace

Decoder::Decoder(std::vector<std::unique_ptr<Stage>> stages, DecoderLimits limits)
    : stages_(std::move(stages)), limits_(limits) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

std::string_view Decoder::accepted() {
  return "gzip, deflate, br, zstd";
}

base::Result<Decoder> Decoder::make(std::string_view codings, DecoderLimits limits) {
  std::vector<std::unique_ptr<Stage>> stages;
  for (const std::string_view part : base::split(codings, ',')) {
    const std::string name = base::ascii_lower(base::trim(part));
    if (name.empty() || name == "identity") continue;
    if (stages.size() == limits.codings_max)
      return fail_verdict(Verdict::kBroken, "the body has more than {} codings",
                          limits.codings_max);
    if (name == "gzip" || name == "x-gzip") {
      stages.push_back(std::make_unique<ZlibStage>(false));
    } else if (name == "deflate") {
      stages.push_back(std::make_unique<ZlibStage>(true));
    } else if (name == "br") {
      stages.push_back(std::make_unique<BrotliStage>());
    } else if (name == "zstd") {
      stages.push_back(std::make_unique<ZstdStage>());
    } else {
      return fail_verdict(Verdict::kBroken, "the body has the unknown coding '{}'",
                          name.substr(0, 32));
    }
  }
  // They were applied in the order listed.
  std::ranges::reverse(stages);
  return Decoder(std::move(stages), limits);
}

base::Result<void> Decoder::feed(std::string_view bytes, std::string& out) {
  in_ += bytes.size();
  if (stages_.empty()) {
    out_ += bytes.size();
    if (out_ > limits_.decoded_bytes_max)
      return fail_verdict(Verdict::kTooLarge, "the body is larger than {}",
                          base::format_size(limits_.decoded_bytes_max));
    out.append(bytes);
    return {};
  }
  return feed_stage(0, bytes, out);
}

base::Result<void> Decoder::feed_stage(std::size_t index, std::string_view bytes,
                                       std::string& out) {
  Stage& stage = *stages_[index];
  std::array<char, kPiece> piece;  // one per nested coding: codings_max bounds the stack
  for (;;) {
    const Stage::Step done = SEINE_TRY(stage.step(bytes, piece.data(), piece.size()));
    bytes.remove_prefix(done.consumed);
    stage.total += done.produced;
    // Every stage is held to the bounds, so that an inner bomb is met where it
    // unpacks.
    if (stage.total > limits_.decoded_bytes_max)
      return fail_verdict(Verdict::kTooLarge, "the body unpacks to more than {}",
                          base::format_size(limits_.decoded_bytes_max));
    if (stage.total > limits_.ratio_free_bytes && stage.total / limits_.ratio_max > in_)
      return fail_verdict(Verdict::kTooLarge, "the body unpacks to more than {} times its size",
                          limits_.ratio_max);
    const std::string_view unpacked(piece.data(), done.produced);
    if (index + 1 < stages_.size()) {
      if (!unpacked.empty()) SEINE_CHECK(feed_stage(index + 1, unpacked, out));
    } else {
      out.append(unpacked);
    }
    if (bytes.empty() && done.produced < piece.size()) return {};
    if (done.consumed == 0 && done.produced == 0)
      return fail_verdict(Verdict::kBroken, "the body's coding makes no progress");
  }
}

base::Result<void> Decoder::finish() {
  for (const auto& stage : stages_) {
    if (!stage->ended()) return fail_verdict(Verdict::kBroken, "the body ends in mid-coding");
  }
  return {};
}

}  // namespace seine::web
