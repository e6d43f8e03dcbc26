// What can be said about a run of text in numbers: how it looks, what stands around it, what the
// containers that hold it look like and call themselves, and what the rules of main_content.cc make
// of it. run_model.h weighs them. Pure over the tree; linear in its size. Internal to content/.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "web/extract/content/page_stats.h"

namespace seine::web {

// Shares are percentages; letters are counted as measure_text does; "prose" is text in sentences,
// as page_stats.h counts it. In the order of the rows of run_weights.inc.
enum class RunFeature : std::uint8_t {
  kLetters,
  kPlainLetters,  // outside links
  kLinkShare,
  kSentences,
  kCommas,
  kEnding,            // 0 a word, 1 a sentence's end, 2 a colon, 3 dots that say "more"
  kElement,           // of its block, by classes of run_features.cc
  kPhrase,            // 0 none, 1 points elsewhere, 2 announces other pages, 3 copyright
  kSmallLetterStart,  // a fragment of a sentence
  kDigitShare,
  kCapitalShare,
  kPlainBefore,  // plain letters of the run before
  kPlainBehind,
  kPlainTwoBefore,
  kPlainTwoBehind,
  kLinksBefore,  // link share of the run before
  kLinksBehind,
  kProseNear,      // letters of the prose among three runs before and three behind
  kLinksNear,      // link share of four runs before, itself and four behind
  kNearestHint,    // of the nearest element that has one
  kBodyProse,      // share of the page's prose in what calls itself the text's body; 0 outside
  kMainProse,      // the same of main, article and their like
  kCommentProse,   // of readers' comments
  kNeverProse,     // of what nobody came for
  kBoilerProse,    // of the outermost boilerplate
  kMetaProse,      // of bylines and the like
  kLandmark,       // nearest of: 1 nav, 2 aside, 3 footer, 4 header, 5 form
  kBox,            // nearest of: 1 list, 2 table, 3 quotation, 4 figure
  kLevelsToProse,  // up to what holds half of the page's prose
  kParentLinks,    // link share of the container above its block
  kParentProse,    // share of the page's prose in it
  kParentLetters,  // in it
  kGrandLinks,     // of the container above that one
  kGrandProse,
  kGrandLetters,
  kThirdLinks,
  kThirdProse,
  kKindProse,      // share of the page's prose in runs of the same element and class
  kKindCount,      // how many such runs
  kKindLinks,      // their link share
  kKindLetters,    // their mean length
  kTwins,          // siblings alike with links, of it or of what holds it: a list of teasers
  kTitlePlace,     // 0 no heading is the title, 1 before it, 2 it, 3 behind it
  kTitleDistance,  // runs from it; negative before it
  kProsePlace,  // 0 no prose, 1 before the first that the rules keep, 2 between, 3 behind the last
  kPosition,    // share of the page's letters before it
  kHeadingAbove,     // 0 none, 1 plain, 2 announces other pages, 3 comments
  kHeadingDistance,  // runs from it
  kRepeats,          // 0 no, 1 the title, 2 the description, 3 a run before
  kPageProse,        // letters of prose on the page
  kRule,             // which rule leaves it out: 0 none, 1-6 a Hint, 7 clutter, 8 an end, 9 outside
  kRulePlace,        // 0 no root, 1 before the root that the rules chose, 2 inside, 3 behind
  kCount,
};
inline constexpr std::size_t kRunFeatures = static_cast<std::size_t>(RunFeature::kCount);
using RunVector = std::array<float, kRunFeatures>;

struct RunContext {
  const html::Document& document;
  const PageStats& page;
  std::string_view title;
  std::string_view description;
  const std::vector<std::uint8_t>& verdicts;  // by Node::id: which rule left it out, 0 none
  const html::Node* root;                     // that the rules chose
};

std::vector<RunVector> run_features(const RunContext& context);  // one for each run

// The text of a run, spaces collapsed, at most `bytes_max` of it.
std::string run_text(const TextRun& run, const html::Node* body, std::size_t bytes_max);

}  // namespace seine::web
