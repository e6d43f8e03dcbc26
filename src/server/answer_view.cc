#include "server/answer_view.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <utility>

#include "base/error_text.h"
#include "base/json.h"
#include "server/service_reply.h"

namespace seine::server {
namespace {

using base::Bilingual;
using base::Json;

const Json* source_of(const Json& answer, std::int64_t id) {
  for (const Json& source : list_at(answer, "sources")) {
    if (number_at(source, "id") == id) return &source;
  }
  return nullptr;
}

// "page=3" for people: where in a document a quote stands.
std::string place_text(const Terminal& terminal, std::string_view anchor) {
  constexpr std::array<std::pair<std::string_view, Bilingual>, 3> kPlaces = {{
      {"page=", {"page {}", "第 {} 页"}},
      {"slide=", {"slide {}", "幻灯片 {}"}},
      {"sheet=", {"sheet {}", "工作表 {}"}},
  }};
  for (const auto& [start, words] : kPlaces) {
    if (anchor.starts_with(start)) {
      return fmt::format(
          fmt::runtime(terminal.pick({" ({})", "（{}）"})),
          fmt::format(fmt::runtime(terminal.pick(words)), anchor.substr(start.size())));
    }
  }
  return {};
}

Bilingual spoken_by(std::string_view by) {
  if (by != "extract") return {"", ""};
  return {"a sentence of the source as it stands; no model wrote it",
          "以上为资料原句，并非模型作答"};
}

}  // namespace

void show_step(const Terminal& terminal, const Json& step) {
  const std::string state = text_at(step, "state");
  if (state == "started") return;
  const bool failed = state == "failed";
  std::string line = fmt::format(
      "{} {}", terminal.styled_err(failed ? Style::kYellow : Style::kDim, failed ? "!" : "·"),
      text_at(step, "title"));
  if (failed) line += ": " + base::message_text(text_at(step, "reason"), terminal.language());
  terminal.note(fmt::format("{} ({} ms)", line, number_at(step, "elapsed_ms")));
}

std::string sources_text(const Terminal& terminal, const Json& answer, bool with_quotes) {
  std::string out;
  auto to = std::back_inserter(out);
  std::int64_t shown = 0;
  for (const Json& citation : list_at(answer, "citations")) {
    const Json* source = source_of(answer, number_at(citation, "source_id"));
    if (source == nullptr) continue;
    const std::int64_t marker = number_at(citation, "marker");
    if (marker > shown) {
      if (shown == 0) out += "\n";
      shown = marker;
      fmt::format_to(to, "[{}] {}{}\n    {}\n", marker,
                     terminal.styled_out(Style::kBold, text_at(*source, "title")),
                     with_quotes ? "" : place_text(terminal, text_at(citation, "anchor")),
                     text_at(*source, "url"));
    }
    const std::string support = text_at(citation, "support");
    if (with_quotes) {
      fmt::format_to(to, "    “{}”{}\n", text_at(citation, "quote"),
                     place_text(terminal, text_at(citation, "anchor")));
    }
    if (support == "unsupported") {
      fmt::format_to(
          to, "    {}\n",
          terminal.styled_out(Style::kYellow,
                              terminal.pick({"the page does not say this", "该页面并未这样说"})));
    }
  }
  if (with_quotes) {
    for (const Json& source : list_at(answer, "sources")) {
      if (text_at(source, "state") != "failed") continue;
      fmt::format_to(to, "{} {}: {}\n", terminal.pick({"not read", "未读取"}),
                     text_at(source, "url"),
                     base::message_text(text_at(source, "reason"), terminal.language()));
    }
  }
  const std::string_view note = terminal.pick(spoken_by(text_at(answer, "by")));
  if (!note.empty()) fmt::format_to(to, "\n{}\n", terminal.styled_out(Style::kDim, note));
  return out;
}

base::Error error_at(const Json& error) {
  base::Error out{base::Code::kUnknown, text_at(error, "message")};
  const std::string name = text_at(error, "type");
  for (int code = 1; code <= 16; ++code) {
    if (base::code_name(static_cast<base::Code>(code)) == name)
      out.code = static_cast<base::Code>(code);
  }
  return out;
}

}  // namespace seine::server
