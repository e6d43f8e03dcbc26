// Expanded attention against plain sums in double, in odd shapes, with what a round of pieces does
// not hold; and the promise that cuts, company and threads change no bit.
#include "engine/ops/expanded_attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/formats/codec.h"
#include "engine/kernels/test_noise.h"
#include "engine/model/causal_model.h"

namespace seine::engine {
namespace {

// Widths that no vector divides but the latent's.
constexpr ExpandedShape kShape{
    .heads = 3, .latent = 64, .nope = 20, .rope = 6, .value = 13, .scale = 0.3f};
constexpr std::int32_t kBlockTokens = 64;
constexpr std::int32_t kRowsMax = 192;

// A cache of noise that two sequences share out in a scattered order, and weights of one layer.
class Expanded : public testing::TestWithParam<std::string_view> {
 protected:
  void SetUp() override {
    const auto row = kernels_of(GetParam());
    if (!row) GTEST_SKIP() << "this processor cannot run " << GetParam();
    kernels_ = *row;
  }

  void make(std::int32_t positions, KvType type, DType weights) {
    kv_.emplace(KvStorage::create(mla_layout(type, 1, kShape.latent, kShape.rope).value(),
                                  2 * (positions / kBlockTokens + 1))
                    .value());
    const std::int64_t each = positions / kBlockTokens + 1;
    for (std::size_t s = 0; s < 2; ++s) {
      blocks_[s].clear();
      for (std::int64_t i = 0; i < each; ++i)
        blocks_[s].push_back(static_cast<KvBlockId>(2 * (each - 1 - i)) + static_cast<int>(s));
      const auto latents = test_noise(std::int64_t{positions} * kShape.latent, 3 + s);
      const auto ropes = test_noise(std::int64_t{positions} * kShape.rope, 13 + s);
      for (std::int32_t p = 0; p < positions; ++p) {
        const KvBlockId block = blocks_[s][static_cast<std::size_t>(p / kBlockTokens)];
        kv_->write_row(block, 0, 0, p % kBlockTokens, latents.data() + p * kShape.latent);
        kv_->write_row(block, 0, 1, p % kBlockTokens, ropes.data() + p * kShape.rope);
      }
    }
    keys_ = matrices(kShape.nope, weights, 21);
    values_ = matrices(kShape.value, weights, 22);
  }

  struct Matrices {
    std::vector<std::byte> bytes;
    std::vector<MatrixView> views;
    std::vector<float> values;  // what is stored, (heads, rows, latent)
  };
  static Matrices matrices(std::int32_t rows, DType type, std::uint64_t seed) {
    Matrices out;
    const auto row = row_bytes(type, kShape.latent).value();
    const auto count = static_cast<std::size_t>(kShape.heads) * static_cast<std::size_t>(rows);
    out.values = test_noise(static_cast<std::int64_t>(count) * kShape.latent, seed, 0.3);
    out.bytes.resize(count * row);
    for (std::size_t i = 0; i < count; ++i) {
      float* values = out.values.data() + i * kShape.latent;
      quantize_row(type, values, out.bytes.data() + i * row, kShape.latent);
      dequantize_row(type, out.bytes.data() + i * row, values, kShape.latent);
    }
    for (std::int32_t h = 0; h < kShape.heads; ++h) {
      out.views.push_back({.type = type,
                           .data = out.bytes.data() + static_cast<std::size_t>(h * rows) * row,
                           .rows = rows,
                           .columns = kShape.latent,
                           .row_bytes = static_cast<std::int64_t>(row)});
    }
    return out;
  }

  // Queries of a sequence's position, always the same.
  static std::vector<float> query(std::size_t sequence, std::int32_t position) {
    return test_noise(std::int64_t{kShape.heads} * kShape.head(),
                      100 + static_cast<std::uint64_t>(position) * 2 + sequence, 2);
  }

