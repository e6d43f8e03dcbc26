// Conversations on the server: a tree of messages each, with folders, pins, an archive, and search
// in English and Chinese over every message. A deleted chat can be restored for kRestoreTime.
// Blocks on the store; safe on any thread. Owned by the composition root; the database, the index
// and the clock outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/random.h"
#include "store/database.h"
#include "store/text_index.h"

namespace seine::gateway {

enum class ChatRole : std::uint8_t { kUser, kAssistant };
std::string_view chat_role_name(ChatRole role);

struct ChatInfo {
  std::string id;  // "c_…"
  std::string title;
  std::string folder = {};  // empty: none
  bool pinned = false;
  bool archived = false;
  base::WallTime created_at = {};
  base::WallTime updated_at = {};
  std::uint64_t message_count = 0;
  std::string snippet = {};  // of the message that a search found, else of the last one
};

struct ChatMessage {
  std::string id = {};                        // "m_…"
  std::optional<std::string> parent_id = {};  // nothing: a root
  ChatRole role = ChatRole::kUser;
  std::string text = {};
  std::string state = "complete";  // an answer's: running, complete, stopped, failed, not_found
  base::WallTime created_at = {};
  std::string run_id = {};  // of an answer; empty: none
  std::string model = {};
  std::string answer = {};  // the answer object as JSON text; empty: none
};

struct Chat {
  ChatInfo info;
  std::vector<ChatMessage> messages;  // all branches, oldest first
};

struct ChatQuery {
  std::string text = {};  // full-text; empty: all
  std::optional<std::string> folder = {};
  std::optional<bool> pinned = {};
  bool archived = false;
  std::size_t limit = 50;  // at most ChatStore::kListMax
  std::string cursor = {};
};

struct ChatPage {
  std::vector<ChatInfo> chats;  // latest first; by rank when a text was asked for
  std::string next_cursor;      // empty: no more
};

// What is to be changed; nothing: stays.
struct ChatPatch {
  std::optional<std::string> title = {};
  std::optional<std::string> folder = {};
  std::optional<bool> pinned = {};
  std::optional<bool> archived = {};
};

struct MessagePatch {
  std::optional<std::string> text = {};
  std::optional<std::string> state = {};
  std::optional<std::string> run_id = {};
  std::optional<std::string> model = {};
  std::optional<std::string> answer = {};
};

struct Folder {
  std::string name;
  std::uint64_t count = 0;
};

class ChatStore {
 public:
  static constexpr std::chrono::minutes kRestoreTime{10};
  static constexpr std::size_t kListMax = 200;
  static constexpr std::size_t kMessagesMax = 5000;        // of one chat
  static constexpr std::size_t kTextBytesMax = 1 << 20;    // of one message
  static constexpr std::size_t kAnswerBytesMax = 8 << 20;  // of one answer object
  static constexpr std::size_t kTitlePointsMax = 200;
  static constexpr std::size_t kFolderPointsMax = 80;

  // Applies its migrations, and indexes what a crash left unindexed.
  static base::Result<std::unique_ptr<ChatStore>> open(store::Database& database,
                                                       store::TextIndex& index,
                                                       const base::Clock& clock,
                                                       base::Random& random);

  base::Result<ChatPage> list(const ChatQuery& query);
  // An empty title is filled from the first question.
  base::Result<ChatInfo> create(std::string_view title, std::string_view folder);
  // kNotFound: no such chat, or deleted.
  base::Result<Chat> get(const std::string& id);
  base::Result<ChatInfo> patch(const std::string& id, const ChatPatch& patch);
  base::Result<> remove(const std::string& id);
  // kNotFound when the time to restore has passed.
  base::Result<ChatInfo> restore(const std::string& id);
  base::Result<std::vector<Folder>> folders();

  // Adds a message; id and created_at are made here. The parent must be of the same chat. Returns
  // what was stored.
  base::Result<ChatMessage> add_message(const std::string& chat, ChatMessage message);
  base::Result<> update_message(const std::string& chat, const std::string& id,
                                const MessagePatch& patch);
  // The message and everything that follows from it.
  base::Result<> remove_message(const std::string& chat, const std::string& id);
  base::Result<ChatMessage> message(const std::string& chat, const std::string& id);
  // From the root to that message: what a model is shown.
  base::Result<std::vector<ChatMessage>> path_to(const std::string& chat, const std::string& id);

  // Ends what was deleted longer than kRestoreTime ago; returns how many chats went.
  base::Result<std::size_t> purge();
  // Marks answers that were running when the process ended as stopped; called at start.
  base::Result<std::size_t> settle_interrupted();

 private:
  ChatStore(store::Database& database, store::TextIndex& index, const base::Clock& clock,
            base::Random& random)
      : database_(database), index_(index), clock_(clock), random_(random) {}

  base::Result<> index_pending();
  base::Result<ChatPage> search(const ChatQuery& query);

  store::Database& database_;
  store::TextIndex& index_;
  const base::Clock& clock_;
  base::Random& random_;
};

}  // namespace seine::gateway
