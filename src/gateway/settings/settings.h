// What a person chose in the console: a small object of known keys and short values, kept in the
// key-value store. Sans-IO but for the store; safe on any thread.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json_fwd.h"
#include "store/key_value.h"

namespace seine::gateway {

// Only known keys with values of their kind; null takes a choice back.
base::Result<base::Json> check_settings(const base::Json& body);

// An object; empty when nothing was chosen yet.
base::Result<base::Json> load_settings(store::KeyValue& records);
// Replaces what was there; returns what is kept.
base::Result<base::Json> save_settings(store::KeyValue& records, const base::Json& body);

}  // namespace seine::gateway
