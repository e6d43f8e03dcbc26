// The one table of the tests that break things: numbered records.
#pragma once

#include "store/migrations.h"

namespace seine::store {

inline constexpr Migration kTestRecords[] = {
    {1, "records", "CREATE TABLE record(n INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT"}};

}  // namespace seine::store
