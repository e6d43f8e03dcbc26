// What a capable model is given: the sources between marks that no page can forge, the question,
// and how to cite. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "answer/passage/split.h"
#include "answer/plan/question.h"
#include "base/clock.h"
#include "llm/request.h"

namespace seine::answer {

// A source as the model sees it: number X of [citation:X], and its passages in reading order.
struct PromptSource {
  int number = 0;
  const Page* page = nullptr;
  std::vector<const Passage*> passages;
};

struct PromptInput {
  const Question& question;
  std::span<const PromptSource> sources;
  std::span<const llm::Message> history = {};
  base::WallTime now = {};
  std::string nonce;  // 16 hex digits, drawn for this answer: pages cannot know it
};

// One user message in the form that DeepSeek's models know for web search (blocks of
// [webpage X begin] ... [webpage X end], then today's date, the rules and the question), preceded
// by the conversation. Source text is data: a line in it that looks like one of our marks is
// broken, and the marks carry the nonce.
llm::ChatRequest search_request(const PromptInput& input, const std::string& model);

// The same conversation with no sources.
llm::ChatRequest plain_request(const Question& question, std::span<const llm::Message> history,
                               const std::string& model);

// `text` with whatever could pass for a mark of the envelope made harmless, and characters that are
// invisible or steer direction gone.
std::string harmless(std::string_view text);

}  // namespace seine::answer
