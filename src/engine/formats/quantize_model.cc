#include "engine/formats/quantize_model.h"

#include <algorithm>
#include <array>
#include <span>
#include <thread>
#include <vector>

#include "base/text.h"
#include "engine/formats/codec.h"
#include "engine/formats/gguf_writer.h"
#include "engine/formats/rope_order.h"

namespace seine::engine {
namespace {

using base::Code;

constexpr std::uint64_t kChunkElements = 1 << 20;

struct MixtureInfo {
  std::string_view name;
  DType bulk;
  DType head;               // of the output head and the sensitive tensors
  bool mixed;               // whether the sensitive tensors differ from the bulk
  std::uint32_t file_type;  // general.file_type, llama.cpp's numbering
};
constexpr std::array<MixtureInfo, 16> kMixtures = {{
    {"f32", DType::kF32, DType::kF32, false, 0},
    {"f16", DType::kF16, DType::kF16, false, 1},
    {"bf16", DType::kBF16, DType::kBF16, false, 32},
    {"q8_0", DType::kQ8_0, DType::kQ8_0, false, 7},
    {"q6_k", DType::kQ6_K, DType::kQ6_K, false, 18},
    {"q5_k_m", DType::kQ5_K, DType::kQ6_K, true, 17},
    {"q5_k_s", DType::kQ5_K, DType::kQ6_K, false, 16},
    {"q5_1", DType::kQ5_1, DType::kQ6_K, false, 9},
    {"q5_0", DType::kQ5_0, DType::kQ6_K, false, 8},
    {"q4_k_m", DType::kQ4_K, DType::kQ6_K, true, 15},
    {"q4_k_s", DType::kQ4_K, DType::kQ6_K, false, 14},
    {"q4_1", DType::kQ4_1, DType::kQ6_K, false, 3},
    {"q4_0", DType::kQ4_0, DType::kQ6_K, false, 2},
    {"iq4_nl", DType::kIQ4_NL, DType::kQ6_K, false, 25},
    {"iq4_xs", DType::kIQ4_XS, DType::kQ6_K, false, 30},
    {"s4", DType::kIQ4_XS, DType::kIQ4_XS, false, 30},
}};

const MixtureInfo& info_of(Mixture mixture) {
  return kMixtures[static_cast<std::size_t>(mixture)];
}

DType fit_row(DType type, std::uint64_t columns) {
  if (columns % dtype_info(type).block == 0) return type;
  switch (type) {
    case DType::kQ4_K:
      return fit_row(DType::kQ5_0, columns);
    case DType::kQ5_K:
      return fit_row(DType::kQ5_1, columns);
    case DType::kQ6_K:
      return fit_row(DType::kQ8_0, columns);
    case DType::kIQ4_XS:
      return fit_row(DType::kIQ4_NL, columns);
    default:
      return DType::kF16;
  }
}

// Layer number of "blk.N.…"; nothing for the others.
std::optional<std::uint64_t> layer_of(std::string_view name) {
  if (!name.starts_with("blk.")) return std::nullopt;
  name.remove_prefix(4);
  return base::parse_u64(name.substr(0, name.find('.')));
}

bool in_name(const Tensor& tensor, std::string_view part) {
  return tensor.name.find(part) != std::string::npos;
}

// Where a chunk's rows come from: as they lie, or put into interleaved rotary order.
struct RowOrder {
  std::uint64_t head = 0;  // 0: as they lie
  std::uint64_t at(std::uint64_t row) const { return head == 0 ? row : half_split_row(row, head); }
};

base::Result<RowOrder> row_order(const ModelFile& source, const Tensor& tensor) {
  const bool half_split = SEINE_TRY(source.metadata().get_or<bool>("seine.rope.half_split", false));
  if (!half_split) return RowOrder{};
  const auto architecture =
      SEINE_TRY(source.metadata().require<std::string_view>("general.architecture"));
  if (architecture == "deepseek2" || architecture == "deepseek32") {
    return base::fail(Code::kUnimplemented,
                      "MLA checkpoints in half-split rotary order cannot be written as GGUF");
  }
  const bool rotary = in_name(tensor, ".attn_q.") || in_name(tensor, ".attn_k.");
  if (architecture != "llama" || !rotary) return RowOrder{};
  const auto head =
      SEINE_TRY(source.metadata().require<std::uint32_t>("llama.attention.key_length"));
  const std::uint64_t rows = tensor.shape.size() > 1 ? tensor.rows() : tensor.columns();
  if (head == 0 || head % 2 != 0 || rows % head != 0) {
    return base::fail_field(Code::kInvalidArgument, tensor.name,
                            "tensor '{}' does not divide into heads of {}", tensor.name, head);
  }
  return RowOrder{head};
}

base::Result<Metadata> target_metadata(const ModelFile& source, Mixture mixture,
                                       const Metadata& extra) {
  Metadata out;
  const auto architecture =
      SEINE_TRY(source.metadata().require<std::string_view>("general.architecture"));
  const auto scaling = SEINE_TRY(source.metadata().get_or<std::string_view>(
      std::string(architecture) + ".rope.scaling.type", ""));
  for (const auto& [key, value] : source.metadata().entries()) {
    // What the order of rows and the tensor rope_freqs say in GGUF; splits do not outlive the copy.
    if (key == "seine.rope.half_split" || key.starts_with("split.")) continue;
    if (scaling == "llama3" && key.find(".rope.scaling.") != std::string::npos) continue;
    out.set(key, value);
  }
  for (const auto& [key, value] : extra.entries()) out.set(key, value);
  out.set("general.file_type", MetadataValue::of_u32(info_of(mixture).file_type));
  out.set("general.quantization_version", MetadataValue::of_u32(2));
  return out;
}

base::Result<> check_target(const ModelFile& source, const std::filesystem::path& target) {
  std::error_code code;
  if (std::filesystem::equivalent(source.path(), target, code)) {
    return base::fail(Code::kInvalidArgument, "{} is the model being read", target.string());
  }
  return {};
}

struct Job {
  const Tensor* tensor;
  DType type;
  RowOrder order;
};

// work(first, last) for parts of [0, count), a part on each thread.
template <typename Work>
void share_out(std::uint64_t count, std::uint64_t threads, const Work& work) {
  const std::uint64_t parts = std::min(count, threads);
  std::vector<std::jthread> others;
  for (std::uint64_t part = 1; part < parts; ++part) {
    others.emplace_back([&work, first = count * part / parts, last = count * (part + 1) / parts] {
      work(first, last);
    });
  }
  work(0, count / parts);
}

// What one row lost.
struct RowError {
  double squared_error = 0;
  double squared_sum = 0;
};

RowError error_of(std::span<const float> was, std::span<const float> is) {
  RowError error;
  for (std::size_t i = 0; i < was.size(); ++i) {
    const double miss = double{was[i]} - is[i];
    error.squared_error += miss * miss;
    error.squared_sum += double{was[i]} * was[i];
  }
  return error;
}

// Row `row` of the result. `scratch` has room for a row.
void read_row(const Job& job, std::uint64_t row, std::span<float> out, std::span<float> scratch) {
  const Tensor& tensor = *job.tensor;
  if (job.order.head == 0 || tensor.shape.size() > 1) {
    tensor.read_f32(job.order.at(row), 1, out.data());
    return;
  }
  tensor.read_f32(0, 1, scratch.data());
  for (std::uint64_t i = 0; i < out.size(); ++i) out[i] = scratch[job.order.at(i)];
}

// What is known of a tensor's inputs, as quantize_rows() wants it.
struct Feedback {
  std::uint64_t rows_each = 1;  // of a matrix
  std::vector<std::vector<ErrorFeedback>> of_matrices;