  struct Part {
    std::size_t sequence;
    std::int32_t first;
    std::int32_t count;
    Phase phase = Phase::kPrompt;
  };
  // What one call gives, rows of `parts` one behind the other; rows that decode keep their 7.
  std::vector<float> run(const std::vector<Part>& parts, int threads) {
    ThreadPool pool(threads);
    const Compute compute(pool, *kernels_);
    ExpandedAttention attention(kShape, compute, kRowsMax);
    BatchRows rows({.rows = kRowsMax, .logit_rows = 1, .context = 1 << 20, .vocabulary = 2});
    const std::vector<TokenId> tokens(kRowsMax, 0);
    std::vector<TokenRun> runs;
    std::vector<float> queries;
    for (const Part& part : parts) {
      runs.push_back({.tokens = {tokens.data(), static_cast<std::size_t>(part.count)},
                      .first_position = part.first,
                      .blocks = blocks_[part.sequence],
                      .phase = part.phase});
      for (std::int32_t i = 0; i < part.count; ++i) {
        const auto one = query(part.sequence, part.first + i);
        queries.insert(queries.end(), one.begin(), one.end());
      }
    }
    EXPECT_TRUE(rows.set(runs, {}, &*kv_));
    std::vector<float> out(static_cast<std::size_t>(rows.size() * kShape.heads * kShape.value), 7);
    attention.run(keys_.views, values_.views, *kv_, 0, rows, queries.data(), out.data());
    return out;
  }

  // The same for one row, by the formula.
  std::vector<double> plain(std::size_t sequence, std::int32_t position) const {
    const auto q = query(sequence, position);
    std::vector<double> out;
    for (std::int32_t h = 0; h < kShape.heads; ++h) {
      std::vector<double> sums(static_cast<std::size_t>(kShape.value));
      double total = 0;
      for (std::int32_t p = 0; p <= position; ++p) {
        std::vector<float> latent(kShape.latent);
        std::vector<float> rope(kShape.rope);
        const KvBlockId block = blocks_[sequence][static_cast<std::size_t>(p / kBlockTokens)];
        kv_->read_row(block, 0, 0, p % kBlockTokens, 0, kShape.latent, latent.data());
        kv_->read_row(block, 0, 1, p % kBlockTokens, 0, kShape.rope, rope.data());
        const auto made = [&](const Matrices& from, std::int32_t rows, std::int32_t i) {
          double sum = 0;
          for (std::int32_t l = 0; l < kShape.latent; ++l)
            sum +=
                double{from.values[static_cast<std::size_t>((h * rows + i) * kShape.latent + l)]} *
                latent[static_cast<std::size_t>(l)];
          return sum;
        };
        double score = 0;
        for (std::int32_t i = 0; i < kShape.head(); ++i) {
          const double key = i < kShape.nope ? made(keys_, kShape.nope, i)
                                             : rope[static_cast<std::size_t>(i - kShape.nope)];
          score += key * q[static_cast<std::size_t>(h * kShape.head() + i)];
        }
        const double weight = std::exp(score * kShape.scale);
        total += weight;
        for (std::int32_t i = 0; i < kShape.value; ++i)
          sums[static_cast<std::size_t>(i)] += weight * made(values_, kShape.value, i);
      }
      for (const double sum : sums) out.push_back(sum / total);
    }
    return out;
  }

