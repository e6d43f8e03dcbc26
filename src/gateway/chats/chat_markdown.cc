#include "gateway/chats/chat_markdown.h"

#include <fmt/format.h>

#include <iterator>
#include <map>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "base/text.h"

namespace seine::gateway {
namespace {

using base::Bilingual;
using base::Json;
using Messages = std::vector<const ChatMessage*>;

// A title must not end its link early.
std::string link_text(std::string_view title) {
  std::string out;
  for (const char c : title) {
    if (c == '[' || c == ']' || c == '\\') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

// "1. [title](url)" for each number that the text carries.
std::string cited_sources(const std::string& answer) {
  const base::Result<Json> json = answer.empty() ? Json() : base::parse_json(answer);
  if (!json || !json->is_object()) return {};
  std::map<std::int64_t, std::int64_t> source_of;  // by marker
  for (const Json& citation : json->value("citations", Json::array()))
    source_of.emplace(citation.value("marker", 0), citation.value("source_id", 0));
  std::string out;
  for (const auto& [marker, id] : source_of) {
    for (const Json& source : json->value("sources", Json::array())) {
      if (source.value("id", 0) != id) continue;
      const std::string url = source.value("url", "");
      const std::string title = source.value("title", "");
      fmt::format_to(std::back_inserter(out), "{}. [{}](<{}>)\n", marker,
                     link_text(title.empty() ? url : title), url);
    }
  }
  return out;
}

class Writer {
 public:
  Writer(const Chat& chat, base::Language language) : language_(language) {
    std::unordered_set<std::string_view> known;
    for (const ChatMessage& message : chat.messages) known.insert(message.id);
    for (const ChatMessage& message : chat.messages) {
      const bool has_parent = message.parent_id && known.contains(*message.parent_id);
      branches_[has_parent ? std::string_view(*message.parent_id) : std::string_view()].push_back(
          &message);
    }
    out_ = "# " + chat.info.title + "\n";
    walk();
  }
  std::string take() && { return std::move(out_); }

 private:
  // A stack of its own: a chat may be thousands of messages deep.
  void walk() {
    struct Place {
      const ChatMessage* message;
      std::size_t version;
      std::size_t versions;
    };
    std::vector<Place> left;
    const auto push = [&](std::string_view parent) {
      const auto found = branches_.find(parent);
      if (found == branches_.end()) return;
      const Messages& all = found->second;
      for (std::size_t i = all.size(); i > 0; --i) left.push_back({all[i - 1], i, all.size()});
    };
    push({});
    while (!left.empty()) {
      const Place place = left.back();
      left.pop_back();
      write(*place.message, place.version, place.versions);
      push(place.message->id);
    }
  }

  void write(const ChatMessage& message, std::size_t version, std::size_t versions) {
    constexpr Bilingual kQuestion = {"Question", "问题"};
    constexpr Bilingual kAnswer = {"Answer", "回答"};
    constexpr Bilingual kVersion = {" (version {} of {})", "（版本 {}/{}）"};
    constexpr Bilingual kSources = {"Sources:", "来源："};
    const bool asks = message.role == ChatRole::kUser;
    auto to = std::back_inserter(out_);
    fmt::format_to(to, "\n## {}", (asks ? kQuestion : kAnswer).in(language_));
    if (versions > 1) fmt::format_to(to, fmt::runtime(kVersion.in(language_)), version, versions);
    fmt::format_to(to, "\n\n{}", message.text);
    if (!out_.ends_with('\n')) out_ += '\n';
    if (const std::string sources = cited_sources(message.answer); !sources.empty())
      fmt::format_to(to, "\n{}\n\n{}", kSources.in(language_), sources);
  }

  const base::Language language_;
  std::unordered_map<std::string_view, Messages> branches_;  // by parent; roots by ""
  std::string out_;
};

}  // namespace

std::string to_markdown(const Chat& chat, base::Language language) {
  return Writer(chat, language).take();
}

}  // namespace seine::gateway
