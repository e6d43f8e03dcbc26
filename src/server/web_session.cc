#include "server/web_session.h"

#include <fstream>
#include <iterator>

#include "server/web_settings.h"

namespace seine::server {

base::Result<std::unique_ptr<WebSession>> WebSession::open(const Invocation& invocation) {
  const base::Config config = SEINE_TRY(load_config(invocation));
  const std::string root =
      SEINE_TRY(data_directory(config, invocation.environment, invocation.terminal->language()));
  web::WebSettings settings = SEINE_TRY(web_settings(config, invocation.environment));
  const store::DataDir directory = SEINE_TRY(store::DataDir::open(root));
  std::unique_ptr<WebSession> session(new WebSession());
  if (const auto path = invocation.value("--replay")) {
    std::ifstream file(*path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    if (!file)
      return base::fail_field(base::Code::kNotFound, "--replay", "{} cannot be read", *path);
    settings.replay = SEINE_TRY(web::WebRecord::parse(text));
    settings.cache = false;
  } else if (invocation.has("--record")) {
    settings.record = &session->record_;
    settings.cache = false;
  }
  session->database_ = SEINE_TRY(store::Database::open(directory.database()));
  session->blobs_ =
      SEINE_TRY(store::BlobStore::open(directory.blobs(), *session->database_, session->clock_,
                                       {.total_bytes_max = config.size_bytes("data.blobs_max")}));
  session->index_ = SEINE_TRY(store::TextIndex::open(*session->database_));
  session->pool_ = std::make_unique<store::WorkerPool>(2, 1024);
  session->runtime_ = std::make_unique<net::Runtime>(1, session->clock_);
  session->web_ = SEINE_TRY(web::Web::make(std::move(settings), {.runtime = *session->runtime_,
                                                                 .database = *session->database_,
                                                                 .text_index = *session->index_,
                                                                 .blobs = *session->blobs_,
                                                                 .pool = *session->pool_,
                                                                 .clock = session->clock_,
                                                                 .random = session->random_}));
  return session;
}

base::Result<void> WebSession::finish(const Invocation& invocation) {
  const auto path = invocation.value("--record");
  if (!path) return {};
  std::ofstream file(*path, std::ios::binary | std::ios::trunc);
  file << record_.to_text();
  file.close();
  if (!file)
    return base::fail_field(base::Code::kUnavailable, "--record", "{} cannot be written", *path);
  return {};
}

}  // namespace seine::server