  const Kernels* kernels_ = nullptr;
  std::optional<KvStorage> kv_;
  std::vector<KvBlockId> blocks_[2];
  Matrices keys_;
  Matrices values_;
};

constexpr std::size_t kRowValues = std::size_t{kShape.heads} * kShape.value;

TEST_P(Expanded, IsWhatTheFormulaSays) {
  struct Form {
    KvType kv;
    DType weights;
  };
  for (const Form form : {Form{KvType::kF32, DType::kF32}, Form{KvType::kF16, DType::kQ8_0},
                          Form{KvType::kQ8, DType::kQ4_0}}) {
    make(330, form.kv, form.weights);
    // Two prompts, the second short, behind a row that decodes.
    const auto got = run({{0, 77, 1, Phase::kDecode}, {0, 200, 130}, {1, 0, 3}}, 2);
    for (std::size_t i = 0; i < kRowValues; ++i) ASSERT_EQ(got[i], 7);
    const auto near = [&](std::size_t row, const std::vector<double>& want) {
      for (std::size_t i = 0; i < kRowValues; ++i)
        ASSERT_NEAR(got[row * kRowValues + i], want[i], 2e-2) << row << " " << i;
    };
    for (const std::int32_t position : {200, 255, 256, 319, 320, 329})
      near(static_cast<std::size_t>(1 + position - 200), plain(0, position));
    for (const std::int32_t position : {0, 1, 2})
      near(static_cast<std::size_t>(131 + position), plain(1, position));
  }
}

TEST_P(Expanded, CutsCompanyAndThreadsChangeNoBit) {
  // More positions than a round holds.
  constexpr std::int32_t kRound = ExpandedAttention::kPieces * ExpandedAttention::kPieceKeys;
  const bool is_plain = GetParam() == "ref";
  const std::int32_t end = is_plain ? 500 : kRound + 100;
  make(end, KvType::kF16, DType::kQ8_0);
  const std::int32_t first = end - 150;
  const auto whole = run({{0, first, 150}}, 1);
  EXPECT_EQ(run({{0, first, 150}}, 7), whole);
  std::vector<float> cut;
  for (std::int32_t at = 0, count = 1; at < 150; at += count, count = std::min(59, 150 - at)) {
    const auto part = run({{0, first + at, count}}, 2);
    cut.insert(cut.end(), part.begin(), part.end());
  }
  EXPECT_EQ(cut, whole);
  const auto among =
      run({{1, end - 1, 1, Phase::kDecode}, {1, 0, 30}, {0, first, 150}, {1, 64, 1}}, 2);
  const auto from = among.begin() + static_cast<std::ptrdiff_t>(31 * kRowValues);
  EXPECT_EQ(std::vector<float>(from, from + static_cast<std::ptrdiff_t>(whole.size())), whole);
}

// The end of a context of 128K: positions, blocks and rounds of pieces up to the last.
TEST_P(Expanded, ReachesPosition131071) {
  constexpr std::int32_t kPositions = 131072;
  make(kPositions, KvType::kF16, DType::kQ8_0);
  const auto got = run({{0, kPositions - 3, 3}}, 2);
  // The same for all kernels, and the slowest part.
  static const std::vector<double> want = plain(0, kPositions - 1);
  double largest = 0;
  double miss = 0;
  for (std::size_t i = 0; i < kRowValues; ++i) {
    largest = std::max(largest, std::abs(want[i]));
    miss = std::max(miss, std::abs(got[2 * kRowValues + i] - want[i]));
  }
  EXPECT_LE(miss, 5e-3 * largest);
}

// Prompts behind one prefix have its keys made together.
TEST_P(Expanded, OnePrefixChangesNoBit) {
  make(700, KvType::kF16, DType::kQ8_0);
  // Sequence 1 begins in the blocks of sequence 0 and leaves them after five.
  std::copy_n(blocks_[0].begin(), 5, blocks_[1].begin());
  const Part parts[] = {{0, 640, 60}, {1, 330, 40}, {0, 400, 3}, {1, 500, 1}, {1, 320, 2}};
  const auto together = run({std::begin(parts), std::end(parts)}, 3);
  auto at = together.begin();
  for (const Part& part : parts) {
    const auto alone = run({part}, 1);
    const auto end = at + static_cast<std::ptrdiff_t>(alone.size());
    EXPECT_EQ(std::vector<float>(at, end), alone) << part.sequence << " " << part.first;
    at = end;
  }
}

INSTANTIATE_TEST_SUITE_P(Isa, Expanded, testing::Values("ref", "avx2", "avx512vnni", "amx"));

}  // namespace
}  // namespace seine::engine
