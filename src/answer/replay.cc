#include "answer/replay.h"

#include <algorithm>
#include <utility>

namespace seine::answer {
namespace {

base::Error not_recorded(std::string_view what) {
  return {base::Code::kNotFound, fmt::format("{} is not in the run's record", what)};
}

}  // namespace

void ReplaySearch::search(SearchQuery query, base::Deadline, std::stop_token,
                          std::function<void(base::Result<SearchResult>)> done) {
  const auto found = std::ranges::find(record_.searches, query.text, &RecordedSearch::query);
  if (found == record_.searches.end()) {
    done(std::unexpected(not_recorded(query.text)));
  } else {
    done(found->result);
  }
}

void ReplayPages::read(ReadRequest request, base::Deadline, std::stop_token,
                       std::function<void(base::Result<Page>)> done) {
  const auto found = std::ranges::find_if(
      record_.reads, [&](const auto& read) { return read.first == request.url; });
  if (found == record_.reads.end()) {
    done(std::unexpected(not_recorded(request.url)));
  } else {
    done(found->second.page);
  }
}

void ReplayPages::read_site(SiteRequest request, base::Deadline, std::stop_token,
                            std::function<void(PageRead)> page,
                            std::function<void(base::Result<>)> done) {
  for (const auto& [site, read] : record_.site_reads) {
    if (site == request.url) page(read);
  }
  const auto failed = std::ranges::find_if(
      record_.reads, [&](const auto& read) { return read.first == "site:" + request.url; });
  if (failed != record_.reads.end() && !failed->second.page) {
    done(std::unexpected(failed->second.page.error()));
  } else {
    done({});
  }
}

std::vector<llm::ModelInfo> ReplayGenerator::models() const {
  return record_.model ? std::vector{*record_.model} : std::vector<llm::ModelInfo>();
}

base::Result<llm::StreamReader> ReplayGenerator::generate(llm::ChatRequest, base::Deadline) {
  const std::lock_guard lock(mutex_);
  if (next_ == record_.replies.size())
    return std::unexpected(not_recorded("this call of the model"));
  const RecordedReply& reply = record_.replies[next_++];
  const auto stream = std::make_shared<llm::DeltaStream>();
  if (!reply.reasoning.empty()) stream->push(llm::ReasoningDelta{reply.reasoning});
  if (!reply.text.empty()) {
    llm::TextDelta text{reply.text};
    // One token stands for all: only the mean is looked at.
    if (reply.logprobs > 0) text.logprobs.push_back({.token = {}, .logprob = reply.logprob});
    stream->push(std::move(text));
  }
  if (reply.error) {
    stream->fail(*reply.error);
  } else {
    stream->push(llm::Finish{.usage = reply.usage});
  }
  return llm::StreamReader(stream);
}

}  // namespace seine::answer
