// The row for AVX-512 with VNNI. On Zen 4 and Ice Lake one vpdpbusd of 512 bits starts every cycle.
#include "engine/kernels/cpu/gemm_panels.h"
#include "engine/kernels/cpu/lanes_avx512.h"
#include "engine/kernels/cpu/rows.h"

namespace seine::engine {
namespace {

using Row = PanelKernels<Lanes512<false>>;

}  // namespace

const Kernels kAvx512VnniKernels = {
    "avx512vnni", Row::wants_packed, Row::packed_bytes, Row::pack, Row::gemm, true, nullptr};

}  // namespace seine::engine
