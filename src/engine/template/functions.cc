#include <array>
#include <chrono>

#include "engine/template/interpreter.h"

namespace seine::engine::jinja {
namespace {

using base::Code;
using base::fail;

base::Result<Value> range(Interpreter& interpreter, const Arguments& given) {
  static constexpr std::int64_t kItemsMax = 100'000;
  std::int64_t bounds[3] = {0, 0, 1};
  const std::size_t count = given.values.size();
  if (count == 0 || count > 3) return fail(Code::kInvalidArgument, "range takes 1 to 3 integers");
  for (std::size_t i = 0; i < count; ++i) {
    if (!given.values[i].to_int(bounds[count == 1 ? 1 : i])) {
      return fail(Code::kInvalidArgument, "range takes integers, not {}",
                  given.values[i].type_name());
    }
  }
  const auto [from, to, step] = bounds;
  if (step == 0) return fail(Code::kInvalidArgument, "range with a step of 0");
  List out;
  for (std::int64_t i = from; step > 0 ? i < to : i > to;) {
    if (static_cast<std::int64_t>(out.size()) >= kItemsMax) {
      return fail(Code::kResourceExhausted, "range of more than {} items", kItemsMax);
    }
    out.push_back(Value::of(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  SEINE_CHECK(interpreter.spend(out.size() * 32));
  return Value::of(std::move(out));
}

base::Result<Dict> members_of(const Arguments& given) {
  Dict out;
  for (const Value& value : given.values) {
    const Dict* dict = value.as_dict();
    if (dict == nullptr) {
      return fail(Code::kInvalidArgument, "a mapping is needed, not {}", value.type_name());
    }
    for (const auto& [key, item] : dict->items()) out.set(key, item);
  }
  for (const auto& [key, item] : given.named) out.set(key, item);
  return out;
}

base::Result<Value> make_namespace(Interpreter&, const Arguments& given) {
  Dict members = SEINE_TRY(members_of(given));
  for (const auto& [key, item] : members.items()) {
    if (item.holds_namespace()) {
      return fail(Code::kInvalidArgument, "a namespace cannot be put into a namespace");
    }
  }
  return Value::new_namespace(std::move(members));
}

base::Result<Value> make_dict(Interpreter&, const Arguments& given) {
  return Value::of(SEINE_TRY(members_of(given)));
}

base::Result<Value> raise_exception(Interpreter&, const Arguments& given) {
  const Value* message = given.find(0, "message");
  return fail(Code::kInvalidArgument, "{}",
              message != nullptr ? message->to_text() : "the template refuses the messages");
}

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};
constexpr std::array<std::string_view, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

// In UTC: what a prompt says must not depend on where the machine stands.
base::Result<Value> strftime_now(Interpreter& interpreter, const Arguments& given) {
  const Value* format = given.find(0, "format");
  if (format == nullptr || format->as_string() == nullptr) {
    return fail(Code::kInvalidArgument, "strftime_now needs a format");
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(interpreter.clock().wall());
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(now - day);
  const std::chrono::weekday weekday(day);
  const int year = static_cast<int>(date.year());
  const auto month = static_cast<unsigned>(date.month());
  const auto month_day = static_cast<unsigned>(date.day());
  const auto hour = time.hours().count();
  std::string out;
  const std::string& text = *format->as_string();
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    bool padded = true;
    char letter = text[++i];
    if (letter == '-' && i + 1 < text.size()) {  // no leading zero
      padded = false;
      letter = text[++i];
    }
    const auto number = [&](auto value) {
      out += padded ? fmt::format("{:02}", value) : fmt::format("{}", value);
    };
    switch (letter) {
      case 'Y':
        out += fmt::format("{}", year);
        break;
      case 'y':
        number(year % 100);
        break;
      case 'm':
        number(month);
        break;
      case 'd':
        number(month_day);
        break;
      case 'e':
        out += fmt::format("{:2}", month_day);
        break;
      case 'B':
        out += kMonths[month - 1];
        break;
      case 'b':
        out += kMonths[month - 1].substr(0, 3);
        break;
      case 'A':
        out += kDays[weekday.c_encoding()];
        break;
      case 'a':
        out += kDays[weekday.c_encoding()].substr(0, 3);
        break;
      case 'H':
        number(hour);
        break;
      case 'I':
        number(hour % 12 == 0 ? 12 : hour % 12);
        break;
      case 'M':
        number(time.minutes().count());
        break;
      case 'S':
        number(time.seconds().count());
        break;
      case 'p':
        out += hour < 12 ? "AM" : "PM";
        break;
      case 'j':
        out += fmt::format("{:03}", (day - std::chrono::sys_days(date.year() / 1 / 1)).count() + 1);
        break;
      case 'F':
        out += fmt::format("{}-{:02}-{:02}", year, month, month_day);
        break;
      case 'T':
        out +=
            fmt::format("{:02}:{:02}:{:02}", hour, time.minutes().count(), time.seconds().count());
        break;
      case 'Z':
        out += "UTC";
        break;
      case 'z':
        out += "+0000";
        break;
      case '%':
        out += '%';
        break;
      default:
        return fail(Code::kUnimplemented, "strftime_now: '%{}' is not supported", letter);
    }
  }
  return Value::of(std::move(out));
}

}  // namespace

void add_functions(Dict& globals) {
  globals.set("range", Value::of(Function{"range", range}));
  globals.set("namespace", Value::of(Function{"namespace", make_namespace}));
  globals.set("dict", Value::of(Function{"dict", make_dict}));
  globals.set("raise_exception", Value::of(Function{"raise_exception", raise_exception}));
  globals.set("strftime_now", Value::of(Function{"strftime_now", strftime_now}));
}

}  // namespace seine::engine::jinja
