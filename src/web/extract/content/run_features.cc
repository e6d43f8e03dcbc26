#include "web/extract/content/run_features.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "web/extract/content/promo.h"

namespace seine::web {
namespace {

using html::Node;
using html::Tag;
using html::TagSet;

constexpr TagSet kHeadings = {Tag::kH1, Tag::kH2, Tag::kH3, Tag::kH4, Tag::kH5, Tag::kH6};
constexpr std::size_t kTextMax = 200;
constexpr int kTwinLevels = 5;
constexpr std::uint32_t kTwinsMax = 10;

float share(std::uint32_t part, std::uint32_t whole) {
  return whole == 0 ? 0 : 100.0F * static_cast<float>(part) / static_cast<float>(whole);
}

float element_class(Tag tag) {
  switch (tag) {
    case Tag::kP:
      return 1;
    case Tag::kH1:
      return 2;
    case Tag::kH2:
      return 3;
    case Tag::kH3:
    case Tag::kH4:
    case Tag::kH5:
    case Tag::kH6:
      return 4;
    case Tag::kLi:
      return 5;
    case Tag::kTd:
    case Tag::kTh:
      return 6;
    case Tag::kDt:
    case Tag::kDd:
      return 7;
    case Tag::kPre:
    case Tag::kListing:
      return 8;
    case Tag::kBlockquote:
      return 9;
    case Tag::kFigcaption:
    case Tag::kCaption:
      return 10;
    case Tag::kOption:
    case Tag::kSelect:
    case Tag::kTextarea:
    case Tag::kLegend:
    case Tag::kFieldset:
    case Tag::kForm:
      return 11;
    case Tag::kDiv:
      return 12;
    default:
      return 0;
  }
}

float ending_of(std::string_view text) {
  while (text.ends_with('"') || text.ends_with('\'') || text.ends_with(')')) text.remove_suffix(1);
  for (const std::string_view quote : {"”", "“", "’", "»", "」", "』", "）"}) {
    if (text.ends_with(quote)) text.remove_suffix(quote.size());
  }
  if (text.ends_with("...") || text.ends_with("…") || text.ends_with("[…]") ||
      text.ends_with("[...]"))
    return 3;
  if (text.ends_with('.') || text.ends_with('!') || text.ends_with('?')) return 1;
  for (const std::string_view end : {"。", "！", "？"}) {
    if (text.ends_with(end)) return 1;
  }
  if (text.ends_with(':') || text.ends_with("：")) return 2;
  return 0;
}

class Features {
 public:
  explicit Features(const RunContext& context)
      : context_(context), page_(context.page), body_(context.document.body()) {}

  std::vector<RunVector> make() {
    std::vector<RunVector> out(page_.runs.size());
    if (body_ == nullptr) return out;
    count_kinds();
    prose_ = std::max<std::uint32_t>(page_.of(body_).prose, 1);
    std::uint32_t before = 0;
    find_title();
    find_prose();
    for (std::size_t i = 0; i < out.size(); ++i) {
      vector_ = &out[i];
      const TextRun& run = page_.runs[i];
      const std::string text = run_text(run, body_, kTextMax);
      look_at(run, text);
      look_around(i);
      look_up(run);
      set(RunFeature::kPosition, share(before, std::max<std::uint32_t>(page_.of(body_).text, 1)));
      place(i, run);
      own_heading(i, run, text);
      repeats(run, text);
      before += run.length;
    }
    return out;
  }

 private:
  void set(RunFeature feature, float value) {
    (*vector_)[static_cast<std::size_t>(feature)] = value;
  }
  static std::uint32_t plain(const TextRun& run) { return run.length - run.link; }
  static bool is_prose(const TextRun& run) {
    return run.length >= 80 && run.link * 3 < run.length && run.sentences + run.commas > 0;
  }

