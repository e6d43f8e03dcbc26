// Encoders of the 256-weight blocks, whose sub-block scales are themselves quantised. Private to
// formats. x and weight hold 256 finite values; the block arrives zeroed.
#pragma once

#include "engine/formats/blocks.h"

namespace seine::engine {

void encode(const float* x, const float* weight, BlockQ4_K& block);
void encode(const float* x, const float* weight, BlockQ5_K& block);
void encode(const float* x, const float* weight, BlockQ6_K& block);
void encode(const float* x, const float* weight, BlockIQ4_XS& block);

}  // namespace seine::engine
