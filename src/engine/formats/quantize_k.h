// The 256-weight blocks, whose sub-block scales are themselves quantised: their scales for given
// weights, and the packing of codes. Private to formats. x and weight hold 256 finite values; the
// block arrives zeroed.
#pragma once

#include "engine/formats/blocks.h"

namespace seine::engine {

// What the codes of 16 weights stand for: step * level + offset.
struct CodeStep {
  float step;
  float offset;
};

// Scales (and minima) into the block, and what codes then mean, 16 steps.
void fit(const float* x, const float* weight, BlockQ4_K& block, CodeStep* steps);
void fit(const float* x, const float* weight, BlockQ5_K& block, CodeStep* steps);
void fit(const float* x, const float* weight, BlockQ6_K& block, CodeStep* steps);
void fit(const float* x, const float* weight, BlockIQ4_XS& block, CodeStep* steps);

// 256 codes: 0..15, 0..31, -32..31, indices of the table of IQ4.
void pack(const int* q, BlockQ4_K& block);
void pack(const int* q, BlockQ5_K& block);
void pack(const int* q, BlockQ6_K& block);
void pack(const int* q, BlockIQ4_XS& block);

}  // namespace seine::engine
