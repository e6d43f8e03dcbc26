// The schemas that routes name. Members that clients rely on are told; objects stay open, as both
// sides ignore what they do not know.
#include "base/assert.h"
#include "base/json.h"
#include "gateway/openapi.h"

namespace seine::gateway {
namespace {

constexpr std::string_view kSchemas = R"json({
"Error": {"type": "object", "required": ["error"], "properties": {"error": {"type": "object", "required": ["message"], "properties": {
  "message": {"type": "string"}, "type": {"type": "string"}, "param": {"type": ["string", "null"]}, "code": {"type": ["string", "null"]}}}}},
"ContentPart": {"type": "object", "required": ["type"], "properties": {"type": {"enum": ["text", "refusal"]}, "text": {"type": "string"}}},
"ChatMessage": {"type": "object", "required": ["role"], "properties": {
  "role": {"enum": ["system", "developer", "user", "assistant", "tool"]},
  "content": {"oneOf": [{"type": "string"}, {"type": "null"}, {"type": "array", "items": {"$ref": "#/components/schemas/ContentPart"}}]},
  "reasoning_content": {"type": ["string", "null"]}, "tool_call_id": {"type": "string"}, "name": {"type": "string"}, "prefix": {"type": "boolean"},
  "tool_calls": {"type": "array", "items": {"$ref": "#/components/schemas/ToolCall"}}}},
"ToolCall": {"type": "object", "properties": {"id": {"type": "string"}, "type": {"const": "function"},
  "function": {"type": "object", "properties": {"name": {"type": "string"}, "arguments": {"type": "string"}}}}},
"Tool": {"type": "object", "properties": {"type": {"enum": ["function", "web_search"]}, "function": {"type": "object", "properties": {
  "name": {"type": "string"}, "description": {"type": "string"}, "parameters": {"type": "object"}, "strict": {"type": "boolean"}}}}},
"WebSearchOptions": {"type": "object", "properties": {"search_context_size": {"enum": ["low", "medium", "high"]}, "user_location": {"type": "object"}}},
"ChatCompletionRequest": {"type": "object", "required": ["model", "messages"], "properties": {
  "model": {"type": "string", "description": "A model's id; the suffix :online asks the web"},
  "messages": {"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/ChatMessage"}},
  "stream": {"type": ["boolean", "null"]}, "stream_options": {"type": "object", "properties": {"include_usage": {"type": "boolean"}}},
  "n": {"type": "integer", "minimum": 1, "maximum": 8}, "temperature": {"type": "number", "minimum": 0, "maximum": 2},
  "top_p": {"type": "number", "minimum": 0, "maximum": 1}, "max_tokens": {"type": "integer", "minimum": 1},
  "max_completion_tokens": {"type": "integer", "minimum": 1}, "seed": {"type": "integer"},
  "stop": {"oneOf": [{"type": "string"}, {"type": "null"}, {"type": "array", "maxItems": 16, "items": {"type": "string"}}]},
  "presence_penalty": {"type": "number"}, "frequency_penalty": {"type": "number"}, "logit_bias": {"type": "object"},
  "logprobs": {"type": "boolean"}, "top_logprobs": {"type": "integer", "minimum": 0, "maximum": 20},
  "response_format": {"type": "object"}, "tools": {"type": "array", "items": {"$ref": "#/components/schemas/Tool"}}, "tool_choice": {},
  "parallel_tool_calls": {"type": "boolean"}, "reasoning_effort": {"enum": ["none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"]},
  "thinking": {"type": "object", "properties": {"type": {"enum": ["enabled", "disabled"]}}},
  "web_search_options": {"$ref": "#/components/schemas/WebSearchOptions"}}},
"Usage": {"type": "object", "properties": {"prompt_tokens": {"type": "integer"}, "completion_tokens": {"type": "integer"}, "total_tokens": {"type": "integer"},
  "prompt_cache_hit_tokens": {"type": "integer"}, "prompt_cache_miss_tokens": {"type": "integer"}, "prompt_tokens_details": {"type": "object"},
  "completion_tokens_details": {"type": "object"}}},
"ChatCompletion": {"type": "object", "required": ["id", "object", "choices"], "properties": {"id": {"type": "string"}, "object": {"const": "chat.completion"},
  "created": {"type": "integer"}, "model": {"type": "string"}, "choices": {"type": "array", "items": {"type": "object", "properties": {
  "index": {"type": "integer"}, "message": {"$ref": "#/components/schemas/ChatMessage"}, "finish_reason": {"enum": ["stop", "length", "tool_calls"]}}}},
  "usage": {"$ref": "#/components/schemas/Usage"}, "seine": {"type": "object", "description": "Sources, spans and steps of a web answer"}}},
"CompletionRequest": {"type": "object", "required": ["model", "prompt"], "properties": {"model": {"type": "string"},
  "prompt": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, "max_tokens": {"type": "integer", "default": 16},
  "stream": {"type": "boolean"}, "echo": {"type": "boolean"}, "n": {"type": "integer"}, "logprobs": {"type": "integer", "maximum": 5}}},
"Completion": {"type": "object", "properties": {"id": {"type": "string"}, "object": {"const": "text_completion"}, "choices": {"type": "array", "items": {
  "type": "object", "properties": {"index": {"type": "integer"}, "text": {"type": "string"}, "finish_reason": {"type": "string"}}}},
  "usage": {"$ref": "#/components/schemas/Usage"}}},
"EmbeddingRequest": {"type": "object", "required": ["model", "input"], "properties": {"model": {"type": "string"},
  "input": {"oneOf": [{"type": "string"}, {"type": "array", "maxItems": 2048, "items": {"type": "string"}}]},
  "dimensions": {"type": "integer"}, "encoding_format": {"enum": ["float", "base64"]}, "input_type": {"enum": ["query", "passage"]}}},
"EmbeddingList": {"type": "object", "properties": {"object": {"const": "list"}, "data": {"type": "array", "items": {"type": "object", "properties": {
  "index": {"type": "integer"}, "embedding": {"oneOf": [{"type": "array", "items": {"type": "number"}}, {"type": "string"}]}}}}, "model": {"type": "string"}}},
"Model": {"type": "object", "properties": {"id": {"type": "string"}, "object": {"const": "model"}, "created": {"type": "integer"}, "owned_by": {"type": "string"},
  "context_length": {"type": "integer"}, "capabilities": {"type": "object"}}},
"ModelList": {"type": "object", "properties": {"object": {"const": "list"}, "data": {"type": "array", "items": {"$ref": "#/components/schemas/Model"}}}},
"ResponseRequest": {"type": "object", "required": ["model"], "properties": {"model": {"type": "string"}, "input": {"oneOf": [{"type": "string"}, {"type": "array"}]},
  "instructions": {"type": ["string", "null"]}, "previous_response_id": {"type": ["string", "null"]}, "store": {"type": "boolean"}, "stream": {"type": "boolean"},
  "tools": {"type": "array"}, "reasoning": {"type": "object"}, "text": {"type": "object"}, "max_output_tokens": {"type": ["integer", "null"]}}},
"Response": {"type": "object", "properties": {"id": {"type": "string"}, "object": {"const": "response"}, "status": {"enum": ["in_progress", "completed", "incomplete",
  "failed"]}, "output": {"type": "array", "items": {"type": "object"}}, "usage": {"type": ["object", "null"]}}},
"ItemList": {"type": "object", "properties": {"object": {"const": "list"}, "data": {"type": "array", "items": {"type": "object"}}}},
"MessageRequest": {"type": "object", "required": ["model", "messages"], "properties": {"model": {"type": "string"}, "max_tokens": {"type": "integer", "minimum": 1},
  "messages": {"type": "array", "items": {"type": "object"}}, "system": {}, "tools": {"type": "array"}, "tool_choice": {"type": "object"},
  "thinking": {"type": "object"}, "stop_sequences": {"type": "array", "items": {"type": "string"}}, "stream": {"type": "boolean"}}},
"Message": {"type": "object", "properties": {"id": {"type": "string"}, "type": {"const": "message"}, "role": {"const": "assistant"}, "content": {"type": "array",
  "items": {"type": "object"}}, "stop_reason": {"enum": ["end_turn", "max_tokens", "stop_sequence", "tool_use"]}, "usage": {"type": "object"}}},
"TokenCount": {"type": "object", "properties": {"input_tokens": {"type": "integer"}}},
"Key": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "prefix": {"type": "string"}, "scopes": {"type": "array",
  "items": {"enum": ["chat", "models", "embeddings", "admin"]}}, "created_at": {"type": "string", "format": "date-time"}, "expires_at": {"type": ["string", "null"]},
  "last_used_at": {"type": ["string", "null"]}, "requests_per_minute": {"type": "integer"}, "tokens_per_minute": {"type": "integer"}, "revoked": {"type": "boolean"}}},