  void look_at(const TextRun& run, const std::string& text) {
    set(RunFeature::kLetters, static_cast<float>(run.length));
    set(RunFeature::kPlainLetters, static_cast<float>(plain(run)));
    set(RunFeature::kLinkShare, share(run.link, run.length));
    set(RunFeature::kSentences, static_cast<float>(run.sentences));
    set(RunFeature::kCommas, static_cast<float>(run.commas));
    set(RunFeature::kEnding, ending_of(base::trim(run.last->text)));
    set(RunFeature::kElement, element_class(run.block->tag));
    std::uint32_t digits = 0;
    std::uint32_t capitals = 0;
    for (const char c : text) {
      if (c >= '0' && c <= '9') ++digits;
      if (c >= 'A' && c <= 'Z') ++capitals;
    }
    const auto size = static_cast<std::uint32_t>(std::max<std::size_t>(text.size(), 1));
    set(RunFeature::kDigitShare, share(digits, size));
    set(RunFeature::kCapitalShare, share(capitals, size));
    float phrase = 0;
    if (is_promo_line(text)) phrase = 1;
    if (announces_other_pages(text)) phrase = 2;
    if (text.find("©") != std::string::npos ||
        base::ascii_lower(text).find("copyright") != std::string::npos)
      phrase = 3;
    set(RunFeature::kPhrase, phrase);
    const char first = text.empty() ? ' ' : text.front();
    set(RunFeature::kSmallLetterStart, first >= 'a' && first <= 'z' ? 1.0F : 0.0F);
  }

  void look_around(std::size_t i) {
    const auto& runs = page_.runs;
    if (i > 0) {
      set(RunFeature::kPlainBefore, static_cast<float>(plain(runs[i - 1])));
      set(RunFeature::kLinksBefore, share(runs[i - 1].link, runs[i - 1].length));
    }
    if (i + 1 < runs.size()) {
      set(RunFeature::kPlainBehind, static_cast<float>(plain(runs[i + 1])));
      set(RunFeature::kLinksBehind, share(runs[i + 1].link, runs[i + 1].length));
    }
    if (i > 1) set(RunFeature::kPlainTwoBefore, static_cast<float>(plain(runs[i - 2])));
    if (i + 2 < runs.size())
      set(RunFeature::kPlainTwoBehind, static_cast<float>(plain(runs[i + 2])));
    std::uint32_t letters = 0;
    std::uint32_t links = 0;
    for (std::size_t k = i < 4 ? 0 : i - 4; k < std::min(i + 5, runs.size()); ++k) {
      letters += runs[k].length;
      links += runs[k].link;
    }
    set(RunFeature::kLinksNear, share(links, letters));
    float near = 0;
    for (std::size_t k = i < 3 ? 0 : i - 3; k < std::min(i + 4, runs.size()); ++k) {
      if (k != i && is_prose(runs[k])) near += static_cast<float>(plain(runs[k]));
    }
    set(RunFeature::kProseNear, near);
  }

  void look_up(const TextRun& run) {
    float nearest = 0;
    float landmark = 0;
    float box = 0;
    int climb = -1;
    int level = 0;
    std::array<std::uint32_t, 8> shares{};
    std::uint32_t boilerplate = 0;
    for (const Node* node = run.block; node != nullptr && node->is_element(); node = node->parent) {
      const NodeStats& stats = page_.of(node);
      if (nearest == 0) nearest = static_cast<float>(stats.hint);
      std::uint32_t& most = shares[static_cast<std::size_t>(stats.hint)];
      most = std::max(most, stats.prose + 1);
      if (stats.hint == Hint::kBoilerplate) boilerplate = std::max(boilerplate, stats.prose + 1);
      if (landmark == 0) landmark = landmark_of(node);
      if (box == 0) box = box_of(node);
      if (climb < 0 && stats.prose * 2 >= prose_) climb = level;
      if (node == body_) break;
      ++level;
    }
    const auto within = [&](Hint hint) {
      return std::min(100.0F, share(shares[static_cast<std::size_t>(hint)], prose_));
    };
    set(RunFeature::kNearestHint, nearest);
    set(RunFeature::kBodyProse, within(Hint::kBody));
    set(RunFeature::kMainProse, within(Hint::kMain));
    set(RunFeature::kBoilerProse, within(Hint::kBoilerplate));
    set(RunFeature::kCommentProse, within(Hint::kComments));
    set(RunFeature::kMetaProse, within(Hint::kMeta));
    set(RunFeature::kNeverProse, within(Hint::kNever));
    set(RunFeature::kLandmark, landmark);
    set(RunFeature::kBox, box);
    set(RunFeature::kLevelsToProse, climb < 0 ? 20.0F : static_cast<float>(climb));
    const Node* parent = container_above(run.block);
    const Node* grand = container_above(parent);
    const Node* third = container_above(grand);
    set(RunFeature::kParentLinks, share(page_.of(parent).link, page_.of(parent).text));
    set(RunFeature::kParentProse, share(page_.of(parent).prose, prose_));
    set(RunFeature::kParentLetters, static_cast<float>(page_.of(parent).text));
    set(RunFeature::kGrandLinks, share(page_.of(grand).link, page_.of(grand).text));
    set(RunFeature::kGrandProse, share(page_.of(grand).prose, prose_));
    set(RunFeature::kGrandLetters, static_cast<float>(page_.of(grand).text));
    set(RunFeature::kThirdLinks, share(page_.of(third).link, page_.of(third).text));
    set(RunFeature::kThirdProse, share(page_.of(third).prose, prose_));
    const Kind& kind = kinds_[kind_of(run.block)];
    set(RunFeature::kKindProse, share(kind.prose, prose_));
    set(RunFeature::kKindCount, static_cast<float>(kind.count));
    set(RunFeature::kKindLinks, share(kind.links, kind.letters));
    set(RunFeature::kKindLetters,
        static_cast<float>(kind.letters) / static_cast<float>(kind.count));
    set(RunFeature::kTwins, static_cast<float>(twins(run.block)));
  }

