// A chat as a Markdown file. Pure.
#pragma once

#include <string>

#include "base/language.h"
#include "gateway/chats/chat_store.h"

namespace seine::gateway {

// Every message of every branch: what follows from a message stands behind it, and where several
// stand in one place each says which of them it is. Answers name their cited sources.
std::string to_markdown(const Chat& chat, base::Language language);

}  // namespace seine::gateway
