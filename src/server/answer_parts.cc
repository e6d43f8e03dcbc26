#include "server/answer_parts.h"

#include "answer/answers.h"
#include "answer/run_store.h"
#include "base/json.h"
#include "gateway/answers/ask_routes.h"
#include "gateway/answers/file_page.h"
#include "gateway/answers/run_routes.h"
#include "gateway/chats/share_routes.h"
#include "gateway/chats/share_store.h"

namespace seine::server {

// Members are destroyed from the last to the first: the routes before the runs, the runs before
// what they read with.
struct AnswerParts::Impl {
  std::unique_ptr<answer::RunStore> runs;
  std::unique_ptr<answer::Answers> answers;
  std::unique_ptr<gateway::AskRoutes> ask_routes;
  std::unique_ptr<gateway::RunRoutes> run_routes;
  std::unique_ptr<gateway::ShareStore> shares;
  std::unique_ptr<gateway::ShareRoutes> share_routes;
};

AnswerParts::AnswerParts(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AnswerParts::~AnswerParts() = default;

base::Result<std::unique_ptr<AnswerParts>> AnswerParts::make(Ports ports, net::Router& router) {
  auto impl = std::make_unique<Impl>();
  Impl& a = *impl;
  a.runs = SEINE_TRY(answer::RunStore::open(ports.database, ports.blobs));
  a.answers = std::make_unique<answer::Answers>(answer::Answers::Ports{.search = ports.search,
                                                                       .pages = &ports.pages,
                                                                       .generator = ports.generator,
                                                                       .embedder = ports.embedder,
                                                                       .reranker = ports.reranker,
                                                                       .store = a.runs.get(),
                                                                       .clock = ports.clock,
                                                                       .random = ports.random},
                                                answer::AnswerSettings());
  a.ask_routes = std::make_unique<gateway::AskRoutes>(gateway::AskRoutes::Ports{
      .answers = *a.answers,
      .chats = ports.chats,
      .pool = ports.pool,
      .file = [files = ports.files](const std::string& id) -> base::Result<answer::Page> {
        if (files == nullptr) return base::fail(base::Code::kNotFound, "no file {}", id);
        const gateway::StoredFile file = SEINE_TRY(files->get(id));
        gateway::FileText text = SEINE_TRY(files->text(id));
        return gateway::file_page(file, std::move(text));
      },
      .lost = std::move(ports.lost)});
  a.ask_routes->install(router);
  a.run_routes = std::make_unique<gateway::RunRoutes>(*a.answers, *a.runs, ports.pool);
  a.run_routes->install(router);
  if (ports.chats != nullptr) {
    a.shares = SEINE_TRY(gateway::ShareStore::open(ports.database, ports.clock, ports.random));
    a.share_routes = std::make_unique<gateway::ShareRoutes>(gateway::ShareRoutes::Ports{
        .chats = *ports.chats,
        .shares = *a.shares,
        .pool = ports.pool,
        .snapshot = [runs = a.runs.get()](const std::string& hash) -> base::Result<std::string> {
          return base::to_text(gateway::to_json(SEINE_TRY(runs->snapshot(hash)), hash));
        }});
    a.share_routes->install(router);
  }
  return std::unique_ptr<AnswerParts>(new AnswerParts(std::move(impl)));
}

answer::Answers& AnswerParts::answers() {
  return *impl_->answers;
}

}  // namespace seine::server