"KeyList": {"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Key"}}, "next_cursor": {"type": ["string", "null"]}}},
"NewKey": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "scopes": {"type": "array", "items": {"type": "string"}},
  "expires_in_s": {"type": ["integer", "null"]}, "requests_per_minute": {"type": "integer"}, "tokens_per_minute": {"type": "integer"}}},
"CreatedKey": {"allOf": [{"$ref": "#/components/schemas/Key"}, {"type": "object", "properties": {"key": {"type": "string"}}}]},
"Chat": {"type": "object", "properties": {"id": {"type": "string"}, "title": {"type": "string"}, "folder": {"type": ["string", "null"]}, "pinned": {"type": "boolean"},
  "archived": {"type": "boolean"}, "created_at": {"type": "string"}, "updated_at": {"type": "string"}, "message_count": {"type": "integer"}, "snippet": {"type": "string"}}},
"ChatList": {"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Chat"}}, "next_cursor": {"type": ["string", "null"]}}},
"ChatWithMessages": {"allOf": [{"$ref": "#/components/schemas/Chat"}, {"type": "object", "properties": {"messages": {"type": "array", "items": {"type": "object",
  "properties": {"id": {"type": "string"}, "parent_id": {"type": ["string", "null"]}, "role": {"enum": ["user", "assistant"]}, "text": {"type": "string"},
  "state": {"type": "string"}, "run_id": {"type": ["string", "null"]}, "answer": {"type": ["object", "null"]}, "model": {"type": ["string", "null"]}}}}}}]},
