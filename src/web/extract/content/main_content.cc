#include "web/extract/content/main_content.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "web/extract/content/page_stats.h"
#include "web/extract/content/promo.h"
#include "web/extract/content/run_model.h"

namespace seine::web {
namespace {

using html::Node;
using html::Tag;
using html::TagSet;

constexpr TagSet kHeadingTags = {Tag::kH1, Tag::kH2, Tag::kH3, Tag::kH4, Tag::kH5, Tag::kH6};
constexpr TagSet kCode = {Tag::kPre, Tag::kListing, Tag::kXmp};
constexpr TagSet kContainers = {Tag::kDiv,    Tag::kSection, Tag::kUl,      Tag::kOl,
                                Tag::kDl,     Tag::kTable,   Tag::kForm,    Tag::kFieldset,
                                Tag::kHeader, Tag::kFigure,  Tag::kDetails, Tag::kCenter};

// What left a node out: a Hint, or one of these.
constexpr std::uint8_t kClutter = 7;
constexpr std::uint8_t kEnd = 8;

// What the rules make of a page.
struct Reading {
  PageStats page;
  std::vector<std::uint8_t> verdicts;  // by Node::id: what left it out, 0 nothing
  const Node* root = nullptr;  // the subtree that reads like content, nullptr when none does
};

// The first reading, by rules.
class Finder {
 public:
  Finder(const html::Document& document, const Visibility& visibility, std::string_view title,
         MainContentOptions options)
      : document_(document), visibility_(visibility), title_(title), options_(options) {}

  Reading read(const Node* body) {
    page_ = measure_page(body, document_, visibility_);
    dropped_.assign(document_.node_count, 0);
    drop_by_hints(body);
    weigh();
    const Node* root = choose(body);
    if (root != nullptr) {
      rule_ = kClutter;
      clean(root);
      rule_ = kEnd;
      trim_ends(root);
    }
    return {.page = std::move(page_), .verdicts = std::move(dropped_), .root = root};
  }

 private:
  NodeStats& of(const Node* node) { return page_.of(node); }
  bool dropped(const Node* node) const { return dropped_[node->id] != 0; }
  void drop(const Node* node) {
    for (const Node* below = node; below != nullptr; below = html::next_in_tree(below, node)) {
      if (dropped_[below->id] == 0) dropped_[below->id] = rule_;
    }
  }
  double link_density(const Node* node) {
    return of(node).text == 0 ? 0.0 : static_cast<double>(of(node).link) / of(node).text;
  }

  std::uint32_t prose(const Node* node) { return of(node).prose; }

  void drop_by_hints(const Node* body) {
    const std::uint32_t page_prose = std::max<std::uint32_t>(prose(body), 1);
    for (const Node* node : page_.order) {
      if (dropped(node) || node == body) continue;
      const NodeStats& stats = of(node);
      rule_ = static_cast<std::uint8_t>(stats.hint == Hint::kNone || stats.hint == Hint::kBody ||
                                                stats.hint == Hint::kMain
                                            ? Hint::kBoilerplate
                                            : stats.hint);
      switch (stats.hint) {
        case Hint::kComments:
          if (!options_.keep_comments && prose(node) * 10 < page_prose * 9) drop(node);
          break;
        case Hint::kNever:
          if (stats.text * 10 < of(body).text * 9) drop(node);
          break;
        case Hint::kBoilerplate:
          // A wrapper with an unlucky name keeps what is most of the page.
          if (prose(node) * 10 < page_prose * 4) drop(node);
          break;
        case Hint::kMeta:
          if (stats.text < 250 && prose(node) * 5 < page_prose) drop(node);
          break;
        default:
          if (node->is_html(Tag::kForm) && prose(node) * 3 < page_prose) drop(node);
          if (node->is_html(Tag::kHeader) && prose(node) == 0) drop_header(node);
          break;
      }
    }
  }

  // A header without prose: of the page, or of the article with its title and byline.
  void drop_header(const Node* header) { drop(header); }

