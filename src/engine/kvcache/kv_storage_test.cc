#include "engine/kvcache/kv_storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "base/random.h"

namespace seine::engine {
namespace {

KvLayout layout_of(KvType type) {
  return {.layers = 3,
          .block_tokens = 16,
          .streams = {{.type = type, .width = 64}, {.type = KvType::kF16, .width = 24}}};
}

std::vector<float> noise(std::size_t count, base::SeededRandom& random) {
  std::vector<float> out(count);
  for (float& value : out) value = static_cast<float>(4 * random.uniform() - 2);
  return out;
}

TEST(KvStorage, RowsComeBackWithinTheirTypesError) {
  const std::pair<KvType, double> cases[] = {
      {KvType::kF32, 0.0}, {KvType::kF16, 1e-3}, {KvType::kQ8, 1.1e-2}};
  for (const auto& [type, bound] : cases) {
    base::SeededRandom random(1);
    auto storage = KvStorage::create(layout_of(type), 5);
    ASSERT_TRUE(storage) << storage.error().message;
    std::vector<std::vector<float>> written;
    for (KvBlockId b = 0; b < 5; ++b) {
      for (std::int32_t layer = 0; layer < 3; ++layer) {
        for (std::int32_t slot = 0; slot < 16; ++slot) {
          written.push_back(noise(64, random));
          storage->write_row(b, layer, 0, slot, written.back().data());
          written.push_back(noise(24, random));
          storage->write_row(b, layer, 1, slot, written.back().data());
        }
      }
    }
    std::size_t at = 0;
    for (KvBlockId b = 0; b < 5; ++b) {
      for (std::int32_t layer = 0; layer < 3; ++layer) {
        for (std::int32_t slot = 0; slot < 16; ++slot) {
          std::vector<float> read(64);
          storage->read_row(b, layer, 0, slot, 0, 32, read.data());
          storage->read_row(b, layer, 0, slot, 32, 32, read.data() + 32);
          for (int i = 0; i < 64; ++i) ASSERT_NEAR(read[i], written[at][i], bound);
          ++at;
          storage->read_row(b, layer, 1, slot, 3, 21, read.data());
          for (int i = 0; i < 21; ++i) ASSERT_NEAR(read[i], written[at][i + 3], 1e-3);
          ++at;
        }
      }
    }
  }
}

TEST(KvStorage, CopiesTheFirstRowsOfABlockAndNoMore) {
  auto storage = KvStorage::create(layout_of(KvType::kQ8), 2);
  ASSERT_TRUE(storage);
  const std::vector<float> ones(64, 1.0f);
  const std::vector<float> twos(64, 2.0f);
  for (std::int32_t layer = 0; layer < 3; ++layer) {
    for (std::int32_t slot = 0; slot < 16; ++slot) {
      storage->write_row(0, layer, 0, slot, ones.data());
      storage->write_row(1, layer, 0, slot, twos.data());
    }
  }
  storage->copy_rows(0, 1, 7);
  for (std::int32_t layer = 0; layer < 3; ++layer) {
    for (std::int32_t slot = 0; slot < 16; ++slot) {
      std::vector<float> row(32);
      storage->read_row(1, layer, 0, slot, 32, 32, row.data());
      EXPECT_NEAR(row[5], slot < 7 ? 1.0f : 2.0f, 1e-2) << layer << " " << slot;
    }
  }
}

TEST(KvStorage, SizesAddUp) {
  const KvLayout layout = layout_of(KvType::kQ8);
  EXPECT_EQ(layout.token_bytes(), 3u * (2 * 34 + 48));
  EXPECT_EQ(layout.block_bytes(), 16 * layout.token_bytes());
  EXPECT_EQ(layout.blocks_for(0), 0);
  EXPECT_EQ(layout.blocks_for(16), 1);
  EXPECT_EQ(layout.blocks_for(17), 2);
  auto storage = KvStorage::create(layout, 4);
  ASSERT_TRUE(storage);
  EXPECT_EQ(storage->block(3).size(), layout.block_bytes());
  EXPECT_EQ(storage->rows(2, 1, 1) - storage->block(2).data(),
            static_cast<std::ptrdiff_t>(16 * (2 * 34 + 48) + 16 * 2 * 34));
  EXPECT_EQ(layout, storage->layout());
  EXPECT_FALSE(layout == layout_of(KvType::kF16));
}

TEST(KvStorage, RefusesWhatTheSystemCannotGive) {
  const auto storage =
      KvStorage::create(layout_of(KvType::kF32), std::numeric_limits<KvBlockId>::max());
  if (!storage) {
    EXPECT_EQ(storage.error().code, base::Code::kResourceExhausted);
    EXPECT_NE(storage.error().message.find("MiB"), std::string::npos);
  }
  EXPECT_FALSE(KvStorage::create(layout_of(KvType::kF32), -1));
}

TEST(KvStorage, ValuesOutOfRangeStayFinite) {
  auto storage = KvStorage::create(layout_of(KvType::kF16), 1);
  ASSERT_TRUE(storage);
  const std::vector<float> huge(64, 1e9f);
  storage->write_row(0, 0, 0, 0, huge.data());
  std::vector<float> row(64);
  storage->read_row(0, 0, 0, 0, 0, 64, row.data());
  EXPECT_TRUE(std::isfinite(row[0]));
}

TEST(KvStorage, MovesLeaveNothingBehind) {
  auto first = KvStorage::create(layout_of(KvType::kF32), 2);
  ASSERT_TRUE(first);
  KvStorage second = std::move(*first);
  std::vector<float> values(64, 3.0f);
  second.write_row(1, 2, 0, 15, values.data());
  auto third = KvStorage::create(layout_of(KvType::kF16), 1);
  ASSERT_TRUE(third);
  *third = std::move(second);
  EXPECT_EQ(third->blocks(), 2);
  values.assign(64, 0.0f);
  third->read_row(1, 2, 0, 15, 0, 64, values.data());
  EXPECT_EQ(values[63], 3.0f);
}

}  // namespace
}  // namespace seine::engine
