// Seine's own documentation as a source of answers: indexed once a version, in the background, and
// answered from the index, so that a question about Seine needs no network and tells nobody. Stands
// before the web's ports and passes on what is not its own. Owned by the composition root; any
// thread; its pool ends before it does.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <vector>

#include "answer/ports.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/key_value.h"
#include "store/worker_pool.h"
#include "web/index/collection.h"

namespace seine::server {

class DocsSite final : public answer::Search, public answer::Pages {
 public:
  static constexpr std::string_view kCollection = "docs";

  struct Ports {  // all outlive it
    web::PageIndex& index;
    store::KeyValue& records;
    store::WorkerPool& pool;
    answer::Search& search;
    answer::Pages& pages;
    const base::Clock& clock;
    base::Logger log;
  };
  explicit DocsSite(Ports ports) : ports_(std::move(ports)) {}

  // Begins indexing unless this version's pages are in the index already. `address` is where the
  // service is reached, "http://127.0.0.1:8480": pages are cited under it. Once, before the first
  // question.
  void start(std::string address);
  // Blocks until the pages are in the index, or cannot be; false when the time passed first.
  bool wait(base::Duration within);
  // Asks the web's ports no more: they may go now.
  void close();

  // Hits of the documentation stand before those of the web, where they hold most of what is asked.
  using Found = std::function<void(base::Result<answer::SearchResult>)>;
  void search(answer::SearchQuery query, base::Deadline deadline, std::stop_token stop,
              Found done) override;
  void read(answer::ReadRequest request, base::Deadline deadline, std::stop_token stop,
            std::function<void(base::Result<answer::Page>)> done) override;
  void read_site(answer::SiteRequest request, base::Deadline deadline, std::stop_token stop,
                 std::function<void(answer::PageRead)> page,
                 std::function<void(base::Result<>)> done) override;

 private:
  enum class State : std::uint8_t { kIndexing, kReady, kFailed };
  using Job = std::function<void()>;

  void put_page(std::size_t place);
  void fail(const base::Error& error);
  void settle(State state);
  // On the pool, once the pages are in the index; `otherwise` where it has failed or is full.
  void when_ready(Job job, std::function<void(base::Error)> otherwise);
  // "/docs/guides/models" of an address of ours.
  std::optional<std::string> path_of(std::string_view url) const;
  base::Result<answer::Page> page(std::string_view path);
  void search_beyond(answer::SearchQuery query, base::Deadline deadline, std::stop_token stop,
                     Found done);
  // What the documentation holds of a question, where it holds most of it.
  std::vector<answer::SearchHit> about_seine(const answer::SearchQuery& query);
  std::vector<answer::SearchHit> hits(const std::string& text, std::size_t limit);

  Ports ports_;
  std::string address_;
  std::shared_mutex open_mutex_;
  bool open_ = true;
  std::mutex mutex_;
  std::condition_variable settled_;
  State state_ = State::kIndexing;
  std::vector<std::pair<Job, std::function<void(base::Error)>>> waiting_;
};

}  // namespace seine::server
