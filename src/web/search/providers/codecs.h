// The codecs, one function each: constant objects without state.
#pragma once

#include "web/search/provider.h"

namespace seine::web {

const ProviderCodec& searxng_codec();
const ProviderCodec& brave_codec();
const ProviderCodec& bocha_codec();
const ProviderCodec& bing_codec();
const ProviderCodec& iqs_codec();
const ProviderCodec& tavily_codec();
const ProviderCodec& serper_codec();
const ProviderCodec& exa_codec();
const ProviderCodec& google_codec();
const ProviderCodec& duckduckgo_codec();
const ProviderCodec& wikipedia_codec();

}  // namespace seine::web