  const Node* container_above(const Node* block) const {
    const Node* node = block;
    while (node != body_) {
      node = node->parent;
      if (is_block(node)) break;
    }
    return node;
  }

  static float landmark_of(const Node* node) {
    if (node->is_html(Tag::kNav)) return 1;
    if (node->is_html(Tag::kAside)) return 2;
    if (node->is_html(Tag::kFooter)) return 3;
    if (node->is_html(Tag::kHeader)) return 4;
    if (node->is_html(Tag::kForm)) return 5;
    return 0;
  }
  static float box_of(const Node* node) {
    if (node->is_html(Tag::kUl) || node->is_html(Tag::kOl) || node->is_html(Tag::kDl)) return 1;
    if (node->is_html(Tag::kTable)) return 2;
    if (node->is_html(Tag::kBlockquote)) return 3;
    if (node->is_html(Tag::kFigure)) return 4;
    return 0;
  }

  // Runs of the same element and class, inside the same element and class, are of a kind.
  struct Kind {
    std::uint32_t prose = 0;
    std::uint32_t letters = 0;
    std::uint32_t links = 0;
    std::uint32_t count = 0;
  };
  static std::string kind_of(const Node* block) {
    std::string key(block->name);
    key += '.';
    key += block->get("class").substr(0, 60);
    if (block->parent != nullptr && block->parent->is_element()) {
      key += '<';
      key += block->parent->name;
      key += '.';
      key += block->parent->get("class").substr(0, 60);
    }
    return key;
  }
  void count_kinds() {
    for (const TextRun& run : page_.runs) {
      Kind& kind = kinds_[kind_of(run.block)];
      ++kind.count;
      kind.letters += run.length;
      kind.links += run.link;
      if (is_prose(run)) kind.prose += plain(run);
    }
  }

  // Most siblings alike, each with a link, among the block and what is around it.
  std::uint32_t twins(const Node* block) {
    std::uint32_t most = 0;
    const Node* node = block;
    for (int level = 0; level < kTwinLevels && node != body_ && node != nullptr; ++level) {
      if (page_.of(node).prose * 4 > prose_) break;
      const auto [at, fresh] = twins_.try_emplace(node, 0);
      if (fresh && page_.of(node).links > 0) {
        std::uint32_t count = 0;
        std::uint32_t looked = 0;
        const std::string_view name = node->get("class");
        for (const Node* other = node->parent->first_child;
             other != nullptr && looked < 300 && count < kTwinsMax; other = other->next, ++looked) {
          if (other->is_element() && other->tag == node->tag && other != node &&
              page_.of(other).links > 0 && other->get("class").substr(0, 12) == name.substr(0, 12))
            ++count;
        }
        at->second = count;
      }
      most = std::max(most, at->second);
      node = node->parent;
    }
    return most;
  }

  void find_title() {
    for (std::size_t i = 0; i < page_.runs.size(); ++i) {
      const TextRun& run = page_.runs[i];
      const Node* heading = run.block;
      if (!kHeadings.has(heading->tag)) continue;
      const std::string text = run_text(run, body_, 400);
      if (context_.title.empty() ? heading->tag == Tag::kH1 : text == context_.title) {
        title_at_ = i;
        return;
      }
    }
    for (std::size_t i = 0; i < page_.runs.size(); ++i) {
      if (page_.runs[i].block->tag == Tag::kH1 && page_.runs[i].link == 0) {
        title_at_ = i;
        return;
      }
    }
  }

