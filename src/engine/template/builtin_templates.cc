// The families' formats as templates of our own, for files that carry none.
#include <array>
#include <utility>

#include "engine/template/chat_template.h"

namespace seine::engine {
namespace {

// DeepSeek LLM and V2. No space after "Assistant:": with one the tokens differ.
constexpr std::string_view kDeepSeekChat = R"({{ bos_token }}
{%- for message in messages %}
{%- if message.role == 'system' %}{{ message.content + '\n\n' }}
{%- elif message.role == 'assistant' %}{{ 'Assistant: ' + (message.content or '') + eos_token }}
{%- else %}{{ 'User: ' + (message.content or '') + '\n\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ 'Assistant:' }}{% endif %})";

// V3, R1 and its distillations.
constexpr std::string_view kDeepSeekR1 = R"({%- set ns = namespace(system='', results=false) %}
{%- for message in messages if message.role == 'system' %}
{%- set ns.system = ns.system + ('\n\n' if ns.system else '') + message.content %}
{%- endfor %}
{{- bos_token + ns.system }}
{%- for message in messages %}
{%- if message.role == 'tool' %}
{{- '\n' if ns.results else '<｜tool▁outputs▁begin｜>' }}
{{- '<｜tool▁output▁begin｜>' + message.content + '<｜tool▁output▁end｜>' }}
{%- set ns.results = true %}
{%- else %}
{%- if ns.results %}{{ '<｜tool▁outputs▁end｜>' }}{% endif %}
{%- if message.role == 'user' %}{{ '<｜User｜>' + message.content }}
{%- elif message.role == 'assistant' %}
{%- if not ns.results %}{{ '<｜Assistant｜>' }}{% endif %}
{{- (message.content or '').split('</think>')[-1] }}
{%- for call in message.tool_calls or [] %}
{{- '<｜tool▁calls▁begin｜>' if loop.first else '\n' }}
{{- '<｜tool▁call▁begin｜>function<｜tool▁sep｜>' + call.function.name + '\n```json\n' + call.function.arguments + '\n```<｜tool▁call▁end｜>' }}
{{- '<｜tool▁calls▁end｜>' if loop.last }}
{%- endfor %}
{{- '<｜end▁of▁sentence｜>' }}
{%- endif %}
{%- set ns.results = false %}
{%- endif %}
{%- endfor %}
{%- if ns.results %}{{ '<｜tool▁outputs▁end｜>' }}
{%- elif add_generation_prompt %}{{ '<｜Assistant｜>' + ('<think>\n' if thinking is not defined or thinking else '') }}
{%- endif %})";

constexpr std::string_view kDeepSeekV31 = R"({%- set ns = namespace(system='', asked=false) %}
{%- for message in messages if message.role == 'system' %}
{%- set ns.system = ns.system + ('\n\n' if ns.system else '') + message.content %}
{%- endfor %}
{{- bos_token + ns.system }}
{%- for message in messages %}
{%- if message.role == 'user' %}{{ '<｜User｜>' + message.content }}{% set ns.asked = true %}
{%- elif message.role == 'tool' %}{{ '<｜tool▁output▁begin｜>' + message.content + '<｜tool▁output▁end｜>' }}
{%- elif message.role == 'assistant' %}
{{- '<｜Assistant｜></think>' if ns.asked }}
{%- set ns.asked = false %}
{{- (message.content or '').split('</think>')[-1] }}
{%- for call in message.tool_calls or [] %}
{{- '<｜tool▁calls▁begin｜>' if loop.first }}
{{- '<｜tool▁call▁begin｜>' + call.function.name + '<｜tool▁sep｜>' + call.function.arguments + '<｜tool▁call▁end｜>' }}
{{- '<｜tool▁calls▁end｜>' if loop.last }}
{%- endfor %}
{{- '<｜end▁of▁sentence｜>' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt and ns.asked %}{{ '<｜Assistant｜>' + ('<think>' if thinking else '</think>') }}{% endif %})";

// V3.2, whose maker gives an encoder in place of a template.
constexpr std::string_view kDeepSeekV32 =
    R"({%- set ns = namespace(system='', asked=false, results=false) %}
{%- for message in messages if message.role == 'system' %}
{%- set ns.system = ns.system + ('\n\n' if ns.system else '') + message.content %}
{%- endfor %}
{{- bos_token + ns.system }}
{%- if tools %}
{{- '\n\n## Tools\n\nYou may call these functions. To call, write a block like this, one invoke for each call:\n<｜DSML｜function_calls>\n<｜DSML｜invoke name="$FUNCTION_NAME">\n<｜DSML｜parameter name="$PARAMETER_NAME" string="true|false">$VALUE</｜DSML｜parameter>\n</｜DSML｜invoke>\n</｜DSML｜function_calls>\nValues of string parameters stand as they are with string="true"; all others are JSON with string="false". The functions, as JSON schemas:\n<functions>\n' }}
{%- for tool in tools %}{{ tool.function | tojson + '\n' }}{% endfor %}
{{- '</functions>' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
{{- '\n' if ns.results else '\n\n<function_results>\n' }}
{{- '<result>' + message.content + '</result>' }}
{%- set ns.results = true %}
{%- else %}
{%- if ns.results %}{{ '\n</function_results>' }}{% endif %}
{%- if message.role == 'user' %}{{ '<｜User｜>' + message.content }}{% set ns.asked = true %}
{%- elif message.role == 'assistant' %}
{%- if ns.asked or ns.results %}
{{- '<｜Assistant｜>' if ns.asked }}
{{- '<think>' + message.reasoning_content + '</think>' if message.reasoning_content else '</think>' }}
{%- endif %}
{%- set ns.asked = false %}
{{- (message.content or '').split('</think>')[-1] }}
{%- for call in message.tool_calls or [] %}
{{- '\n\n<｜DSML｜function_calls>\n' if loop.first }}
{{- '<｜DSML｜invoke name="' + call.function.name + '">\n' }}
{%- for name, value in call.function.arguments | items %}
{{- '<｜DSML｜parameter name="' + name + '" string="' + ('true' if value is string else 'false') + '">' + (value if value is string else value | tojson) + '</｜DSML｜parameter>\n' }}
{%- endfor %}
{{- '</｜DSML｜invoke>\n' }}
{{- '</｜DSML｜function_calls>' if loop.last }}
{%- endfor %}
{{- '<｜end▁of▁sentence｜>' }}
{%- endif %}
{%- set ns.results = false %}
{%- endif %}
{%- endfor %}
{%- if ns.results %}{{ '\n</function_results>\n\n' }}{% endif %}
{%- if add_generation_prompt and (ns.asked or ns.results) %}
{{- '<｜Assistant｜>' if ns.asked and not ns.results }}
{{- '<think>' if thinking else '</think>' }}
{%- endif %})";

constexpr std::string_view kChatMl = R"({%- if tools %}
{{- '<|im_start|>system\n' }}
{{- messages[0].content + '\n\n' if messages and messages[0].role == 'system' }}
{{- '# Tools\n\nYou may call one or more functions. Their signatures:\n<tools>' }}
{%- for tool in tools %}{{ '\n' + (tool | tojson) }}{% endfor %}
{{- '\n</tools>\n\nTo call one, write its name and arguments as JSON:\n<tool_call>\n{"name": <function-name>, "arguments": <arguments>}\n</tool_call><|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
{%- if message.role == 'tool' %}
{{- '<|im_start|>user' if loop.first or loop.previtem.role != 'tool' }}
{{- '\n<tool_response>\n' + message.content + '\n</tool_response>' }}
{{- '<|im_end|>\n' if loop.last or loop.nextitem.role != 'tool' }}
{%- elif not (tools and loop.first and message.role == 'system') %}
{{- '<|im_start|>' + message.role + '\n' + (message.content or '').split('</think>')[-1] }}
{%- for call in message.tool_calls or [] %}
{{- '\n' if message.content or not loop.first }}
{{- '<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' + call.function.arguments | tojson + '}\n</tool_call>' }}
{%- endfor %}
{{- '<|im_end|>\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %})";

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kFamilies = {{
    {"deepseek-chat", kDeepSeekChat},
    {"deepseek-r1", kDeepSeekR1},
    {"deepseek-v3.1", kDeepSeekV31},
    {"deepseek-v3.2", kDeepSeekV32},
    {"chatml", kChatMl},
}};

}  // namespace

std::optional<std::string_view> ChatTemplate::builtin(std::string_view family) {
  for (const auto& [name, source] : kFamilies) {
    if (name == family) return source;
  }
  return std::nullopt;
}

}  // namespace seine::engine
