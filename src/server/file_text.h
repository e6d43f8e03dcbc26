// Reads uploaded files: text and Markdown as they are, HTML by the web's extractor.
#pragma once

#include <string_view>

#include "gateway/files/file_store.h"

namespace seine::server {

base::Result<gateway::FileText> read_file_text(std::string_view name, std::string_view bytes);

}  // namespace seine::server
