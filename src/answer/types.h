// The vocabulary of a web-connected answer: what is asked, and the answer with its steps, sources
// and citations, as docs/reference/console-api.md shows them to clients. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/language.h"
#include "llm/request.h"

namespace seine::answer {

struct ByteSpan {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const ByteSpan&) const = default;
};

// A piece of a page's Markdown.
struct PageBlock {
  std::string kind;  // "paragraph", "heading", "list_item", "quote", "code", "table", ...
  ByteSpan span;
  std::string heading_path = {};  // "Guide > Install": the headings above it
  std::string anchor = {};        // of the file's address: "page=3", "slide=3", "sheet=Sales"
  bool operator==(const PageBlock&) const = default;
};

// A page as it was read: clean text with blocks, never the page's own code.
struct Page {
  std::string url;  // where it came from in the end
  std::string title = {};
  std::string site = {};
  std::string author = {};
  std::string published = {};  // ISO 8601 as the page says; empty: unknown
  std::string language = {};
  base::WallTime fetched_at = {};
  std::int64_t age_s = 0;
  std::string from = "network";  // "network", "cache", "index", "file"
  std::string verdict = "ok";
  std::string markdown;
  std::vector<PageBlock> blocks;
};

enum class SearchMode : std::uint8_t { kAuto, kOn, kOff };

struct AskRequest {
  std::string question;
  std::vector<llm::Message> history = {};  // earlier turns, oldest first
  std::string model = {};                  // empty: the default one
  SearchMode search = SearchMode::kAuto;
  std::optional<llm::Effort> think = {};
  std::vector<std::string> sites = {};  // read these only
  bool trusted_sites = false;           // named by the operator: may be this machine's own
  std::vector<Page> files = {};         // uploads that count as sources
  std::optional<base::Language> language = {};
  std::string chat_id = {};  // these three are carried through to the answer
  std::string question_id = {};
  std::string answer_id = {};
  bool record = true;  // keep the run for `runs` and replay
};

enum class StepKind : std::uint8_t { kPlan, kSearch, kRead, kRank, kGenerate, kVerify };
enum class StepState : std::uint8_t { kStarted, kDone, kFailed };

struct Step {
  int id = 0;
  StepKind kind = StepKind::kPlan;
  StepState state = StepState::kStarted;
  std::string title = {};
  std::string detail = "{}";  // a JSON object
  std::string reason = {};    // kFailed: why
  std::int64_t elapsed_ms = 0;
};

enum class SourceState : std::uint8_t { kRead, kCited, kFailed };

struct Source {
  int id = 0;  // from 1
  std::string url;
  std::string title = {};
  std::string site = {};
  SourceState state = SourceState::kRead;
  std::string reason = {};  // kFailed
  std::string published = {};
  base::WallTime fetched_at = {};
  std::int64_t age_s = 0;
  std::string from = {};
  std::string snapshot = {};  // hex SHA-256 of the Markdown; empty: none
  std::string verdict = {};
};

enum class Support : std::uint8_t { kSupported, kPartial, kUnsupported };

struct Citation {
  int marker = 0;         // the number shown
  std::size_t start = 0;  // code points of the answer's text: the marker
  std::size_t end = 0;
  std::size_t sentence_start = 0;  // the sentence that it backs
  std::size_t sentence_end = 0;
  int source_id = 0;
  std::string quote = {};   // exactly what stands at `span`
  ByteSpan span = {};       // of the snapshot
  std::string anchor = {};  // PageBlock::anchor of what is quoted
  Support support = Support::kUnsupported;
};

enum class Speaker : std::uint8_t { kModel, kExtract, kNone };
enum class AnswerState : std::uint8_t { kComplete, kStopped, kFailed, kNotFound };

struct AnswerUsage {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t completion_tokens = 0;
};

struct Answer {
  std::string run_id;
  std::string chat_id = {};
  std::string question_id = {};
  std::string answer_id = {};
  std::string question = {};
  std::string text = {};
  std::string brief = {};  // the few words that answer, where they are known
  Speaker by = Speaker::kNone;
  std::string model = {};
  AnswerState state = AnswerState::kComplete;
  std::string reasoning = {};
  std::vector<Citation> citations = {};
  std::vector<Source> sources = {};
  std::vector<Step> steps = {};
  std::optional<AnswerUsage> usage = {};
  std::int64_t first_token_ms = 0;
  std::int64_t total_ms = 0;
  base::WallTime created_at = {};
  std::optional<base::Error> error = {};
};

// The source's address, and for a page of a PDF the fragment that opens it there (RFC 8118).
std::string address_of(const Source& source, const Citation& citation);

std::string_view name_of(StepKind kind);
std::string_view name_of(StepState state);
std::string_view name_of(SourceState state);
std::string_view name_of(Support support);
std::string_view name_of(Speaker speaker);
std::string_view name_of(AnswerState state);
std::optional<SearchMode> parse_search_mode(std::string_view text);

}  // namespace seine::answer
