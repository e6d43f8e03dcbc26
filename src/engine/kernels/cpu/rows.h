// The rows of the kernel table, one per instruction set; table.cc says which can run.
#pragma once

#include "engine/kernels/table.h"

namespace seine::engine {

extern const Kernels kRefKernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512VnniKernels;
extern const Kernels kAmxKernels;
extern const Kernels kAmxPromptKernels;

}  // namespace seine::engine
