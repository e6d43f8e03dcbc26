// The layout in which one row of activations is multiplied at the speed of memory: the same blocks,
// those of 16 outputs interleaved. A copy that a model makes of its weights when it is loaded,
// where memory allows; the stored rows stay beside it, for prompts and for kernels that do not know
// it.
//
// Of 32 outputs, block by block: first that of the first 16 outputs, then that of the others, so
// that few rows read both halves from front to back. A block of 16 outputs is theirs field by
// field, the 2 or 4 bytes of each output side by side: byte b of a stored block is at 16 * b, so a
// block takes 16 times its stored bytes. What four vectors of 16 outputs hold after a transposition
// of stored rows lies here in one piece, and a product reads memory from front to back. Outputs are
// padded to a multiple of 32 with zero bytes. Pure functions, any thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/matrix.h"

namespace seine::engine {

inline constexpr std::int64_t kInterleavedOutputs = 32;

bool can_interleave(DType type);
// Bytes of the whole matrix in this layout.
std::size_t interleaved_bytes(const MatrixView& w);
// Writes groups [first, last) of 32 outputs each; `out` is where group 0 lies.
void interleave(const MatrixView& w, std::int64_t first, std::int64_t last, std::byte* out);

}  // namespace seine::engine