"Ask": {"type": "object", "properties": {"question": {"type": "string"}, "chat_id": {"type": ["string", "null"]}, "parent_id": {"type": ["string", "null"]},
  "regenerate_id": {"type": ["string", "null"]}, "model": {"type": ["string", "null"]}, "search": {"enum": ["auto", "on", "off"]},
  "think": {"enum": ["off", "low", "high", "max"]}, "sites": {"type": "array", "items": {"type": "string"}}, "files": {"type": "array", "items": {"type": "string"}},
  "language": {"enum": ["en", "zh", null]}, "stream": {"type": "boolean"}}, "additionalProperties": false},
"Answer": {"type": "object", "properties": {"run_id": {"type": "string"}, "chat_id": {"type": ["string", "null"]}, "question_id": {"type": ["string", "null"]},
  "answer_id": {"type": ["string", "null"]}, "question": {"type": "string"}, "text": {"type": "string"}, "brief": {"type": ["string", "null"]},
  "by": {"enum": ["model", "extract", "none"]}, "model": {"type": ["string", "null"]}, "state": {"enum": ["complete", "stopped", "failed", "not_found"]},
  "reasoning": {"type": ["string", "null"]}, "citations": {"type": "array", "items": {"type": "object"}}, "sources": {"type": "array", "items": {"type": "object"}},
  "steps": {"type": "array", "items": {"type": "object"}}, "usage": {"type": ["object", "null"]}, "timings": {"type": "object"}, "created_at": {"type": "string"},
  "error": {"type": ["object", "null"]}}},
"RunList": {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object", "properties": {"run_id": {"type": "string"},
  "question": {"type": "string"}, "state": {"type": "string"}, "by": {"type": "string"}, "model": {"type": ["string", "null"]}, "created_at": {"type": "string"},
  "total_ms": {"type": "integer"}, "source_count": {"type": "integer"}}}}, "next_cursor": {"type": ["string", "null"]}}},
"Snapshot": {"type": "object", "properties": {"hash": {"type": "string"}, "url": {"type": "string"}, "title": {"type": "string"}, "site": {"type": "string"},
  "author": {"type": "string"}, "published": {"type": ["string", "null"]}, "fetched_at": {"type": "string"}, "language": {"type": "string"},
  "markdown": {"type": "string"}, "blocks": {"type": "array", "items": {"type": "object"}}}},
"NewChat": {"type": "object", "properties": {"title": {"type": "string"}, "folder": {"type": "string"}}},
"ChatPatch": {"type": "object", "properties": {"title": {"type": "string"}, "folder": {"type": ["string", "null"]}, "pinned": {"type": "boolean"},
  "archived": {"type": "boolean"}}, "additionalProperties": false},
"FolderList": {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"},
  "count": {"type": "integer"}}}}}},
"LocalModelList": {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"},
  "state": {"enum": ["ready", "loading", "unloaded", "failed"]}, "default": {"type": "boolean"}, "progress": {"type": ["object", "null"]}}}}}},
