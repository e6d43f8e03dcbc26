// Products that read activations as two bytes where those of a row read one: the first byte as
// there, the second what it leaves, rounded to bytes in turn. One byte errs by half a percent of a
// block of 32, two by some millionths. Every weight is multiplied twice, the second time out of the
// cache.
#pragma once

#include "engine/kernels/table.h"

namespace seine::engine {

// The row of that kind that belongs to `row`, one of available_kernels(), by the same name and
// with the same kernels for prompts where those are others: bf16 rounds by a sixth of what one byte
// does, and two bytes would take four times as long. A row that does not round is its own.
const Kernels& with_two_bytes(const Kernels& row);

}  // namespace seine::engine
