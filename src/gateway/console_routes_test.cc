#include "gateway/console_routes.h"

#include <gtest/gtest.h>

#include "gateway/answers/file_page.h"
#include "gateway/chats/chat_routes.h"
#include "gateway/detail/test_gateway.h"
#include "gateway/settings/prompts.h"
#include "gateway/settings/settings.h"

namespace seine::gateway {
namespace {

using detail::TestGateway;

class OneModel final : public ModelAdmin {
 public:
  std::vector<ModelEntry> list() const override {
    return {{.id = "m",
             .state = ModelState::kLoading,
             .is_default = true,
             .progress = ModelProgress{.phase = "read", .done = 1, .total = 4, .rate = 2}}};
  }
  base::Result<ModelEstimate> estimate(const std::string& id, ModelRoom room) const override {
    if (id != "m") return base::fail_field(base::Code::kNotFound, "model", "no model '{}'", id);
    return ModelEstimate{
        .weights_bytes = 10, .kv_bytes = room.context_tokens, .available_bytes = 100};
  }
  base::Result<> load(const std::string& id, ModelRoom room) override {
    return note(room.context_tokens == 0
                    ? "load " + id
                    : fmt::format("load {} {} x {}", id, room.context_tokens, room.batch));
  }
  base::Result<> unload(const std::string& id) override { return note("unload " + id); }
  base::Result<> set_default(const std::string& id) override { return note("default " + id); }
  std::vector<std::string> seen;

 private:
  base::Result<> note(std::string what) {
    seen.push_back(std::move(what));
    return {};
  }
};

struct ServedConsole {
  ServedConsole()
      : directory(testing::TempDir() + "console_routes_blobs." + std::to_string(getpid())),
        blobs(*store::BlobStore::open(directory, *gateway.database, gateway.clock)),
        index(*store::TextIndex::open(*gateway.database)),
        files(*FileStore::open(*gateway.database, *blobs, gateway.clock, gateway.random,
                               read_plain_file)),
        chats(*ChatStore::open(*gateway.database, *index, gateway.clock, gateway.random)),
        routes({.models = models,
                .files = *files,
                .records = *gateway.records,
                .pool = gateway.pool,
                .readers = gateway.pool,
                .providers = [] { return std::vector<SearchProviderInfo>{{"own", "ready"}}; }}),
        chat_routes(*chats, gateway.pool) {
    routes.install(gateway.router);
    chat_routes.install(gateway.router);
    gateway.start();
  }
  ~ServedConsole() {
    gateway.server.reset();
    std::filesystem::remove_all(directory);
  }

