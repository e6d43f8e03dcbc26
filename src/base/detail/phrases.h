// The tables of error_text.h. "{}" stands for a part that was filled in; the Chinese form takes the
// parts in the same order, or by number ("{1}") where its order differs.
// tools/check/translations.py compares kSentences with the sources; the tests of store, net and web
// compare kCauses with what their libraries can say.
#pragma once

#include <span>

#include "base/language.h"

namespace seine::base::detail {

// Causes as the system and the libraries word them.
extern const std::span<const Bilingual> kCauses;
// Sentences of our own modules.
extern const std::span<const Bilingual> kSentences;
extern const std::span<const Bilingual> kEngineSentences;
extern const std::span<const Bilingual> kWebSentences;
// What was being done, as it stands before a colon: "open {}".
extern const std::span<const Bilingual> kDoings;

}  // namespace seine::base::detail
