#include "gateway/chats/chat_markdown.h"

#include <gtest/gtest.h>

namespace seine::gateway {
namespace {

using base::Language;

ChatMessage message(std::string id, std::string parent, std::string text) {
  ChatMessage out{.id = std::move(id), .text = std::move(text)};
  if (!parent.empty()) out.parent_id = std::move(parent);
  out.role = out.id.starts_with('q') ? ChatRole::kUser : ChatRole::kAssistant;
  return out;
}

TEST(ChatMarkdown, HoldsEveryBranch) {
  Chat chat;
  chat.info.title = "Rivers";
  chat.messages = {message("q1", "", "How long?"), message("a1", "q1", "old"),
                   message("a2", "q1", "new"),     message("q2", "a1", "And wide?"),
                   message("a3", "q2", "wide"),    message("q3", "gone", "Edited")};
  EXPECT_EQ(to_markdown(chat, Language::kEnglish),
            "# Rivers\n"
            "\n## Question (version 1 of 2)\n\nHow long?\n"
            "\n## Answer (version 1 of 2)\n\nold\n"
            "\n## Question\n\nAnd wide?\n"
            "\n## Answer\n\nwide\n"
            "\n## Answer (version 2 of 2)\n\nnew\n"
            "\n## Question (version 2 of 2)\n\nEdited\n");
  chat.messages.resize(1);
  EXPECT_EQ(to_markdown(chat, Language::kChinese), "# Rivers\n\n## 问题\n\nHow long?\n");
}

TEST(ChatMarkdown, NamesWhatIsCited) {
  Chat chat;
  chat.info.title = "t";
  chat.messages = {message("a1", "", "It is long [1].")};
  chat.messages[0].answer =
      R"j({"citations": [{"marker": 1, "source_id": 2}, {"marker": 1, "source_id": 2}],
           "sources": [{"id": 1, "url": "https://b.example/", "title": "Read only"},
                       {"id": 2, "url": "https://a.example/(x)", "title": "The [Seine]"}]})j";
  EXPECT_EQ(to_markdown(chat, Language::kEnglish),
            "# t\n\n## Answer\n\nIt is long [1].\n\nSources:\n\n"
            "1. [The \\[Seine\\]](<https://a.example/(x)>)\n");
  chat.messages[0].answer = "no json";
  EXPECT_EQ(to_markdown(chat, Language::kEnglish), "# t\n\n## Answer\n\nIt is long [1].\n");
}

TEST(ChatMarkdown, ADeepChatEnds) {
  Chat chat;
  std::string parent;
  for (int i = 0; i < 5000; ++i) {
    chat.messages.push_back(message("q" + std::to_string(i), parent, "x"));
    parent = chat.messages.back().id;
  }
  EXPECT_GT(to_markdown(chat, Language::kEnglish).size(), 5000U);
}

}  // namespace
}  // namespace seine::gateway