  void weigh() {
    for (const Node* node : page_.order) {
      if (dropped(node) || of(node).own == 0) continue;
      NodeStats& stats = of(node);
      const auto own = static_cast<float>(stats.own);
      const float links = static_cast<float>(stats.own_link) / own;
      const bool sentence = stats.own_sentences > 0 || stats.own_commas > 1;
      if (kCode.has(node->tag)) {
        stats.weight = own * 0.5F;
      } else if (links > 0.5F) {
        stats.weight = -0.4F * static_cast<float>(stats.own_link);
      } else if (stats.own >= 60 && sentence) {
        stats.weight = own * (1 - links);
      } else if (node->is_html(Tag::kP) && stats.own >= 20) {
        stats.weight = own * 0.6F * (1 - links);
      } else if (kHeadingTags.has(node->tag)) {
        stats.weight = 0;
      } else if (node->tag == Tag::kLi || node->tag == Tag::kTd || node->tag == Tag::kDd) {
        stats.weight = stats.own >= 40 ? own * 0.3F : 0;
      } else {
        stats.weight = -0.3F * std::min(own, 100.0F);
      }
    }
    for (std::size_t i = page_.order.size(); i-- > 0;) {
      const Node* node = page_.order[i];
      if (dropped(node)) continue;
      NodeStats& stats = of(node);
      stats.sum += stats.weight;
      if (i > 0) of(node->parent).sum += stats.sum;
    }
  }

  const Node* choose(const Node* body) {
    const Node* best = nullptr;
    float best_sum = 0;
    for (const Node* node : page_.order) {
      if (dropped(node) || !is_block(node)) continue;
      const NodeStats& stats = of(node);
      float sum = stats.sum;
      if (sum > best_sum) {
        best_sum = sum;
        best = node;
      }
    }
    if (best == nullptr) return of(body).text > 0 ? body : nullptr;
    // A part that calls itself the article's body and holds most of the text is the better cut.
    const Node* named = nullptr;
    float named_sum = best_sum * 0.75F;
    for (const Node* node : page_.order) {
      if (dropped(node)) continue;
      const NodeStats& stats = of(node);
      if (stats.hint == Hint::kBody && stats.sum > named_sum) {
        named = node;
        named_sum = stats.sum;
      }
    }
    if (named != nullptr && !is_inside(best, named)) return named;
    // Walk down while one child holds nearly everything.
    while (true) {
      const Node* heir = nullptr;
      for (const Node* child = best->first_child; child != nullptr; child = child->next) {
        if (child->is_element() && !visibility_.hidden(child) && !dropped(child) &&
            is_block(child) && of(child).sum >= 0.97F * of(best).sum &&
            kContainers.has(child->tag)) {
          heir = child;
        }
      }
      if (heir == nullptr) return best;
      best = heir;
    }
  }

  static bool is_inside(const Node* node, const Node* ancestor) {
    for (; node != nullptr; node = node->parent) {
      if (node == ancestor) return true;
    }
    return false;
  }

  bool repeats_title(const Node* node) const {
    if (title_.empty()) return false;
    const std::string text = html::text_content(node);
    return base::trim(text) == title_;
  }

  void clean(const Node* root) {
    for (const Node* node = root->first_child; node != nullptr;) {
      if (!node->is_element() || visibility_.hidden(node) || dropped(node)) {
        node = html::next_after_subtree(node, root);
        continue;
      }
      if (is_clutter(node)) {
        drop(node);
        node = html::next_after_subtree(node, root);
        continue;
      }
      if (is_heading_like(node) && of(node).text < 60 &&
          announces_other_pages(html::text_content(node))) {
        drop_announced(node, root);
        node = html::next_after_subtree(node, root);
        continue;
      }
      node = html::next_in_tree(node, root);
    }
  }

  bool is_heading_like(const Node* node) {
    return kHeadingTags.has(node->tag) ||
           (is_block(node) && of(node).own == of(node).text && of(node).own > 0);
  }

  // The heading and what it announces: its box, or its later siblings, where these are the smaller
  // part of the text.
  void drop_announced(const Node* heading, const Node* root) {
    const std::uint32_t whole = std::max<std::uint32_t>(prose(root), 1);
    const Node* box = heading->parent;
    if (box != root && prose(box) * 2 < whole) return drop(box);
    std::uint32_t behind = 0;
    for (const Node* sibling = heading->next; sibling != nullptr; sibling = sibling->next) {
      if (sibling->is_element()) behind += prose(sibling);
    }
    drop(heading);
    if (behind * 2 >= whole) return;
    for (const Node* sibling = heading->next; sibling != nullptr; sibling = sibling->next) {
      // Prose without links goes on where the announced list ends.
      if (sibling->is_html(Tag::kP) && of(sibling).own >= 80 && of(sibling).own_link == 0) break;
      if (sibling->is_element()) drop(sibling);
    }
  }

