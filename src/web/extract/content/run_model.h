// Whether a run of text belongs to what a reader came for: a sum of one weight for each feature,
// chosen by the step that its value reaches (a generalised additive model). The weights are learned
// by tools/train_runs.py; run_weights.inc is their table. Pure. Internal to content/.
#pragma once

#include "web/extract/content/run_features.h"

namespace seine::web {

// Log odds: above zero it belongs.
float run_score(const RunVector& run);

}  // namespace seine::web
