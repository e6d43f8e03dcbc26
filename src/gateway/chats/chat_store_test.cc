#include "gateway/chats/chat_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <set>

namespace seine::gateway {
namespace {

class ChatStoreTest : public testing::Test {
 protected:
  ChatStoreTest() {
    std::string pattern = testing::TempDir() + "chats.XXXXXX";
    directory_ = mkdtemp(pattern.data());
    open();
  }
  ~ChatStoreTest() override {
    close();
    std::filesystem::remove_all(directory_);
  }
  void open() {
    database_ = *store::Database::open(directory_ + "/db");
    index_ = *store::TextIndex::open(*database_);
    chats_ = *ChatStore::open(*database_, *index_, clock_, random_);
  }
  void close() {
    chats_.reset();
    index_.reset();
    database_.reset();
  }
  std::string add(const std::string& chat, std::string text, std::optional<std::string> parent = {},
                  ChatRole role = ChatRole::kUser) {
    clock_.advance(std::chrono::milliseconds(2));
    auto made = chats_->add_message(
        chat, {.parent_id = std::move(parent), .role = role, .text = std::move(text)});
    EXPECT_TRUE(made) << made.error().to_string();
    return made ? made->id : "";
  }

  base::ManualClock clock_;
  base::SeededRandom random_{1};
  std::string directory_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<store::TextIndex> index_;
  std::unique_ptr<ChatStore> chats_;
};

TEST_F(ChatStoreTest, KeepsATreeOfMessages) {
  const std::string chat = chats_->create("", "")->id;
  const std::string question = add(chat, "How long is the Seine?\nPlease.");
  const std::string first = add(chat, "777 km.", question, ChatRole::kAssistant);
  const std::string second = add(chat, "775 km.", question, ChatRole::kAssistant);
  const std::string follow = add(chat, "And the Loire?", second);
  const Chat whole = *chats_->get(chat);
  EXPECT_EQ(whole.info.title, "How long is the Seine?");
  EXPECT_EQ(whole.messages.size(), 4u);
  const auto path = *chats_->path_to(chat, follow);
  ASSERT_EQ(path.size(), 3u);
  EXPECT_EQ(path[1].text, "775 km.");
  ASSERT_TRUE(chats_->remove_message(chat, second));
  const Chat after = *chats_->get(chat);
  ASSERT_EQ(after.messages.size(), 2u);
  EXPECT_EQ(after.messages[1].id, first);
  EXPECT_TRUE(chats_->list({.text = "Loire"})->chats.empty());
}

TEST_F(ChatStoreTest, RefusesAParentOfAnotherChat) {
  const std::string one = chats_->create("one", "")->id;
  const std::string two = chats_->create("two", "")->id;
  const std::string message = add(one, "hello");
  const auto made = chats_->add_message(two, {.parent_id = message, .text = "x"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, base::Code::kNotFound);
  EXPECT_EQ(made.error().field, "message_id");
}

TEST_F(ChatStoreTest, SearchesBothLanguages) {
  const std::string english = chats_->create("rivers", "")->id;
  add(english, "The Seine flows through Paris.");
  const std::string chinese = chats_->create("河流", "")->id;
  add(chinese, "塞纳河全长七百七十七公里，流经巴黎。");
  auto found = *chats_->list({.text = "paris flows"});
  ASSERT_EQ(found.chats.size(), 1u);
  EXPECT_EQ(found.chats[0].id, english);
  EXPECT_NE(found.chats[0].snippet.find("Paris"), std::string::npos);
  found = *chats_->list({.text = "塞纳河"});
  ASSERT_EQ(found.chats.size(), 1u);
  EXPECT_EQ(found.chats[0].id, chinese);
  // A new title is found as well.
  ASSERT_TRUE(chats_->patch(chinese, {.title = "水文"}));
  EXPECT_EQ(chats_->list({.text = "水文"})->chats.size(), 1u);
}

TEST_F(ChatStoreTest, FiltersAndPages) {
  std::set<std::string> all;
  for (int i = 0; i < 25; ++i) {
    clock_.advance(std::chrono::milliseconds(i % 3));
    all.insert(chats_->create("t", i % 2 == 0 ? "even" : "odd")->id);
  }
  std::set<std::string> seen;
  ChatQuery query{.limit = 7};
  std::size_t pages = 0;
  do {
    const ChatPage page = *chats_->list(query);
    for (const ChatInfo& info : page.chats) EXPECT_TRUE(seen.insert(info.id).second);
    query.cursor = page.next_cursor;
    ++pages;
  } while (!query.cursor.empty());
  EXPECT_EQ(seen, all);
  EXPECT_EQ(pages, 4u);
  EXPECT_EQ(chats_->list({.folder = "odd"})->chats.size(), 12u);
  const std::string one = *all.begin();
  ASSERT_TRUE(chats_->patch(one, {.pinned = true}));
  EXPECT_EQ(chats_->list({.pinned = true})->chats.size(), 1u);
  ASSERT_TRUE(chats_->patch(one, {.archived = true}));
  EXPECT_EQ(chats_->list({})->chats.size(), 24u);
  EXPECT_EQ(chats_->list({.archived = true})->chats.size(), 1u);
  const auto folders = *chats_->folders();
  ASSERT_EQ(folders.size(), 2u);
  EXPECT_EQ(folders[0].name, "even");
  EXPECT_FALSE(chats_->list({.limit = 201}));
  EXPECT_FALSE(chats_->list({.cursor = "nonsense"}));
}

TEST_F(ChatStoreTest, ADeletedChatComesBackForTenMinutes) {
  const std::string chat = chats_->create("gone", "")->id;
  add(chat, "findable words");
  ASSERT_TRUE(chats_->remove(chat));
  EXPECT_FALSE(chats_->get(chat));
  EXPECT_TRUE(chats_->list({.text = "findable"})->chats.empty());
  clock_.advance(std::chrono::minutes(9));
  EXPECT_EQ(*chats_->purge(), 0u);
  ASSERT_TRUE(chats_->restore(chat));
  EXPECT_EQ(chats_->list({.text = "findable"})->chats.size(), 1u);
  ASSERT_TRUE(chats_->remove(chat));
  clock_.advance(std::chrono::minutes(11));
  EXPECT_FALSE(chats_->restore(chat));
  EXPECT_EQ(*chats_->purge(), 1u);
  EXPECT_FALSE(chats_->get(chat));
}

TEST_F(ChatStoreTest, SurvivesARestartAndSettlesWhatRan) {
  const std::string chat = chats_->create("kept", "")->id;
  const std::string question = add(chat, "unique question");
  auto answer = *chats_->add_message(
      chat, {.parent_id = question, .role = ChatRole::kAssistant, .state = "running"});
  ASSERT_TRUE(chats_->update_message(chat, answer.id, {.text = "a partial answer"}));
  close();
  open();
  EXPECT_EQ(*chats_->settle_interrupted(), 1u);
  const ChatMessage kept = *chats_->message(chat, answer.id);
  EXPECT_EQ(kept.state, "stopped");
  EXPECT_EQ(kept.text, "a partial answer");
  EXPECT_EQ(chats_->list({.text = "partial"})->chats.size(), 1u);
}

TEST_F(ChatStoreTest, IndexesWhatACrashLeft) {
  const std::string chat = chats_->create("t", "")->id;
  const std::string message = add(chat, "before");
  // As if the process had died between the message and its index entry.
  ASSERT_TRUE(database_->write([&](store::Connection& c) {
    return c.run("UPDATE chat_message SET text = 'afterwards', indexed = 0 WHERE id = ?1", message);
  }));
  close();
  open();
  EXPECT_EQ(chats_->list({.text = "afterwards"})->chats.size(), 1u);
}

TEST_F(ChatStoreTest, NamesLimits) {
  const auto titled = chats_->create(std::string(201, 'x'), "");
  ASSERT_FALSE(titled);
  EXPECT_EQ(titled.error().message, "title has 201 characters, the limit is 200");
  const std::string chat = chats_->create("t", "")->id;
  EXPECT_FALSE(chats_->add_message(chat, {.text = std::string((1 << 20) + 1, 'x')}));
  EXPECT_FALSE(chats_->add_message("c_none", {.text = "x"}));
}

}  // namespace
}  // namespace seine::gateway
