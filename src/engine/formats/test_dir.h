// TestDir: an empty directory that lives as long as the object. For tests only.
#pragma once

#include <filesystem>
#include <string>

#include "base/ids.h"
#include "base/random.h"

namespace seine::engine {

class TestDir {
 public:
  TestDir() {
    base::SystemRandom random;
    path_ = std::filesystem::temp_directory_path() / ("seine-" + base::make_hex_id(random, 8));
    std::filesystem::create_directories(path_);
  }
  ~TestDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestDir(const TestDir&) = delete;
  TestDir& operator=(const TestDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace seine::engine
