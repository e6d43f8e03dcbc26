// An upload as a page that answers can cite: its text with blocks at paragraphs and headings. Pure.
#pragma once

#include <string>

#include "answer/types.h"
#include "gateway/files/file_store.h"

namespace seine::gateway {

answer::Page file_page(const StoredFile& file, FileText text);

}  // namespace seine::gateway
