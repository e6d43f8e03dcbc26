#include "server/scripted_model.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/json.h"
#include "base/random.h"

namespace seine::server {
namespace {

using base::Code;
using base::fail;
using base::fail_field;
using base::Json;
using base::Result;

constexpr std::uintmax_t kFileBytesMax = std::uintmax_t{16} << 20;
constexpr std::size_t kStepsMax = 1'000'000;

Result<base::Code> parse_code(std::string_view name) {
  for (int i = 1; i <= 16; ++i) {
    const auto code = static_cast<base::Code>(i);
    if (base::code_name(code) == name) return code;
  }
  return fail(Code::kInvalidArgument, "'{}' is no error code, such as UNAVAILABLE", name);
}

Result<llm::Finish> parse_finish(const Json& value) {
  const auto reason = SEINE_TRY(base::get_or<std::string>(value, "reason", "stop"));
  llm::Finish finish;
  if (reason == "length") finish.reason = llm::FinishReason::kLength;
  if (reason == "tool_calls") finish.reason = llm::FinishReason::kToolCalls;
  finish.usage.prompt_tokens = SEINE_TRY(base::get_or<std::uint64_t>(value, "prompt_tokens", 0));
  finish.usage.cached_tokens = SEINE_TRY(base::get_or<std::uint64_t>(value, "cached_tokens", 0));
  finish.usage.completion_tokens =
      SEINE_TRY(base::get_or<std::uint64_t>(value, "completion_tokens", 0));
  finish.usage.reasoning_tokens =
      SEINE_TRY(base::get_or<std::uint64_t>(value, "reasoning_tokens", 0));
  return finish;
}

Result<llm::TextDelta> parse_text(const Json& step) {
  llm::TextDelta text{.text = SEINE_TRY(base::require<std::string>(step, "text"))};
  if (const auto logprob = SEINE_TRY(base::get<double>(step, "logprob"))) {
    text.logprobs.push_back(
        {.token = text.text, .logprob = *logprob, .top = {{text.text, *logprob}}});
  }
  return text;
}

Result<llm::ScriptStep> parse_piece(const Json& step) {
  if (base::find(step, "text") != nullptr) return llm::Delta(SEINE_TRY(parse_text(step)));
  if (base::find(step, "reasoning") != nullptr) {
    return llm::Delta(
        llm::ReasoningDelta{SEINE_TRY(base::require<std::string>(step, "reasoning"))});
  }
  if (const Json* call = base::find(step, "tool_call")) {
    return llm::Delta(llm::ToolCallDelta{
        .index = SEINE_TRY(base::get_or<std::uint32_t>(*call, "index", 0)),
        .id = SEINE_TRY(base::get_or<std::string>(*call, "id", "")),
        .name = SEINE_TRY(base::get_or<std::string>(*call, "name", "")),
        .arguments = SEINE_TRY(base::get_or<std::string>(*call, "arguments", ""))});
  }
  if (const Json* finish = base::find(step, "finish")) {
    return llm::Delta(SEINE_TRY(parse_finish(*finish)));
  }
  if (const Json* error = base::find(step, "error")) {
    const auto name = SEINE_TRY(base::require<std::string>(*error, "code"));
    return base::Error{SEINE_TRY(parse_code(name)),
                       SEINE_TRY(base::require<std::string>(*error, "message"))};
  }
  return fail(Code::kInvalidArgument,
              "a step has one of text, reasoning, tool_call, finish, error");
}

Result<> add_step(llm::Script& script, const Json& step) {
  const auto pause_ms = SEINE_TRY(base::get_or<std::uint32_t>(step, "pause_ms", 0));
  const auto times = SEINE_TRY(base::get_or<std::uint32_t>(step, "times", 1));
  if (script.size() + std::size_t{times} * 2 > kStepsMax) {
    return fail(Code::kInvalidArgument, "a script has at most {} steps", kStepsMax);
  }
  const bool only_pause = step.size() == 1 && pause_ms > 0;
  for (std::uint32_t i = 0; i < times; ++i) {
    if (pause_ms > 0) script.emplace_back(base::Duration(std::chrono::milliseconds(pause_ms)));
    if (!only_pause) script.push_back(SEINE_TRY(parse_piece(step)));
  }
  return {};
}

Result<ScriptedModel> parse_model(const Json& value) {
  ScriptedModel model;
  model.info = {
      .id = SEINE_TRY(base::require<std::string>(value, "id")),
      .owned_by = "script",
      .context_tokens = SEINE_TRY(base::get_or<std::uint32_t>(value, "context_tokens", 4096)),
      .thinks = SEINE_TRY(base::get_or<bool>(value, "thinks", false)),
      .calls_tools = SEINE_TRY(base::get_or<bool>(value, "calls_tools", false))};
  model.embedding_dimensions =
      SEINE_TRY(base::get_or<std::uint32_t>(value, "embedding_dimensions", 0));
  model.streams_max = SEINE_TRY(base::get_or<std::uint32_t>(value, "streams_max", 4096));
  const Json* steps = base::find(value, "steps");
  if (steps == nullptr) return model;
  if (!steps->is_array()) {
    return fail_field(Code::kInvalidArgument, "steps", "'steps' must be an array");
  }
  for (std::size_t i = 0; i < steps->size(); ++i) {
    if (const Result<> added = add_step(model.script, (*steps)[i]); !added) {
      return std::unexpected(base::Error(added.error()).within(fmt::format("step {}", i)));
    }
  }
  return model;
}

// A vector of length 1 that depends on the text alone.
class ScriptedEmbedder final : public llm::Embedder {
 public:
  ScriptedEmbedder(llm::ModelInfo info, std::uint32_t dimensions)
      : info_(std::move(info)), dimensions_(dimensions) {}

