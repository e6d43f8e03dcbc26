// The outside of a recorded run: what was searched, read and said comes back as it was then, and
// nothing else. Answers at once, on the caller's thread. The record outlives them.
#pragma once

#include <mutex>

#include "answer/ports.h"
#include "answer/record.h"
#include "llm/ports.h"

namespace seine::answer {

class ReplaySearch final : public Search {
 public:
  explicit ReplaySearch(const RunRecord& record) : record_(record) {}
  void search(SearchQuery query, base::Deadline deadline, std::stop_token stop,
              std::function<void(base::Result<SearchResult>)> done) override;

 private:
  const RunRecord& record_;
};

class ReplayPages final : public Pages {
 public:
  explicit ReplayPages(const RunRecord& record) : record_(record) {}
  void read(ReadRequest request, base::Deadline deadline, std::stop_token stop,
            std::function<void(base::Result<Page>)> done) override;
  void read_site(SiteRequest request, base::Deadline deadline, std::stop_token stop,
                 std::function<void(PageRead)> page,
                 std::function<void(base::Result<>)> done) override;

 private:
  const RunRecord& record_;
};

// Gives the recorded replies in order.
class ReplayGenerator final : public llm::Generator {
 public:
  explicit ReplayGenerator(const RunRecord& record) : record_(record) {}
  std::vector<llm::ModelInfo> models() const override;
  base::Result<llm::StreamReader> generate(llm::ChatRequest request,
                                           base::Deadline deadline) override;

 private:
  const RunRecord& record_;
  std::mutex mutex_;
  std::size_t next_ = 0;
};

}  // namespace seine::answer
