#include "net/headers.h"

#include "base/text.h"

namespace seine::net {

using base::ascii_iequals;

Headers::Headers(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

void Headers::add(std::string_view name, std::string_view value) {
  index_.push_back({static_cast<std::uint32_t>(bytes_.size()),
                    static_cast<std::uint32_t>(name.size()),
                    static_cast<std::uint32_t>(value.size())});
  bytes_.append(name).append(value);
}

void Headers::set(std::string_view name, std::string_view value) {
  // The arguments may be views into this very buffer; removal leaves the bytes where they are.
  remove(name);
  add(std::string(name), std::string(value));
}

std::size_t Headers::remove(std::string_view name) {
  return std::erase_if(index_, [&](const Entry& entry) {
    return ascii_iequals({bytes_.data() + entry.offset, entry.name_size}, name);
  });
}

void Headers::clear() {
  bytes_.clear();
  index_.clear();
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const Field field : *this) {
    if (ascii_iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::get_all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field field : *this) {
    if (ascii_iequals(field.name, name)) values.push_back(field.value);
  }
  return values;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  for (const Field field : *this) {
    if (!ascii_iequals(field.name, name)) continue;
    for (const std::string_view part : base::split(field.value, ',')) {
      if (ascii_iequals(base::trim(part), token)) return true;
    }
  }
  return false;
}

Headers::Field Headers::operator[](std::size_t i) const {
  const Entry& entry = index_[i];
  const std::string_view bytes = bytes_;
  return {bytes.substr(entry.offset, entry.name_size),
          bytes.substr(entry.offset + entry.name_size, entry.value_size)};
}

std::size_t Headers::list_bytes() const {
  std::size_t total = 0;
  for (const Entry& entry : index_) total += entry.name_size + entry.value_size + 32;
  return total;
}

}  // namespace seine::net