  std::vector<llm::ModelInfo> models() const override { return {info_}; }
  void embed(llm::EmbedRequest request, base::Deadline, std::stop_token,
             std::function<void(Result<llm::Embeddings>)> done) override {
    llm::Embeddings made;
    const std::uint32_t size =
        request.dimensions == 0 ? dimensions_ : std::min(request.dimensions, dimensions_);
    for (const std::string& text : request.texts) {
      base::SeededRandom random(std::hash<std::string>()(text));
      std::vector<float> vector(size);
      double square = 0;
      for (float& value : vector) {
        value = static_cast<float>(random.uniform() * 2 - 1);
        square += static_cast<double>(value) * value;
      }
      for (float& value : vector) value /= static_cast<float>(std::sqrt(square));
      made.vectors.push_back(std::move(vector));
      made.tokens += text.size() / 4 + 1;
    }
    done(std::move(made));
  }

 private:
  const llm::ModelInfo info_;
  const std::uint32_t dimensions_;
};

}  // namespace

Result<std::vector<ScriptedModel>> parse_scripts(std::string_view text) {
  const Json json = SEINE_TRY(base::parse_json(text));
  const Json* list = base::find(json, "models");
  if (list == nullptr || !list->is_array() || list->empty()) {
    return fail_field(Code::kInvalidArgument, "models",
                      "a script file is an object whose 'models' lists at least one");
  }
  std::vector<ScriptedModel> models;
  for (std::size_t i = 0; i < list->size(); ++i) {
    Result<ScriptedModel> model = parse_model((*list)[i]);
    if (!model) {
      return std::unexpected(std::move(model).error().within(fmt::format("models[{}]", i)));
    }
    models.push_back(*std::move(model));
  }
  return models;
}

Result<std::vector<ScriptedModel>> read_scripts(const std::string& path) {
  const std::string file =
      path.starts_with(kScriptedScheme) ? path.substr(kScriptedScheme.size()) : path;
  std::error_code missing;
  const std::uintmax_t bytes = std::filesystem::file_size(file, missing);
  if (missing) return std::unexpected(base::errno_error(file, missing.value()));
  if (bytes > kFileBytesMax) {
    return fail(Code::kInvalidArgument, "{} has {} bytes, the limit is {}", file, bytes,
                kFileBytesMax);
  }
  std::ifstream in(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  Result<std::vector<ScriptedModel>> models = parse_scripts(text);
  if (!models) return std::unexpected(std::move(models).error().within(file));
  return models;
}

Result<std::vector<ModelSource>> scripted_sources(const std::string& path) {
  std::vector<ModelSource> sources;
  for (const ScriptedModel& model : SEINE_TRY(read_scripts(path))) {
    sources.push_back({.id = model.info.id, .path = path});
  }
  return sources;
}

Result<LoadedModel> ScriptedLoader::load(const ModelSource& source, const Progress&,
                                         std::stop_token) {
  std::vector<ScriptedModel> models = SEINE_TRY(read_scripts(source.path.string()));
  const auto found = std::ranges::find_if(
      models, [&](const ScriptedModel& model) { return model.info.id == source.id; });
  if (found == models.end()) {
    return fail(Code::kNotFound, "{} has no model '{}'", source.path.string(), source.id);
  }
  LoadedModel loaded;
  loaded.architecture = "script";
  loaded.type = "script";
  if (found->embedding_dimensions > 0) {
    loaded.embedder = std::make_shared<ScriptedEmbedder>(found->info, found->embedding_dimensions);
  } else {
    loaded.generator = std::make_shared<llm::ScriptedGenerator>(
        std::move(found->script),
        llm::ScriptedGenerator::Settings{.model = found->info, .streams_max = found->streams_max});
  }
  return loaded;
}

Result<gateway::ModelEstimate> ScriptedLoader::estimate(const ModelSource&) const {
  return gateway::ModelEstimate{};
}

}  // namespace seine::server
