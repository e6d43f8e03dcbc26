#include <gtest/gtest.h>

#include "base/json.h"
#include "gateway/chats/chat_routes.h"
#include "gateway/chats/share_routes.h"
#include "gateway/chats/share_store.h"
#include "gateway/detail/test_gateway.h"
#include "store/text_index.h"

namespace seine::gateway {
namespace {

using base::Json;
using std::chrono::seconds;

// A question and an answer that cites the snapshot "aa", with links to it.
class Shares : public testing::Test {
 protected:
  explicit Shares(bool open = true)
      : gateway(open),
        index(*store::TextIndex::open(*gateway.database)),
        chats(*ChatStore::open(*gateway.database, *index, gateway.clock, gateway.random)),
        shares(*ShareStore::open(*gateway.database, gateway.clock, gateway.random)),
        routes({.chats = *chats,
                .shares = *shares,
                .pool = gateway.pool,
                .snapshot = [](const std::string& hash) -> base::Result<std::string> {
                  return base::to_text({{"hash", hash}});
                }}) {
    routes.install(gateway.router);
    gateway.start();
    chat = chats->create("Rivers", "")->id;
    question = chats->add_message(chat, {.text = "How long?"})->id;
    const Json told = {{"run_id", "r_1"},
                       {"chat_id", chat},
                       {"text", "777 km"},
                       {"sources", {{{"id", 1}, {"snapshot", "aa"}}}}};
    answer = chats
                 ->add_message(chat, {.parent_id = question,
                                      .role = ChatRole::kAssistant,
                                      .text = "777 km",
                                      .run_id = "r_1",
                                      .answer = base::to_text(told)})
                 ->id;
  }
  Json share(Json body) {
    const auto reply = gateway.post("/api/chats/" + chat + "/shares", body);
    EXPECT_EQ(reply.status, 201) << reply.body;
    return reply.json();
  }
  std::string shared(const Json& link) const {
    return "/api/shared/" + link["id"].get<std::string>();
  }

  detail::TestGateway gateway;
  std::unique_ptr<store::TextIndex> index;
  std::unique_ptr<ChatStore> chats;
  std::unique_ptr<ShareStore> shares;
  ShareRoutes routes;
  std::string chat;
  std::string question;
  std::string answer;
};
class SharesBehindKeys : public Shares {
 protected:
  SharesBehindKeys() : Shares(false) {}
};

TEST_F(Shares, ShowWhatStoodThereAndNothingLater) {
  const Json link = share({{"message_id", answer}});
  EXPECT_TRUE(link["expires_at"].is_null());
  EXPECT_EQ(link["path"], "/shared/" + link["id"].get<std::string>());
  (void)chats->add_message(chat, {.parent_id = answer, .text = "A secret?"});
  const auto reply = gateway.ask("GET", shared(link));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const Json seen = reply.json();
  EXPECT_EQ(seen["title"], "Rivers");
  ASSERT_EQ(seen["messages"].size(), 2u);
  EXPECT_EQ(seen["messages"][1]["answer"]["text"], "777 km");
  EXPECT_EQ(reply.body.find("r_1"), std::string::npos) << "no id leads further in";
  EXPECT_EQ(reply.body.find(chat), std::string::npos);
}

TEST_F(Shares, ShowTheNewestBranchWhereNoMessageIsNamed) {
  const Json seen = gateway.ask("GET", shared(share(Json::object()))).json();
  ASSERT_EQ(seen["messages"].size(), 2u);
  EXPECT_EQ(seen["messages"][1]["id"], answer);
}

TEST_F(Shares, OpenOnlyTheSnapshotsThatTheyCite) {
  const Json link = share({{"message_id", answer}});
  EXPECT_EQ(gateway.ask("GET", shared(link) + "/snapshots/aa").json()["hash"], "aa");
  EXPECT_EQ(gateway.ask("GET", shared(link) + "/snapshots/bb").status, 404);
  const Json other = share({{"message_id", question}});
  EXPECT_EQ(gateway.ask("GET", shared(other) + "/snapshots/aa").status, 404);
}

TEST_F(Shares, ExpireAndAreTakenBack) {
  const Json brief = share({{"message_id", answer}, {"expires_in_s", 60}});
  const Json link = share({{"message_id", answer}});
  EXPECT_EQ(gateway.ask("GET", "/api/shares?chat=" + chat).json()["data"].size(), 2u);
  EXPECT_EQ(gateway.ask("GET", "/api/shares?chat=c_other").json()["data"].size(), 0u);
  gateway.clock.advance(seconds(61));
  EXPECT_EQ(gateway.ask("GET", shared(brief)).status, 404);
  EXPECT_EQ(gateway.ask("GET", "/api/shares").json()["data"].size(), 1u);
  const std::string place = "/api/shares/" + link["id"].get<std::string>();
  EXPECT_EQ(gateway.ask("DELETE", place).status, 204);
  EXPECT_EQ(gateway.ask("DELETE", place).status, 404);
  EXPECT_EQ(gateway.ask("GET", shared(link)).status, 404);
}

TEST_F(Shares, RefuseWhatCannotBeShared) {
  const std::string place = "/api/chats/" + chat + "/shares";
  EXPECT_EQ(gateway.post(place, {{"message_id", "m_none"}}).status, 404);
  EXPECT_EQ(gateway.post(place, {{"message_id", 7}}).json()["error"]["param"], "message_id");
  const std::string empty = chats->create("Empty", "")->id;
  EXPECT_EQ(gateway.post("/api/chats/" + empty + "/shares", Json::object()).status, 400);
  EXPECT_EQ(gateway.post(place, {{"message_id", answer}, {"expires_in_s", 0}}).status, 400);
  EXPECT_EQ(gateway.post("/api/chats/c_none/shares", {{"message_id", answer}}).status, 404);
  const std::string running =
      chats
          ->add_message(chat,
                        {.parent_id = question, .role = ChatRole::kAssistant, .state = "running"})
          ->id;
  EXPECT_EQ(gateway.post(place, {{"message_id", running}}).status, 400);
  EXPECT_EQ(gateway.ask("GET", "/api/shared/guessed").status, 404);
}

TEST_F(SharesBehindKeys, AreReadWithoutASessionAndMadeWithOne) {
  EXPECT_EQ(gateway.post("/api/chats/" + chat + "/shares", {{"message_id", answer}}).status, 401);
  EXPECT_EQ(gateway.ask("GET", "/api/shares").status, 401);
  const auto link = shares->create(
      chat, "Rivers", base::to_text(shared_content("Rivers", *chats->path_to(chat, answer))), {});
  ASSERT_TRUE(link);
  EXPECT_EQ(gateway.ask("GET", "/api/shared/" + link->id).status, 200);
  EXPECT_EQ(gateway.ask("GET", "/api/shared/" + link->id + "/snapshots/aa").status, 200);
  EXPECT_EQ(gateway.ask("DELETE", "/api/shares/" + link->id).status, 401);
}

TEST_F(Shares, AreBounded) {
  EXPECT_EQ(shares->create(chat, "t", std::string(ShareStore::kContentBytesMax + 1, ' '), {})
                .error()
                .code,
            base::Code::kResourceExhausted);
}

}  // namespace
}  // namespace seine::gateway
