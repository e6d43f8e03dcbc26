// What a run took from outside: search results, pages, model replies. With it the run can be made
// again with no network and no model. Plain values and their JSON; the pages' Markdown lies in
// blobs.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "answer/ports.h"
#include "answer/types.h"
#include "base/error.h"
#include "llm/delta.h"
#include "llm/ports.h"

namespace seine::answer {

struct RecordedSearch {
  std::string query;
  base::Result<SearchResult> result;
};

// One call of the model: what it said, or why it did not.
struct RecordedReply {
  std::string text = {};
  std::string reasoning = {};
  double logprob = 0;        // mean over the tokens that told theirs
  std::size_t logprobs = 0;  // how many did
  llm::Usage usage = {};
  std::optional<base::Error> error = {};
};

// How the passages stood, where more than their words had a say: what a model gave is not computed
// again.
struct RecordedOrder {
  std::string by;                  // "words": as they rank by themselves
  std::vector<std::size_t> order;  // empty then
};

struct RunRecord {
  base::WallTime started = {};
  std::string nonce;
  std::optional<llm::ModelInfo> model = {};
  std::vector<RecordedSearch> searches = {};
  std::vector<std::pair<std::string, PageRead>> reads = {};       // what was asked for -> what came
  std::vector<std::pair<std::string, PageRead>> site_reads = {};  // site -> page, as they came
  std::vector<RecordedReply> replies = {};                        // in order of the calls
  std::vector<RecordedOrder> orders = {};                         // one a ranking
};

// Of each page everything but its Markdown, which is named by its hash.
std::string record_to_text(const AskRequest& request, const RunRecord& record);

// All of a page but its Markdown.
std::string page_to_text(const Page& page);
base::Result<Page> page_from_text(std::string_view text, std::string markdown);

struct StoredRun {
  AskRequest request;
  RunRecord record;
};
// `load` gives the Markdown of a hash.
base::Result<StoredRun> record_from_text(
    std::string_view text,
    const std::function<base::Result<std::string>(const std::string&)>& load);

// Hex SHA-256 of the page's Markdown.
std::string snapshot_of(const Page& page);

}  // namespace seine::answer