  TestGateway gateway;
  OneModel models;
  std::string directory;
  std::unique_ptr<store::BlobStore> blobs;
  std::unique_ptr<store::TextIndex> index;
  std::unique_ptr<FileStore> files;
  std::unique_ptr<ChatStore> chats;
  ConsoleRoutes routes;
  ChatRoutes chat_routes;
};

TEST(ConsoleRoutes, ShowsAndChangesModels) {
  ServedConsole served;
  const base::Json list = served.gateway.ask("GET", "/api/models").json();
  EXPECT_EQ(list["data"][0]["state"], "loading");
  EXPECT_EQ(list["data"][0]["progress"]["total"], 4);
  EXPECT_EQ(list["data"][0]["default"], true);
  const base::Json estimate = served.gateway.ask("GET", "/api/models/m/estimate?context=80").json();
  EXPECT_EQ(estimate["total_bytes"], 90);
  EXPECT_EQ(estimate["fits"], true);
  EXPECT_EQ(served.gateway.ask("GET", "/api/models/m/estimate?context=x").status, 400);
  EXPECT_EQ(served.gateway.ask("GET", "/api/models/n/estimate").status, 404);
  for (const char* verb : {"load", "unload", "default"}) {
    EXPECT_EQ(served.gateway.ask("POST", std::string("/api/models/m/") + verb).status, 202);
  }
  const auto load = [&](const char* body) {
    return served.gateway.ask("POST", "/api/models/m/load", body).status;
  };
  EXPECT_EQ(load(R"({"context": 4096, "batch": 3})"), 202);
  EXPECT_EQ(load(R"({"context": 2147483648})"), 400);
  EXPECT_EQ(load(R"({"batch": "three"})"), 400);
  EXPECT_EQ(served.models.seen,
            (std::vector<std::string>{"load m", "unload m", "default m", "load m 4096 x 3"}));
}

TEST(ConsoleRoutes, KeepsFiles) {
  ServedConsole served;
  const auto made = served.gateway.ask("POST", "/api/files?name=a.md", "# Seine\n777 km\n");
  ASSERT_EQ(made.status, 201) << made.body;
  const base::Json file = made.json();
  EXPECT_EQ(file["type"], "text/markdown");
  EXPECT_EQ(file["characters"], 15);
  const std::string id = file["id"].get<std::string>();
  EXPECT_EQ(served.files->text(id)->text, "# Seine\n777 km\n");
  EXPECT_EQ(served.gateway.ask("GET", "/api/files").json()["data"].size(), 1u);
  EXPECT_EQ(served.gateway.ask("DELETE", "/api/files/" + id).status, 204);
  EXPECT_EQ(served.gateway.ask("GET", "/api/files/" + id).status, 404);
  EXPECT_EQ(served.blobs->usage()->pinned_bytes, 0u);
}

TEST(ConsoleRoutes, GivesAFileBackAsItWasSent) {
  ServedConsole served;
  const auto made =
      served.gateway.ask("POST", "/api/files?name=%E6%B2%B3.md", "<script>1</script>");
  const std::string id = made.json()["id"].get<std::string>();
  const auto sent = served.gateway.ask("GET", "/api/files/" + id + "/original");
  EXPECT_EQ(sent.body, "<script>1</script>");
  EXPECT_EQ(sent.headers.get("content-type"), "application/octet-stream");
  EXPECT_EQ(sent.headers.get("x-content-type-options"), "nosniff");
  EXPECT_EQ(sent.headers.get("content-disposition"), "attachment; filename*=UTF-8''%E6%B2%B3.md");
  EXPECT_EQ(served.gateway.ask("GET", "/api/files/f_none/original").status, 404);
}

TEST(FilePage, SaysWhereInTheFileABlockStands) {
  const FileText text{.type = "application/pdf",
                      .text = "# One\n\nfirst\n- a\n- b\n\nlast",
                      .places = {{0, "page=1"}, {17, "page=2"}}};
  const answer::Page page = file_page({.id = "f_1", .name = "a.pdf"}, text);
  ASSERT_EQ(page.blocks.size(), 4u);
  EXPECT_EQ(page.blocks[1].anchor, "page=1");
  EXPECT_EQ(page.markdown.substr(page.blocks[2].span.begin), "- b\n\nlast");
  EXPECT_EQ(page.blocks[2].anchor, "page=2");
  EXPECT_EQ(page.blocks[3].anchor, "page=2");
  const answer::Page plain = file_page({.id = "f_2", .name = "a.md"}, {.type = "", .text = "a"});
  EXPECT_EQ(plain.blocks[0].anchor, "");
}

TEST(ConsoleRoutes, SaysWhyAFileCannotBeRead) {
  ServedConsole served;
  const auto pdf = served.gateway.ask("POST", "/api/files?name=r.pdf", "%PDF-1.7\n\xff\xfe");
  EXPECT_EQ(pdf.status, 400);
  EXPECT_EQ(pdf.json()["error"]["message"], "'r.pdf' cannot be read: it is a PDF");
  EXPECT_EQ(served.gateway.ask("POST", "/api/files?name=x", "  \n").status, 400);
  EXPECT_EQ(served.gateway.ask("POST", "/api/files", "text").status, 400);
}

TEST(ConsoleRoutes, KeepsSettings) {
  ServedConsole served;
  EXPECT_EQ(served.gateway.ask("GET", "/api/settings").json(), base::Json::object());
  const auto put = [&](const base::Json& body) {
    return served.gateway.ask("PUT", "/api/settings", base::to_text(body));
  };
  EXPECT_EQ(put({{"theme", "dark"}, {"font_size", "large"}, {"model", nullptr}}).status, 200);
  EXPECT_EQ(served.gateway.ask("GET", "/api/settings").json(),
            (base::Json{{"theme", "dark"}, {"font_size", "large"}}));
  const auto bad = put({{"theme", "pink"}});
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.json()["error"]["param"], "theme");
  EXPECT_EQ(put({{"colour", "red"}}).status, 400);
  EXPECT_EQ(put({{"theme", 5}}).status, 400);
  EXPECT_EQ(put(base::Json::array()).status, 400);
}

TEST(ConsoleRoutes, ListsSearchProviders) {
  ServedConsole served;
  const base::Json list = served.gateway.ask("GET", "/api/search_providers").json();
  EXPECT_EQ(list["data"][0]["id"], "own");
  EXPECT_TRUE(list["data"][0]["p50_ms"].is_null());
}

TEST(ChatRoutes, ServeTheWholeLifeOfAChat) {
  ServedConsole served;
  TestGateway& gateway = served.gateway;
  const auto made = gateway.post("/api/chats", {{"title", "Rivers"}, {"folder", "geo"}});
  ASSERT_EQ(made.status, 201);
  const std::string chat = made.json()["id"].get<std::string>();
  const auto question = *served.chats->add_message(chat, {.text = "How long is the Seine?"});
  ASSERT_TRUE(served.chats->add_message(chat, {.parent_id = question.id,
                                               .role = ChatRole::kAssistant,
                                               .text = "777 km",
                                               .run_id = "r_1",
                                               .answer = R"({"text":"777 km"})"}));
  const base::Json whole = gateway.ask("GET", "/api/chats/" + chat).json();
  ASSERT_EQ(whole["messages"].size(), 2u);
  EXPECT_TRUE(whole["messages"][0]["parent_id"].is_null());
  EXPECT_TRUE(whole["messages"][0]["answer"].is_null());
  EXPECT_EQ(whole["messages"][1]["role"], "assistant");
  EXPECT_EQ(whole["messages"][1]["answer"]["text"], "777 km");
  EXPECT_EQ(gateway.ask("GET", "/api/chats?query=seine%20long").json()["data"].size(), 1u);
  EXPECT_EQ(gateway.ask("GET", "/api/folders").json()["data"][0]["name"], "geo");
  const auto patched =
      gateway.ask("PATCH", "/api/chats/" + chat, R"({"pinned":true,"folder":null})");
  EXPECT_EQ(patched.json()["pinned"], true);
  EXPECT_TRUE(patched.json()["folder"].is_null());
  EXPECT_EQ(gateway.ask("PATCH", "/api/chats/" + chat, R"({"colour":1})").status, 400);
  const auto file = gateway.ask("GET", "/api/chats/" + chat + "/export?format=md");
  EXPECT_EQ(file.headers.get("content-disposition"), "attachment; filename=seine-" + chat + ".md");
  EXPECT_NE(file.body.find("777 km"), std::string::npos);
  EXPECT_EQ(gateway.ask("GET", "/api/chats/" + chat + "/export?format=xml").status, 400);
  EXPECT_EQ(gateway.ask("DELETE", "/api/chats/" + chat + "/messages/" + question.id).status, 204);
  EXPECT_EQ(gateway.ask("GET", "/api/chats/" + chat).json()["messages"].size(), 0u);
  EXPECT_EQ(gateway.ask("DELETE", "/api/chats/" + chat).status, 204);
  EXPECT_EQ(gateway.ask("GET", "/api/chats/" + chat).status, 404);
  EXPECT_EQ(gateway.ask("POST", "/api/chats/" + chat + "/restore").status, 200);
  EXPECT_EQ(gateway.ask("GET", "/api/chats?limit=0").status, 400);
  EXPECT_EQ(gateway.ask("GET", "/api/chats?pinned=maybe").status, 400);
}

TEST(ConsoleRoutes, PromptsAreKeptByName) {
  ServedConsole served;
  const auto put = [&](const std::string& name, const std::string& text) {
    return served.gateway.ask("PUT", "/api/prompts/" + name, base::to_text({{"text", text}}))
        .status;
  };
  EXPECT_EQ(put("weekly", "What is new about {{topic}}?"), 204);
  EXPECT_EQ(put("a%2Fb", "x"), 204);
  EXPECT_EQ(put("weekly", "What changed about {{topic}}?"), 204);
  EXPECT_EQ(put("empty", " "), 400);
  EXPECT_EQ(put("long", std::string(Prompts::kTextBytesMax + 1, 'x')), 400);
  EXPECT_EQ(put(std::string(Prompts::kNamePointsMax + 1, 'n'), "x"), 400);
  EXPECT_EQ(served.gateway.ask("GET", "/api/prompts").json()["data"],
            base::Json::array({{{"name", "a/b"}, {"text", "x"}},
                               {{"name", "weekly"}, {"text", "What changed about {{topic}}?"}}}));
  EXPECT_EQ(served.gateway.ask("DELETE", "/api/prompts/a%2Fb").status, 204);
  EXPECT_EQ(served.gateway.ask("DELETE", "/api/prompts/a%2Fb").status, 404);
  for (std::size_t i = 1; i < Prompts::kCountMax; ++i)
    ASSERT_EQ(put("p" + std::to_string(i), "x"), 204);
  EXPECT_EQ(put("more", "x"), 429);
}

}  // namespace
}  // namespace seine::gateway
