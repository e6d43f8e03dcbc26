// Every row of the table against plain sums in double, over types and odd shapes, and the promise
// that a row of the result does not depend on its neighbours.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/random.h"
#include "engine/formats/codec.h"
#include "engine/kernels/interleave.h"
#include "engine/kernels/table.h"
#include "engine/kernels/test_noise.h"
#include "engine/kernels/thread_pool.h"
#include "engine/kernels/two_bytes.h"

namespace seine::engine {
namespace {

constexpr DType kTypes[] = {DType::kF32,  DType::kF16,    DType::kBF16,  DType::kQ8_0, DType::kQ4_0,
                            DType::kQ4_1, DType::kQ5_0,   DType::kQ5_1,  DType::kQ4_K, DType::kQ5_K,
                            DType::kQ6_K, DType::kIQ4_NL, DType::kIQ4_XS};

// All rows of the table, and what some have for prompts.
std::vector<const Kernels*> all_kernels() {
  std::vector<const Kernels*> out;
  for (const Kernels* row : available_kernels()) {
    out.push_back(row);
    if (row->prompt != nullptr) out.push_back(row->prompt);
  }
  return out;
}

struct Weights {
  std::vector<std::byte> bytes;
  std::vector<std::byte> scales;
  MatrixView view;
};

Weights make_weights(DType type, std::int64_t rows, std::int64_t columns) {
  Weights w;
  const auto width = static_cast<std::size_t>(columns);
  const std::uint64_t row_size = row_bytes(type, width).value();
  w.bytes.resize(static_cast<std::size_t>(rows) * row_size);
  const std::vector<float> values = test_noise(rows * columns, 7);
  for (std::int64_t n = 0; n < rows; ++n) {
    quantize_row(type, values.data() + n * columns,
                 w.bytes.data() + static_cast<std::size_t>(n) * row_size, width);
  }
  w.view = {.type = type,
            .data = w.bytes.data(),
            .rows = rows,
            .columns = columns,
            .row_bytes = static_cast<std::int64_t>(row_size)};
  return w;
}

// Any finite bytes, one scale per 128 x 128.
Weights make_f8(std::int64_t rows, std::int64_t columns) {
  Weights w;
  base::SeededRandom random(3);
  w.bytes.resize(static_cast<std::size_t>(rows * columns));
  for (std::byte& b : w.bytes) {
    b = static_cast<std::byte>(random.below(256));
    if ((b & std::byte{0x7F}) == std::byte{0x7F}) b = std::byte{1};
  }
  const std::int64_t blocks = (rows + 127) / 128 * ((columns + 127) / 128);
  const std::vector<float> scales = test_noise(blocks, 5);
  w.scales.resize(scales.size() * 4);
  std::memcpy(w.scales.data(), scales.data(), w.scales.size());
  w.view = {.type = DType::kF8E4M3,
            .data = w.bytes.data(),
            .rows = rows,
            .columns = columns,
            .row_bytes = columns,
            .f8_scales = w.scales.data()};
  return w;
}

std::vector<float> product(const Kernels& row, const MatrixView& w, const std::vector<float>& x,
                           std::int64_t rows, ThreadPool& pool, float start = 0,
                           bool accumulate = false) {
  std::vector<float> y(static_cast<std::size_t>(rows * w.rows), start);
  ActivationView view{.f32 = x.data(), .stride = w.columns, .rows = rows, .columns = w.columns};
  std::byte* packed = nullptr;
  if (row.wants_packed(w.type)) {
    packed = static_cast<std::byte*>(std::aligned_alloc(64, row.packed_bytes(rows, w.columns)));
    pool.split((rows + kPackRows - 1) / kPackRows, 2,
               [&](std::int64_t first, std::int64_t last, int) {
                 row.pack(x.data(), w.columns, rows, w.columns, first, last, packed);
               });
    view.packed = packed;
  }
  pool.split(w.rows, 32, [&](std::int64_t first, std::int64_t last, int thread) {
    row.gemm(w, first, last, view, y.data(), w.rows, accumulate, pool.scratch(thread));
  });
  std::free(packed);
  return y;
}

// The error's norm against that of the result, or of a typical result where few sums happen to
// cancel: operands uniform in [-1, 1] give sums of variance columns / 9. bf16 operands (8 bits) are
// each off by 0.15 % on average: 0.21 % measured. Activations of 8 bits are off by up to 1 / 254 of
// the largest of 32: 0.38 % of their size. More scatter where there are few sums.
void expect_near(const Kernels& row, DType type, const std::vector<float>& got,
                 const std::vector<float>& want, std::int64_t columns) {
  const std::string what = std::string(row.isa) + " " + std::string(dtype_name(type));
  const bool tiles = row.isa == "amx prompt" && type != DType::kF32;
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    ASSERT_TRUE(std::isfinite(got[i])) << what;
    error += std::pow(double{got[i]} - want[i], 2);
    size += std::pow(double{want[i]}, 2);
  }
  const double one = tiles ? 2.5e-3 : row.wants_packed(type) ? 4.2e-3 : 2e-6;
  const double bar = one * (1 + 4 / std::sqrt(static_cast<double>(want.size())));
  const double typical = static_cast<double>(want.size()) * static_cast<double>(columns) / 9;
  EXPECT_LE(std::sqrt(error / std::max(size, typical)), bar) << what;
}

TEST(Gemm, EveryRowAgreesWithTheReference) {
  ThreadPool pool(2);
  const Kernels& ref = *kernels_of("ref").value();
  for (const DType type : kTypes) {
    const std::int64_t block = dtype_info(type).block;
    for (const std::int64_t outputs : {1, 33, 80}) {
      for (const std::int64_t width : {std::int64_t{1}, std::int64_t{3}, std::int64_t{37}}) {
        const std::int64_t columns = block == 1    ? width * 21
                                     : block == 32 ? width * 32
                                                   : (width + 1) / 2 * 256;
        const Weights w = make_weights(type, outputs, columns);
        for (const std::int64_t rows : {1, 2, 17, 33, 70}) {
          const std::vector<float> x = test_noise(rows * columns, 11);
          const std::vector<float> want = product(ref, w.view, x, rows, pool);
          for (const Kernels* row : all_kernels()) {
            if (row == &ref) continue;
            expect_near(*row, type, product(*row, w.view, x, rows, pool), want, columns);
          }
        }
      }
    }
  }
}

TEST(Gemm, ScaledF8AndManyRows) {
  ThreadPool pool(2);
  const Kernels& ref = *kernels_of("ref").value();
  for (const Kernels* row : all_kernels()) {
    const Weights f8 = make_f8(200, 296);
    const std::vector<float> x = test_noise(40 * 296, 2);
    expect_near(*row, DType::kF8E4M3, product(*row, f8.view, x, 40, pool),
                product(ref, f8.view, x, 40, pool), 296);
    // More rows, outputs and inputs than one pass of the blocking holds.
    const Weights q4 = make_weights(DType::kQ4_0, 700, 1056);
    const std::vector<float> wide = test_noise(530 * 1056, 4);
    expect_near(*row, DType::kQ4_0, product(*row, q4.view, wide, 530, pool, 1.0f, true),
                product(ref, q4.view, wide, 530, pool, 1.0f, true), 1056);
  }
}

TEST(Gemm, ARowHasTheSameBitsInAnyCompany) {
  ThreadPool pool(2);
  for (const Kernels* row : all_kernels()) {
    for (const DType type : kTypes) {
      const Weights w = make_weights(type, 96, 1280);
      const std::vector<float> x = test_noise(70 * 1280, 9);
      const std::vector<float> all = product(*row, w.view, x, 70, pool);
      for (const std::int64_t m : {0, 15, 40, 69}) {
        const std::vector<float> one(x.begin() + m * 1280, x.begin() + (m + 1) * 1280);
        const std::vector<float> alone = product(*row, w.view, one, 1, pool);
        EXPECT_EQ(std::memcmp(alone.data(), all.data() + m * 96, 96 * sizeof(float)), 0)
            << row->isa << " " << dtype_name(type) << " row " << m;
      }
    }
  }
}

// Integers are exact and every sum has one order, whatever the width of a register.
TEST(Gemm, PanelRowsAgreeInEveryBit) {
  const auto narrow = kernels_of("avx2");
  if (!narrow) GTEST_SKIP() << "needs AVX2";
  ThreadPool pool(2);
  for (const Kernels* wide : available_kernels()) {
    if (wide->isa == "ref") continue;
    for (const DType type : kTypes) {
      const Weights w = make_weights(type, 83, 1280);
      const std::vector<float> x = test_noise(45 * 1280, 9);
      EXPECT_EQ(product(**narrow, w.view, x, 45, pool), product(*wide, w.view, x, 45, pool))
          << wide->isa << " " << dtype_name(type);
    }
  }
}

// Odd numbers of outputs, ends of rows that are no whole stretch, shares that begin in the middle
// of 32 outputs, few rows and more than one pass of the blocking.
TEST(Gemm, InterleavedWeightsGiveTheSameBits) {
  ThreadPool pool(2);
  for (const DType type : kTypes) {
    if (!can_interleave(type)) continue;
    for (const std::int64_t outputs : {83, 320}) {
      const std::int64_t columns = dtype_info(type).block == 32 ? 736 : 1280;
      const Weights w = make_weights(type, outputs, columns);
      std::vector<std::byte> copy(interleaved_bytes(w.view));
      const std::int64_t groups = (outputs + 31) / 32;
      interleave(w.view, 0, groups / 2, copy.data());
      interleave(w.view, groups / 2, groups, copy.data());
      MatrixView view = w.view;
      view.interleaved = copy.data();
      for (const Kernels* row : all_kernels()) {
        for (const std::int64_t rows : {1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 45}) {
          const std::vector<float> x = test_noise(rows * columns, 9);
          EXPECT_TRUE(product(*row, w.view, x, rows, pool) == product(*row, view, x, rows, pool))
              << row->isa << " " << dtype_name(type) << " " << outputs << " x " << rows;
        }
      }
    }
  }
}

// Half a percent of a byte's half percent is left, and a row's bits do not depend on other rows.
TEST(TwoBytes, AgreeWithTheReferenceAsFloatsDo) {
  ThreadPool pool(2);
  const Kernels& ref = *kernels_of("ref").value();
  for (const DType type : kTypes) {
    const std::int64_t columns = dtype_info(type).block == 256 ? 512 : 352;
    const std::int64_t outputs = 147;
    const Weights w = make_weights(type, outputs, columns);
    MatrixView fast = w.view;
    std::vector<std::byte> copy;
    if (can_interleave(type)) {
      copy.resize(interleaved_bytes(w.view));
      interleave(w.view, 0, (outputs + 31) / 32, copy.data());
      fast.interleaved = copy.data();
    }
    const std::vector<float> x = test_noise(40 * columns, 3);
    const std::vector<float> want = product(ref, w.view, x, 40, pool);
    for (const Kernels* one : available_kernels()) {
      const Kernels& row = with_two_bytes(*one);
      EXPECT_EQ(row.isa, one->isa);
      EXPECT_EQ(row.prompt, one->prompt);
      const std::vector<float> got = product(row, w.view, x, 40, pool);
      double error = 0;
      double size = 0;
      for (std::size_t i = 0; i < want.size(); ++i) {
        error += std::pow(double{got[i]} - want[i], 2);
        size += std::pow(double{want[i]}, 2);
      }
      EXPECT_LE(std::sqrt(error / size), 3e-5) << row.isa << " " << dtype_name(type);
      for (const std::int64_t rows : {1, 4, 7, 9, 20}) {
        const std::vector<float> few = product(row, fast, x, rows, pool);
        EXPECT_EQ(std::memcmp(few.data(), got.data(), few.size() * sizeof(float)), 0)
            << row.isa << " " << dtype_name(type) << " " << rows;
      }
      const std::vector<float> added = product(row, w.view, x, 3, pool, 1.0F, true);
      for (std::size_t i = 0; i < added.size(); ++i) EXPECT_NEAR(added[i], got[i] + 1, 1e-4);
    }
  }
}

TEST(TwoBytes, NumbersTooSmallToScaleAddNothing) {
  ThreadPool pool(1);
  const Weights w = make_weights(DType::kQ8_0, 32, 64);
  std::vector<float> x(64, std::numeric_limits<float>::denorm_min());
  x[3] = 0;
  for (const Kernels* one : available_kernels()) {
    for (const float value : product(with_two_bytes(*one), w.view, x, 1, pool))
      EXPECT_LT(std::abs(value), 1e-30F) << one->isa;
  }
}

TEST(Interleave, FieldsOfSixteenOutputsLieSideBySide) {
  const Weights w = make_weights(DType::kQ6_K, 20, 512);
  std::vector<std::byte> copy(interleaved_bytes(w.view), std::byte{0xAA});
  ASSERT_EQ(copy.size(), 32U * 420);
  interleave(w.view, 0, 1, copy.data());
  const auto stored = [&](std::size_t row, std::size_t at) { return w.bytes[row * 420 + at]; };
  // Second block of output 17: its dword at 8, and the half at the end.
  const std::byte* block = copy.data() + std::size_t{32} * 210 + std::size_t{16} * 210;
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(block[16 * 8 + 4 + i], stored(17, 210 + 8 + i));
  for (std::size_t i = 0; i < 2; ++i) EXPECT_EQ(block[16 * 208 + 2 + i], stored(17, 210 + 208 + i));
  EXPECT_EQ(block[16 * 8 + 4 * 4], std::byte{0});  // output 20 is none
}

// A product may write nothing but its own outputs, and an output may be of any size.
TEST(Gemm, HugeAndMissingNumbersStayInTheirRow) {
  ThreadPool pool(1);
  for (const Kernels* row : all_kernels()) {
    const Weights w = make_weights(DType::kQ4_K, 20, 512);
    std::vector<float> x = test_noise(3 * 512, 1);
    const std::vector<float> clean = product(*row, w.view, x, 3, pool);
    x[512 + 7] = std::numeric_limits<float>::infinity();
    x[512 + 99] = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> dirty = product(*row, w.view, x, 3, pool);
    for (const std::size_t m : {0, 2}) {
      EXPECT_EQ(std::memcmp(clean.data() + m * 20, dirty.data() + m * 20, 20 * sizeof(float)), 0);
    }
    EXPECT_FALSE(std::isfinite(dirty[20])) << row->isa;
  }
}

TEST(KernelTable, RefusesAnUnknownRow) {
  const auto none = kernels_of("abacus");
  ASSERT_FALSE(none.has_value());
  EXPECT_NE(none.error().message.find("abacus"), std::string::npos);
  EXPECT_NE(none.error().message.find("ref"), std::string::npos);
  EXPECT_TRUE(kernels_of("ref").has_value());
}

TEST(ThreadPool, EveryShareRunsOnce) {
  ThreadPool pool(3);
  for (const std::int64_t count : {0, 1, 5, 64, 1000}) {
    std::vector<std::atomic<int>> hits(static_cast<std::size_t>(count));
    pool.split(count, 4, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) ++hits[static_cast<std::size_t>(i)];
    });
    pool.each(count, [&](std::int64_t i, int) { ++hits[static_cast<std::size_t>(i)]; });
    for (const auto& hit : hits) EXPECT_EQ(hit.load(), 2);
  }
}

}  // namespace
}  // namespace seine::engine