  bool is_clutter(const Node* node) {
    const NodeStats& stats = of(node);
    if (stats.text == 0) return false;
    const double links = link_density(node);
    if (node->is_html(Tag::kH1) && repeats_title(node)) return true;
    if (kContainers.has(node->tag)) {
      // A list of links to other pages. A short list inside prose may be one of references.
      if (links > 0.6 && stats.links >= 2) return true;
      if (links > 0.5 && stats.text < 200) return true;
      if (links > 0.35 && stats.links >= 5 && stats.sentences * 4 < stats.links &&
          node->tag != Tag::kTable)
        return true;
    }
    if (node->is_html(Tag::kP) && stats.text < 220 && is_promo_line(html::text_content(node)))
      return true;
    if (node->is_html(Tag::kP) && links > 0.85 && stats.text < 150) return true;
    if (kHeadingTags.has(node->tag) && links > 0.9 && stats.text > 0 && stats.links >= 2)
      return true;
    return false;
  }

  // Before the first and behind the last text that reads like content there is nothing to keep but
  // headings (before) and short paragraphs.
  void trim_ends(const Node* root) {
    std::vector<const Node*> blocks;
    for (const Node* node = root->first_child; node != nullptr;) {
      if (node->is_element() && (visibility_.hidden(node) || dropped(node))) {
        node = html::next_after_subtree(node, root);
        continue;
      }
      if (node->is_element() && of(node).own > 0 && is_block(node)) blocks.push_back(node);
      node = html::next_in_tree(node, root);
    }
    // A heading with nothing behind it announced what was dropped.
    while (!blocks.empty()) {
      const Node* last = blocks.back();
      const NodeStats& stats = of(last);
      const bool heading = kHeadingTags.has(last->tag);
      const bool fragment = stats.weight < 0;
      if (!heading && !fragment) break;
      drop(last);
      blocks.pop_back();
    }
  }

  const html::Document& document_;
  const Visibility& visibility_;
  std::string_view title_;
  MainContentOptions options_;
  PageStats page_;
  std::vector<std::uint8_t> dropped_;
  std::uint8_t rule_ = 0;  // that is leaving things out now
};

// The second reading: each run of text is judged with the rules' verdict as one voice of many, and
// the tree is cut to the runs that stay.
class Cutter {
 public:
  Cutter(const html::Document& document, Reading reading)
      : document_(document), reading_(std::move(reading)) {}

  void judge(std::string_view title, std::string_view description, MainContentOptions options) {
    // The weights know articles. Of a page of few words all stay but what is plainly no content,
    // wherever the most of them stand.
    if (reading_.page.of(document_.body()).text < kShortPage) {
      for (const TextRun& run : runs()) kept_.push_back(reading_.verdicts[run.first->id] == 0);
      return;
    }
    const std::vector<RunVector> vectors = run_features({.document = document_,
                                                         .page = reading_.page,
                                                         .title = title,
                                                         .description = description,
                                                         .verdicts = reading_.verdicts,
                                                         .root = reading_.root});
    std::vector<float> scores;
    scores.reserve(vectors.size());
    for (std::size_t i = 0; i < vectors.size(); ++i) {
      const bool by_rules = options.keep_comments && is_comment(runs()[i]);
      scores.push_back(by_rules ? (rules_keep(runs()[i]) ? 1.0F : -1.0F) : run_score(vectors[i]));
    }
    judge_tables_whole(scores);
    kept_.reserve(scores.size());
    for (const float score : scores) kept_.push_back(score > 0);
    keep_headings_of_what_stays();
    // A page unlike all others is left to the rules.
    if (std::ranges::find(kept_, true) == kept_.end()) {
      for (std::size_t i = 0; i < kept_.size(); ++i) kept_[i] = rules_keep(runs()[i]);
    }
  }

  MainContent cut() {
    MainContent out;
    out.page_length = reading_.page.of(document_.body()).text;
    std::vector<std::uint8_t> kept(document_.node_count);
    std::vector<std::uint8_t> lost(document_.node_count);
    out.dropped.assign(document_.node_count, 0);
    for (std::size_t i = 0; i < runs().size(); ++i) {
      const TextRun& run = runs()[i];
      if (kept_[i]) {
        out.root = common(out.root, run.block);
        out.text_length += run.length;
      }
      std::vector<std::uint8_t>& marks = kept_[i] ? kept : lost;
      for (const Node* node = run.first; node != nullptr;
           node = html::next_in_tree(node, document_.body())) {
        if (node->is_text()) {
          marks[node->parent->id] = 1;
          if (!kept_[i]) out.dropped[node->id] = 1;
        }
        if (node == run.last) break;
      }
    }
    const std::vector<const Node*>& order = reading_.page.order;
    for (std::size_t i = order.size(); i-- > 0;) {
      const Node* node = order[i];
      const bool text = kept[node->id] != 0 || lost[node->id] != 0;
      // Pictures and the like go with what the rules say of them.
      out.dropped[node->id] = text ? (kept[node->id] == 0 ? 1 : 0) : reading_.verdicts[node->id];
      if (i == 0) break;
      kept[node->parent->id] |= kept[node->id];
      lost[node->parent->id] |= lost[node->id];
    }
    return out;
  }

