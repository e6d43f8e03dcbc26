// A DOM snapshot of the browser (DOMSnapshot.captureSnapshot of the DevTools protocol) to HTML of
// what a reader would see: text that has no box, no size, no contrast or no place on the page is
// left out, and so are scripts, styles, templates and comments. Open shadow trees and frames of the
// same process are flattened in. Pure; the snapshot is foreign input.
#pragma once

#include <cstddef>
#include <string>

#include "base/error.h"
#include "base/json_fwd.h"

namespace seine::web {

struct VisibleHtml {
  std::string html;
  std::string url;               // of the document, after script navigation
  std::size_t shown_bytes = 0;   // of text
  std::size_t hidden_bytes = 0;  // of text that was left out
  bool truncated = false;        // a limit was met
};

struct SnapshotLimits {
  std::size_t html_bytes_max = std::size_t{20} << 20;
  std::size_t nodes_max = 500'000;
  int frame_depth_max = 3;
};

// The properties to ask the browser for, in the order that the reader expects.
base::Json snapshot_parameters();
// INVALID_ARGUMENT when the snapshot does not have the form that the protocol gives it.
base::Result<VisibleHtml> visible_html(const base::Json& snapshot, SnapshotLimits limits = {});

}  // namespace seine::web