"ModelEstimate": {"type": "object", "properties": {"weights_bytes": {"type": "integer"}, "kv_bytes": {"type": "integer"}, "other_bytes": {"type": "integer"},
  "total_bytes": {"type": "integer"}, "available_bytes": {"type": "integer"}, "fits": {"type": "boolean"}}},
"File": {"type": "object", "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "bytes": {"type": "integer"}, "type": {"type": "string"},
  "characters": {"type": "integer"}, "snapshot": {"type": "string"}}},
"FileList": {"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/File"}}}},
"Settings": {"type": "object", "properties": {"language": {"enum": ["auto", "en", "zh"]}, "theme": {"enum": ["system", "light", "dark"]},
  "font_size": {"type": "string"}, "density": {"type": "string"}, "model": {"type": "string"}, "search": {"enum": ["auto", "on", "off"]},
  "think": {"enum": ["off", "low", "high", "max"]}, "send_key": {"type": "string"}}, "additionalProperties": false},
"SearchProviderList": {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"},
  "state": {"enum": ["ready", "no_key", "down", "quota"]}, "cost": {"type": ["string", "null"]}, "p50_ms": {"type": ["number", "null"]}}}}}},
"NewWatch": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}, "selector": {"type": "string"}, "block": {"type": "string"},
  "every_s": {"type": "integer", "minimum": 10}, "webhook": {"type": ["string", "null"]}, "render": {"enum": ["never", "auto", "always"]},
  "noise": {"type": "array", "items": {"enum": ["dates", "counters", "ads", "links"]}}, "ignore": {"type": "array", "items": {"type": "string"}}}},
"Watch": {"allOf": [{"$ref": "#/components/schemas/NewWatch"}, {"type": "object", "properties": {"id": {"type": "string"}, "title": {"type": "string"},
  "paused": {"type": "boolean"}, "created_at": {"type": "string"}, "checked_at": {"type": ["string", "null"]}, "changed_at": {"type": ["string", "null"]},
  "next_at": {"type": ["string", "null"]}, "failures": {"type": "integer"}, "verdict": {"type": ["string", "null"]}, "message": {"type": "string"},
  "version": {"type": "integer"}, "hook": {"type": "string"}}}]},
"CreatedWatch": {"allOf": [{"$ref": "#/components/schemas/Watch"}, {"type": "object", "properties": {"secret": {"type": "string"}, "hook_secret": {"type": "string"}}}]},
"WatchList": {"type": "object", "properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Watch"}}, "next_cursor": {"type": "null"}}},
"WatchPatch": {"type": "object", "required": ["paused"], "properties": {"paused": {"type": "boolean"}}},
"BlockChange": {"type": "object", "properties": {"kind": {"enum": ["added", "removed", "changed"]}, "before": {"type": "string"}, "after": {"type": "string"},
  "heading": {"type": "string"}, "above": {"type": "string"}, "below": {"type": "string"}}},
"WatchHistory": {"allOf": [{"$ref": "#/components/schemas/Watch"}, {"type": "object", "properties": {"versions": {"type": "array", "items": {"type": "object",
  "properties": {"number": {"type": "integer"}, "at": {"type": "string"}, "title": {"type": "string"}, "left_out": {"type": "integer"},
  "changes": {"type": "array", "items": {"$ref": "#/components/schemas/BlockChange"}}}}}}}]},
"WatchCheck": {"type": "object", "properties": {"result": {"enum": ["first", "unchanged", "noise", "changed", "failed"]}, "diff": {"type": "string"},
  "changes": {"type": "array", "items": {"$ref": "#/components/schemas/BlockChange"}}, "verdict": {"type": "string"}, "message": {"type": "string"}}},
"WebhookList": {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}, "watch": {"type": "string"},
  "url": {"type": "string"}, "state": {"enum": ["pending", "sent", "dead"]}, "created_at": {"type": "string"}, "attempts": {"type": "integer"},
  "next_at": {"type": ["string", "null"]}, "status": {"type": ["integer", "null"]}, "message": {"type": "string"}}}}, "next_cursor": {"type": "null"}}}
})json";

}  // namespace

base::Json openapi_schemas() {
  base::Result<base::Json> schemas = base::parse_json(kSchemas);
  SEINE_ASSERT(schemas.has_value(), "the schemas in the program are JSON");
  return *std::move(schemas);
}

}  // namespace seine::gateway