 private:
  const std::vector<TextRun>& runs() const { return reading_.page.runs; }

  bool rules_keep(const TextRun& run) const {
    if (reading_.root == nullptr || reading_.verdicts[run.first->id] != 0) return false;
    for (const Node* node = run.block; node != nullptr; node = node->parent) {
      if (node == reading_.root) return true;
    }
    return false;
  }

  bool is_comment(const TextRun& run) const {
    for (const Node* node = run.block; node->is_element(); node = node->parent) {
      if (reading_.page.of(node).hint == Hint::kComments) return true;
    }
    return false;
  }

  // A heading alone looks like a menu's line; what follows it says whose it is.
  void keep_headings_of_what_stays() {
    for (std::size_t i = kept_.size(); i-- > 1;) {
      const TextRun& run = runs()[i - 1];
      if (kept_[i] && !kept_[i - 1] && kHeadingTags.has(run.block->tag) &&
          !run.block->is_html(Tag::kH1) && rules_keep(run))
        kept_[i - 1] = true;
    }
  }

  // A table of short cells stays or goes as one: half of a row says nothing.
  void judge_tables_whole(std::vector<float>& scores) const {
    for (std::size_t i = 0; i < scores.size();) {
      const Node* table = table_around(runs()[i].block);
      std::size_t end = i + 1;
      if (table == nullptr) {
        i = end;
        continue;
      }
      float sum = scores[i];
      std::uint32_t letters = runs()[i].length;
      while (end < scores.size() && table_around(runs()[end].block) == table) {
        sum += scores[end];
        letters += runs()[end].length;
        ++end;
      }
      if (letters < kCellLetters * (end - i))
        std::fill(scores.begin() + static_cast<std::ptrdiff_t>(i),
                  scores.begin() + static_cast<std::ptrdiff_t>(end), sum);
      i = end;
    }
  }
  static const Node* table_around(const Node* block) {
    for (const Node* node = block; node != nullptr && node->is_element(); node = node->parent) {
      if (node->is_html(Tag::kTable)) return node;
    }
    return nullptr;
  }

  // The lowest element that holds both.
  static const Node* common(const Node* a, const Node* b) {
    if (a == nullptr) return b;
    const auto depth = [](const Node* node) {
      int levels = 0;
      for (; node != nullptr; node = node->parent) ++levels;
      return levels;
    };
    int depth_a = depth(a);
    int depth_b = depth(b);
    for (; depth_a > depth_b; --depth_a) a = a->parent;
    for (; depth_b > depth_a; --depth_b) b = b->parent;
    while (a != b) {
      a = a->parent;
      b = b->parent;
    }
    return a;
  }

  static constexpr std::uint32_t kShortPage = 600;   // letters of all that is visible
  static constexpr std::uint32_t kCellLetters = 60;  // a mean above is a table for layout
  const html::Document& document_;
  Reading reading_;
  std::vector<bool> kept_;
};

}  // namespace

RunReport describe_runs(const html::Document& document, const Visibility& visibility,
                        std::string_view title, std::string_view description) {
  RunReport report;
  const Node* body = document.body();
  if (body == nullptr) return report;
  Reading reading = Finder(document, visibility, title, {}).read(body);
  report.vectors = run_features({.document = document,
                                 .page = reading.page,
                                 .title = title,
                                 .description = description,
                                 .verdicts = reading.verdicts,
                                 .root = reading.root});
  report.runs = std::move(reading.page.runs);
  return report;
}

MainContent find_main_content(const html::Document& document, const Visibility& visibility,
                              std::string_view title, std::string_view description,
                              MainContentOptions options) {
  const Node* body = document.body();
  if (body == nullptr) return {};
  Cutter cutter(document, Finder(document, visibility, title, options).read(body));
  cutter.judge(title, description, options);
  return cutter.cut();
}

}  // namespace seine::web