  // First and last run of prose inside the root.
  void find_prose() {
    for (std::size_t i = 0; i < page_.runs.size(); ++i) {
      const TextRun& run = page_.runs[i];
      if (!is_prose(run) || rule_of(run) != 0) continue;
      if (first_prose_ == kNowhere) first_prose_ = i;
      last_prose_ = i;
    }
    for (std::size_t i = 0; i < page_.runs.size(); ++i) {
      if (!inside_root(page_.runs[i])) continue;
      if (first_root_ == kNowhere) first_root_ = i;
      last_root_ = i;
    }
  }
  bool inside_root(const TextRun& run) const {
    for (const Node* node = run.block; node != nullptr; node = node->parent) {
      if (node == context_.root) return true;
    }
    return false;
  }
  // 0 kept, else the reason.
  float rule_of(const TextRun& run) const {
    if (const std::uint8_t verdict = context_.verdicts[run.first->id]; verdict != 0) return verdict;
    return inside_root(run) ? 0.0F : 9.0F;
  }

  void place(std::size_t i, const TextRun& run) {
    float place = 0;
    if (title_at_ != kNowhere) place = i < title_at_ ? 1.0F : i == title_at_ ? 2.0F : 3.0F;
    set(RunFeature::kTitlePlace, place);
    set(RunFeature::kTitleDistance,
        title_at_ == kNowhere ? 0.0F : static_cast<float>(i) - static_cast<float>(title_at_));
    set(RunFeature::kPageProse, static_cast<float>(prose_));
    place = 0;
    if (first_prose_ != kNowhere) place = i < first_prose_ ? 1.0F : i > last_prose_ ? 3.0F : 2.0F;
    set(RunFeature::kProsePlace, place);
    set(RunFeature::kRule, rule_of(run));
    place = 0;
    if (first_root_ != kNowhere) place = i < first_root_ ? 1.0F : i > last_root_ ? 3.0F : 2.0F;
    set(RunFeature::kRulePlace, place);
  }

  void own_heading(std::size_t i, const TextRun& run, const std::string& text) {
    const bool heading = kHeadings.has(run.block->tag);
    if (heading || (run.length < 50 && announces_other_pages(text))) {
      heading_ = announces_other_pages(text) ? 2.0F : 1.0F;
      heading_at_ = i;
      const std::string lower = base::ascii_lower(text);
      for (const std::string_view word :
           {"comment", "kommentar", "leave a reply", "评论", "comentario", "commentaire"}) {
        if (lower.find(word) != std::string::npos && run.length < 50) heading_ = 3.0F;
      }
    }
    set(RunFeature::kHeadingAbove, heading_);
    set(RunFeature::kHeadingDistance, heading_ == 0 ? 0.0F : static_cast<float>(i - heading_at_));
  }

  void repeats(const TextRun& run, const std::string& text) {
    float what = 0;
    if (run.length >= 30 && !seen_.insert(text).second) what = 3;
    if (run.length >= 30 &&
        context_.description.find(std::string_view(text).substr(0, 60)) != std::string_view::npos)
      what = 2;
    if (!context_.title.empty() && text == context_.title) what = 1;
    set(RunFeature::kRepeats, what);
  }

  static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);
  const RunContext& context_;
  const PageStats& page_;
  const Node* body_;
  RunVector* vector_ = nullptr;
  std::uint32_t prose_ = 1;
  std::unordered_map<std::string, Kind> kinds_;
  std::unordered_map<const Node*, std::uint32_t> twins_;
  std::unordered_set<std::string> seen_;
  std::size_t title_at_ = kNowhere;
  std::size_t first_prose_ = kNowhere;
  std::size_t last_prose_ = kNowhere;
  std::size_t first_root_ = kNowhere;
  std::size_t last_root_ = kNowhere;
  float heading_ = 0;
  std::size_t heading_at_ = 0;
};

}  // namespace

std::string run_text(const TextRun& run, const Node* body, std::size_t bytes_max) {
  std::string out;
  bool space = false;
  for (const Node* node = run.first; node != nullptr; node = html::next_in_tree(node, body)) {
    if (node->is_text()) {
      for (const char c : node->text) {
        if (static_cast<unsigned char>(c) <= ' ') {
          space = !out.empty();
          continue;
        }
        if (space) out.push_back(' ');
        space = false;
        out.push_back(c);
        if (out.size() >= bytes_max) return out;
      }
    }
    if (node == run.last) break;
  }
  return out;
}

std::vector<RunVector> run_features(const RunContext& context) {
  return Features(context).make();
}

}  // namespace seine::web
