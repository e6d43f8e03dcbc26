// What every coroutine unit includes anyway. Never rely on it: header self-containment is tested without it.
#pragma once

#include <boost/asio.hpp>
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