  std::span<const ErrorFeedback> of_row(std::uint64_t row) const {
    if (of_matrices.empty()) return {};
    return of_matrices[row / rows_each];
  }
};

base::Result<Feedback> feedback_for(const Job& job, const QuantizeOptions& options,
                                    std::uint64_t threads) {
  if (options.inputs == nullptr || dtype_info(job.type).block == 1) return Feedback{};
  const Tensor& tensor = *job.tensor;
  const std::span<const InputMoments* const> moments = SEINE_TRY(options.inputs->of(tensor));
  if (moments.empty()) return Feedback{};
  if (tensor.rows() % moments.size() != 0) {
    return base::fail_field(Code::kInvalidArgument, tensor.name,
                            "{} matrices were measured for '{}', which has {} rows", moments.size(),
                            tensor.name, tensor.rows());
  }
  Feedback out{.rows_each = tensor.rows() / moments.size(), .of_matrices = {}};
  struct Part {
    std::uint64_t matrix;
    std::uint64_t stretch;
  };
  std::vector<Part> parts;
  for (const InputMoments* const of : moments) {
    if (of != nullptr && of->columns() != tensor.columns()) {
      return base::fail_field(Code::kInvalidArgument, tensor.name,
                              "{} inputs were measured for '{}', which has {}", of->columns(),
                              tensor.name, tensor.columns());
    }
    const std::uint64_t stretches = of == nullptr ? 0 : of->stretches();
    for (std::uint64_t i = 0; i < stretches; ++i) parts.push_back({out.of_matrices.size(), i});
    out.of_matrices.emplace_back(stretches);
  }
  share_out(parts.size(), threads, [&](std::uint64_t from, std::uint64_t to) {
    for (const Part& part : std::span(parts).subspan(from, to - from))
      out.of_matrices[part.matrix][part.stretch] =
          error_feedback(*moments[part.matrix], part.stretch);
  });
  return out;
}

base::Result<> convert(const ModelFile& source, const Job& job, const QuantizeOptions& options,
                       std::uint64_t total, GgufWriter& writer, QuantizeReport& report) {
  const Tensor& tensor = *job.tensor;
  const std::uint64_t columns = tensor.columns();
  const std::uint64_t rows = tensor.rows();
  const std::uint64_t step = std::clamp<std::uint64_t>(kChunkElements / columns, 1, rows);
  const std::uint64_t out_row = row_bytes(job.type, columns).value();
  const std::uint64_t threads = options.threads > 0
                                    ? static_cast<std::uint64_t>(options.threads)
                                    : std::max(1U, std::thread::hardware_concurrency());
  const Feedback feedback = SEINE_TRY(feedback_for(job, options, threads));
  std::vector<std::byte> out(step * out_row);
  std::vector<RowError> errors(step);
  for (std::uint64_t first = 0; first < rows; first += step) {
    const std::uint64_t count = std::min(step, rows - first);
    share_out(count, threads, [&](std::uint64_t from, std::uint64_t to) {
      std::vector<float> x(kRowsTogether * columns);
      std::vector<float> back(columns);
      for (std::uint64_t i = from; i < to;) {
        // Rows of one matrix.
        const std::uint64_t left = feedback.rows_each - (first + i) % feedback.rows_each;
        const std::uint64_t some =
            feedback.of_matrices.empty() ? 1 : std::min({kRowsTogether, to - i, left});
        for (std::uint64_t r = 0; r < some; ++r)
          read_row(job, first + i + r, std::span(x).subspan(r * columns, columns), back);
        std::byte* row = out.data() + i * out_row;
        quantize_rows(job.type, x.data(), some, feedback.of_row(first + i), row, columns);
        for (std::uint64_t r = 0; r < some; ++r, ++i, row += out_row) {
          dequantize_row(job.type, row, back.data(), columns);
          errors[i] = error_of(std::span(x).subspan(r * columns, columns), back);
        }
      }
    });
    for (std::uint64_t i = 0; i < count; ++i) {
      report.squared_error += errors[i].squared_error;
      report.squared_sum += errors[i].squared_sum;
    }
    SEINE_CHECK(writer.write(std::span(out).first(count * out_row)));
    report.weights += count * columns;
    if (options.progress && !options.progress({tensor.name, report.weights, total})) {
      return base::fail(Code::kCancelled, "quantising was cancelled at '{}'", tensor.name);
    }
  }
  // Pages of the source would add up to the whole model.
  source.release(tensor);
  report.bytes_before += tensor.bytes();
  report.bytes_as_bf16 += rows * columns * 2;
  report.bytes_after += rows * out_row;
  return {};
}

}  // namespace

std::optional<Mixture> mixture_of_name(std::string_view name) {
  for (std::size_t i = 0; i < kMixtures.size(); ++i) {
    if (base::ascii_iequals(kMixtures[i].name, name)) return static_cast<Mixture>(i);
  }
  return std::nullopt;
}

std::uint32_t file_type_of(Mixture mixture) {
  return info_of(mixture).file_type;
}

DType choose_dtype(Mixture mixture, const Tensor& tensor, std::uint64_t layers, bool tied_head) {
  const MixtureInfo& info = info_of(mixture);
  const bool small = tensor.shape.size() < 2 || in_name(tensor, "norm") ||
                     in_name(tensor, "ffn_gate_inp") || in_name(tensor, "position_embd") ||
                     in_name(tensor, "token_types") || !tensor.name.ends_with(".weight");
  if (small) return DType::kF32;
  const bool is_head =
      tensor.name == "output.weight" || (tied_head && tensor.name == "token_embd.weight");
  if (is_head) return fit_row(info.head, tensor.columns());
  const std::optional<std::uint64_t> layer = layer_of(tensor.name);
  if (info.mixed && layer && (in_name(tensor, "attn_v.") || in_name(tensor, "ffn_down"))) {
    const std::uint64_t i = *layer;
    const std::uint64_t eighth = layers / 8;
    const bool wide = i < eighth || i >= 7 * layers / 8 || (i - eighth) % 3 == 2;
    if (wide) return fit_row(info.head, tensor.columns());
  }
  return fit_row(info.bulk, tensor.columns());
}

base::Result<QuantizeReport> quantize_model(const ModelFile& source,
                                            const std::filesystem::path& target,
                                            const QuantizeOptions& options, const Metadata& extra) {
  SEINE_CHECK(check_target(source, target));
  const Metadata metadata = SEINE_TRY(target_metadata(source, options.mixture, extra));
  const auto architecture = SEINE_TRY(metadata.require<std::string_view>("general.architecture"));
  const auto layers =
      SEINE_TRY(metadata.get_or<std::uint32_t>(std::string(architecture) + ".block_count", 0));
  const bool tied = source.find("output.weight") == nullptr;
  std::vector<Job> jobs;
  std::vector<TensorDeclaration> declared;
  std::uint64_t total = 0;
  for (const Tensor& tensor : source.tensors()) {
    if (!dtype_info(tensor.dtype).decodable) {
      return base::fail_field(Code::kUnimplemented, tensor.name,
                              "tensor '{}' of type {} cannot be converted", tensor.name,
                              dtype_name(tensor.dtype));
    }
    const DType type = choose_dtype(options.mixture, tensor, layers, tied);
    jobs.push_back({&tensor, type, SEINE_TRY(row_order(source, tensor))});
    declared.push_back({tensor.name, type, tensor.shape});
    total += tensor.elements();
  }
  const auto writer = SEINE_TRY(GgufWriter::create(target, metadata, std::move(declared)));
  QuantizeReport report;
  for (const Job& job : jobs) SEINE_CHECK(convert(source, job, options, total, *writer, report));
  SEINE_CHECK(source.check_unchanged());
  SEINE_CHECK(writer->finish());
  return report;
}

}  // namespace seine::engine
