// Reads uploaded files by the web's extractor: every format of docs/formats/documents.md.
#pragma once

#include <string_view>

#include "gateway/files/file_store.h"

namespace seine::server {

base::Result<gateway::FileText> read_file_text(std::string_view name, std::string_view bytes);

}  // namespace seine::server
