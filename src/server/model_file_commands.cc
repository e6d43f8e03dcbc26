// Commands on model files, without a service: model show, model quantize.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <memory>
#include <optional>
#include <thread>

#include "base/json.h"
#include "base/text.h"
#include "engine/formats/quantize_model.h"
#include "engine/measure/calibration.h"
#include "engine/model/describe.h"
#include "engine/spans/span_format.h"
#include "engine/template/chat_template.h"
#include "server/commands.h"
#include "server/data_file.h"
#include "server/engine_loader.h"
#include "server/exit_code.h"
#include "server/invocation.h"
#include "server/one_engine.h"

namespace seine::server {
namespace {

using base::Code;
using base::Json;
using base::Result;

// How the model is spoken to.
struct Speech {
  std::string_view source = "none";  // "file", "family", "spans"
  std::string_view calls = {};       // the form of calls
  bool thinks = false;
};

std::string_view form_name(engine::ToolFormat format) {
  switch (format) {
    case engine::ToolFormat::kDeepSeekR1:
      return "deepseek-r1";
    case engine::ToolFormat::kDeepSeekV31:
      return "deepseek-v3.1";
    case engine::ToolFormat::kDsml:
      return "deepseek-v3.2";
    case engine::ToolFormat::kHermes:
      break;
  }
  return "hermes";
}

Result<Speech> speech_of(const engine::ModelFile& file) {
  Speech out;
  const auto tokenizer = SEINE_TRY(engine::Tokenizer::of_model(file));
  if (engine::SpanFormat::of(*tokenizer)) {
    out.source = "spans";
    return out;
  }
  const auto chat = SEINE_TRY(engine::ChatTemplate::of_model(file, tokenizer));
  const bool has_own = file.metadata().find("tokenizer.chat_template") != nullptr ||
                       file.tokenizer_config_json().contains("chat_template");
  out.source = has_own ? "file" : "family";
  out.calls = form_name(chat.tool_format());
  out.thinks = chat.thinks();
  return out;
}

struct Shown {
  std::filesystem::path path;
  std::shared_ptr<const engine::ModelFile> file;
  engine::ModelDescription model;
  Speech speech;
  bool is_encoder = false;
  std::int32_t context = 0;  // that the memory is for
  std::int32_t batch = 1;
  engine::MemoryEstimate memory;
  std::uint64_t available = 0;
};

Result<Shown> look(const Invocation& invocation) {
  Shown out;
  const base::Config config = SEINE_TRY(load_config(invocation));
  out.path = SEINE_TRY(model_path(invocation, invocation.argument));
  out.file = SEINE_TRY(engine::ModelFile::open(out.path));
  out.model = SEINE_TRY(engine::describe_model(*out.file));
  out.is_encoder = out.model.architecture == "bert" || out.model.architecture == "seine-embed";
  if (!out.is_encoder) out.speech = SEINE_TRY(speech_of(*out.file));
  const EngineOptions options = engine_options(config);
  engine::EngineSettings settings = engine_settings(options, model_id(out.path));
  out.context = SEINE_TRY(number_option<std::int32_t>(
      invocation, "--context", options.context > 0 ? options.context : out.model.context));
  out.batch = std::max(1, SEINE_TRY(number_option<std::int32_t>(invocation, "--batch", 1)));
  if (out.context < 1 || out.context > out.model.context) {
    return base::fail_field(Code::kInvalidArgument, "--context",
                            "a context of {}: the model's limit is {}",
                            base::format_count(static_cast<std::uint64_t>(out.context)),
                            base::format_count(static_cast<std::uint64_t>(out.model.context)));
  }
  settings.context = out.context;
  settings.kv_tokens = std::int64_t{out.context} * out.batch;
  out.memory = SEINE_TRY(engine::estimate_engine(*out.file, settings));
  if (out.is_encoder) out.memory.kv_cache = 0;
  out.available = engine::memory_for_engine(settings);
  return out;
}

bool fits(const Shown& shown) {
  return shown.available == 0 || shown.memory.total() <= shown.available;
}

Json json_of(const Shown& shown) {
  const engine::ModelDescription& model = shown.model;
  Json types = Json::array();
  for (const engine::WeightType& type : model.types) {
    types.push_back({{"type", base::ascii_lower(type.name)},
                     {"tensors", type.tensors},
                     {"weights", type.weights},
                     {"bytes", type.bytes}});
  }
  Json tensors = Json::array();
  for (const engine::Tensor& tensor : shown.file->tensors()) {
    tensors.push_back({{"name", tensor.name},
                       {"type", base::ascii_lower(engine::dtype_name(tensor.dtype))},
                       {"shape", tensor.shape},
                       {"bytes", tensor.bytes()}});
  }
  return {{"path", shown.path.string()},
          {"architecture", model.architecture},
          {"name", model.name},
          {"parameters", model.parameters},
          {"vocabulary", model.vocabulary},
          {"layers", model.layers},
          {"mtp_modules", model.mtp_modules},
          {"width", model.width},
          {"context", model.context},
          {"experts", model.experts},
          {"experts_used", model.experts_used},
          {"file_bytes", shown.file->file_bytes()},
          {"template", shown.speech.source},
          {"tool_calls", shown.speech.calls},
          {"thinks", shown.speech.thinks},
          {"types", std::move(types)},
          {"memory",
           {{"context", shown.context},
            {"batch", shown.batch},
            {"weights_bytes", shown.memory.weights},
            {"tables_bytes", shown.memory.converted},
            {"copies_bytes", shown.memory.copies},
            {"activations_bytes", shown.memory.workspace},
            {"kv_bytes", shown.memory.kv_cache},
            {"kv_bytes_per_token", shown.memory.kv_token},
            {"total_bytes", shown.memory.total()},
            {"available_bytes", shown.available},
            {"fits", fits(shown)}}},
          {"tensors", std::move(tensors)}};
}

std::string table_of(const Terminal& terminal, const Shown& shown) {
  const engine::ModelDescription& model = shown.model;
  std::string out;
  auto to = std::back_inserter(out);
  const auto line = [&](base::Bilingual head, const std::string& text) {
    fmt::format_to(to, "{:<{}}{}\n", terminal.pick(head),
                   terminal.language() == base::Language::kChinese ? 8 : 14, text);
  };
  const auto words = [&](base::Bilingual form, const auto&... values) {
    return fmt::format(fmt::runtime(terminal.pick(form)), values...);
  };
  line({"model", "模型"}, model.name.empty() ? shown.path.string() : model.name);
  line({"architecture", "架构"},
       words({"{}, {:.2f} million weights, {} layers, width {}, vocabulary {}, context {}",
              "{}，{:.2f} 百万权重，{} 层，宽 {}，词表 {}，上下文 {}"},
             model.architecture, static_cast<double>(model.parameters) / 1e6, model.layers,
             model.width, model.vocabulary, model.context));
  if (model.experts > 0) {
    line({"experts", "专家"},
         words({"{}, {} used", "{} 个，每次用 {} 个"}, model.experts, model.experts_used));
  }
  if (model.mtp_modules > 0) {
    line({"prediction", "多词预测"},
         words({"{} module(s) of multi-token prediction", "{} 个多词元预测模块"},
               model.mtp_modules));
  }
  std::string types;
  for (const engine::WeightType& type : model.types) {
    fmt::format_to(std::back_inserter(types), "{}{} {} ({})", types.empty() ? "" : ", ",
                   base::ascii_lower(type.name), base::format_size(type.bytes), type.tensors);
  }
  line({"tensors", "张量"}, types);
  if (!shown.is_encoder) {
    const std::string_view source = shown.speech.source;
    line({"template", "模板"},
         source == "spans"
             ? std::string(terminal.pick({"answers with spans of passages", "以段落原文作答"}))
             : words({"{}; calls tools as {}{}", "{}；工具调用格式 {}{}"},
                     source == "file" ? terminal.pick({"the file's own", "文件自带"})
                                      : terminal.pick({"that of its family", "同系列模板"}),
                     shown.speech.calls,
                     shown.speech.thinks ? terminal.pick({"; thinks", "；会思考"})
                                         : std::string_view()));
  }
  line({"memory", "内存"},
       words({"{} for a context of {} and {} sequence(s): weights {}, their copy {}, tables "
              "{}, activations {}, KV cache {}",
              "{}（上下文 {}，{} 路）：权重 {}，其副本 {}，表 {}，激活 {}，KV 缓存 {}"},
             base::format_size(shown.memory.total()), shown.context, shown.batch,
             base::format_size(shown.memory.weights), base::format_size(shown.memory.copies),
             base::format_size(shown.memory.converted), base::format_size(shown.memory.workspace),
             base::format_size(shown.memory.kv_cache)));
  if (shown.available > 0) {
    line({"available", "可用"}, words({"{}: {}", "{}：{}"}, base::format_size(shown.available),
                                      fits(shown) ? terminal.pick({"it fits", "放得下"})
                                                  : terminal.pick({"it does not fit", "放不下"})));
  }
  return out;
}

Result<engine::QuantizeReport> quantize(const Invocation& invocation, engine::Mixture mixture) {
  const Terminal& terminal = *invocation.terminal;
  const auto file = SEINE_TRY(engine::ModelFile::open(invocation.argument));
  // A directory keeps its tokenizer beside the weights; GGUF holds it.
  engine::Metadata extra;
  if (!file->tokenizer_json().empty()) {
    const auto tokenizer = SEINE_TRY(engine::Tokenizer::of_model(*file));
    extra = SEINE_TRY(tokenizer->to_gguf());
  }
  engine::QuantizeOptions options{.mixture = mixture};
  std::optional<engine::ThreadPool> pool;
  std::unique_ptr<engine::Calibration> calibration;
  if (const auto text = invocation.value("--calibrate")) {
    const std::string words = SEINE_TRY(read_data(*text));
    const base::Config config = SEINE_TRY(load_config(invocation));
    const auto threads = static_cast<int>(config.integer("model.threads"));
    pool.emplace(threads > 0 ? threads
                             : std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
    calibration = SEINE_TRY(engine::Calibration::create(
        file, words, *pool,
        {.memory_limit = config.size_bytes("model.memory_max"),
         .progress = [&terminal, note = std::optional<PercentNote>()](std::uint64_t done,
                                                                      std::uint64_t total) mutable {
           if (!note) {
             terminal.note(
                 terminal.pick({"seine: reading the calibration text", "seine: 正在读校准文本"}));
             note.emplace(terminal);
           }
           const bool goes_on = (*note)(done, total);
           if (done == total) note.reset();  // it may be read again for the next tensors
           return goes_on;
         }}));
    options.inputs = calibration.get();
  }
  PercentNote note(terminal);
  options.progress = [&](const engine::QuantizeProgress& progress) {
    return note(progress.done, progress.total);
  };
  return engine::quantize_model(*file, invocation.second, options, extra);
}

Result<int> quantize(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const std::string type = invocation.value("--type").value_or("q4_k_m");
  const auto mixture = engine::mixture_of_name(type);
  if (!mixture)
    return base::fail_field(Code::kInvalidArgument, "--type", "--type: no mixture '{}'", type);
  const engine::QuantizeReport report = SEINE_TRY(quantize(invocation, *mixture));
  const double saved = 100 * (1 - static_cast<double>(report.bytes_after) /
                                      static_cast<double>(report.bytes_as_bf16));
  const double error =
      report.squared_sum > 0 ? 100 * std::sqrt(report.squared_error / report.squared_sum) : 0.0;
  if (invocation.has("--json")) {
    const Json json = {{"type", type},
                       {"weights", report.weights},
                       {"bytes_before", report.bytes_before},
                       {"bytes_after", report.bytes_after},
                       {"saved_of_bf16_percent", saved},
                       {"relative_error_percent", error}};
    terminal.out(base::to_text(json) + "\n");
    return kOk;
  }
  terminal.out(fmt::format(fmt::runtime(terminal.pick(
                               {"{}: {} to {}, {:.1f} % saved of 16-bit weights, error {:.2f} %\n",
                                "{}：{} 变为 {}，比 16 位权重省 {:.1f} %，误差 {:.2f} %\n"})),
                           invocation.second, base::format_size(report.bytes_before),
                           base::format_size(report.bytes_after), saved, error));
  return kOk;
}

}  // namespace

int run_model_show(const Invocation& invocation) {
  const Terminal& terminal = *invocation.terminal;
  const Result<Shown> shown = look(invocation);
  if (!shown) return fail_with(terminal, shown.error());
  terminal.out(invocation.has("--json") ? base::to_pretty_text(json_of(*shown)) + "\n"
                                        : table_of(terminal, *shown));
  return kOk;
}

int run_model_quantize(const Invocation& invocation) {
  const Result<int> result = quantize(invocation);
  return result ? *result : fail_with(*invocation.terminal, result.error());
}

}  // namespace seine::server
