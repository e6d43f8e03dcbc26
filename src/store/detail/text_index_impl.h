// What the files of TextIndex share: a collection's row, and the counts of terms kept in memory.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/text_index.h"
#include "store/text_query.h"

namespace seine::store {

namespace detail {

struct Collection {
  std::int64_t n = 0;
  std::uint64_t documents = 0;
};

// kNotFound names the collection.
base::Result<Collection> find_collection(Connection& connection, std::string_view name);

}  // namespace detail

struct TextIndex::Impl {
  Impl(Database& database_in, TextIndexLimits limits_in)
      : database(database_in), limits(limits_in) {}

  Database& database;
  TextIndexLimits limits;

  // How many documents hold a term, as counted when the collection had `documents`.
  struct Frequencies {
    std::uint64_t documents = 0;
    std::unordered_map<std::string, std::uint64_t> of_term;
  };
  std::mutex mutex;
  std::unordered_map<std::int64_t, Frequencies> frequencies;

  base::Result<void> apply(Connection& connection, std::string_view name,
                           std::span<const Document> upserts,
                           std::span<const std::string> removals);
  base::Result<std::vector<Hit>> search(Connection& connection, std::string_view name,
                                        const TextQuery& query, const std::string& filter_sql);
  base::Result<std::uint64_t> frequency(Connection& connection,
                                        const detail::Collection& collection,
                                        const QueryTerm& term);
  base::Result<std::vector<double>> idf_of(Connection& connection,
                                           const detail::Collection& collection,
                                           const std::vector<QueryTerm>& terms);
};

}  // namespace seine::store
