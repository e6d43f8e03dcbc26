#include "server/model_host.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

#include "llm/scripted_generator.h"

namespace seine::server {
namespace {

using base::Code;
using gateway::ModelEntry;
using gateway::ModelState;

class FakeEncoder final : public llm::Embedder, public llm::Reranker {
 public:
  std::vector<llm::ModelInfo> models() const override {
    return {{.id = "ranker", .owned_by = "test", .embeds = true}};
  }
  void embed(llm::EmbedRequest request, base::Deadline, std::stop_token,
             std::function<void(base::Result<llm::Embeddings>)> done) override {
    done(llm::Embeddings{.vectors = {request.texts.size(), {1.0F}}});
  }
  void rerank(llm::RerankRequest request, base::Deadline, std::stop_token,
              std::function<void(base::Result<std::vector<float>>)> done) override {
    done(std::vector<float>(request.passages.size(), 0.5F));
  }
};

// Loads a scripted model when the test lets it, or fails; "ranker" is an encoder.
class GatedLoader final : public ModelLoader {
 public:
  base::Result<LoadedModel> load(const ModelSource& source, const Progress& progress,
                                 std::stop_token stop) override {
    progress("read", 3, 10);
    std::unique_lock lock(mutex_);
    entered_ = true;
    changed_.notify_all();
    if (!changed_.wait(lock, stop, [this] { return open_; }))
      return base::fail(Code::kCancelled, "stopped");
    if (source.id == "broken") return base::fail(Code::kDataLoss, "tensor x is cut");
    LoadedModel loaded;
    loaded.architecture = "scripted";
    loaded.memory_bytes = 5;
    if (source.id == "ranker") {
      const auto encoder = std::make_shared<FakeEncoder>();
      loaded.embedder = encoder;
      loaded.reranker = encoder;
      return loaded;
    }
    llm::ScriptedGenerator::Settings settings;
    settings.model.id = source.id;
    loaded.generator =
        std::make_shared<llm::ScriptedGenerator>(llm::script_of("hello there", pause_), settings);
    return loaded;
  }
  base::Result<gateway::ModelEstimate> estimate(const ModelSource& source) const override {
    return gateway::ModelEstimate{.weights_bytes = 1, .kv_bytes = source.room.context_tokens};
  }

  void set_pause(base::Duration pause) { pause_ = pause; }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void wait_entered() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return entered_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool open_ = false;
  bool entered_ = false;
  base::Duration pause_ = base::Duration::zero();
};

class ModelHostTest : public testing::Test {
 protected:
  void SetUp() override {
    host_.on_settled([this](const ModelEntry& entry) {
      const std::lock_guard lock(mutex_);
      settled_.push_back(entry);
      changed_.notify_all();
    });
  }
  ModelEntry wait_settled(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return settled_.size() >= count; });
    return settled_[count - 1];
  }
  static std::string text_of(llm::StreamReader& reader) {
    std::string text;
    while (true) {
      const auto next = reader->next(base::Deadline::never());
      if (next.state == llm::DeltaStream::State::kEnded) return text;
      if (const auto* piece = std::get_if<llm::TextDelta>(&*next.delta)) text += piece->text;
    }
  }

  base::SystemClock clock_;
  GatedLoader loader_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ModelEntry> settled_;
  ModelHost host_{{{"one", "/m/one.gguf"}, {"broken", "/m/broken.gguf"}}, loader_, clock_};
};

TEST_F(ModelHostTest, ServesOnceReadyAndSaysWhereTheLoadStands) {
  EXPECT_EQ(host_.generator().generate({}, base::Deadline::never()).error().code,
            Code::kUnavailable);
  ASSERT_TRUE(host_.load("one"));
  loader_.wait_entered();
  const auto refused = host_.generator().generate({}, base::Deadline::never());
  EXPECT_EQ(refused.error().message, "model 'one' is being loaded (read: 3 of 10)");
  EXPECT_EQ(host_.list()[0].state, ModelState::kLoading);
  EXPECT_TRUE(host_.generator().models().empty());

  loader_.open();
  EXPECT_EQ(wait_settled(1).state, ModelState::kReady);
  ASSERT_EQ(host_.generator().models().size(), 1U);
  auto stream = host_.generator().generate({.model = "", .messages = {}}, base::Deadline::never());
  ASSERT_TRUE(stream);
  EXPECT_EQ(text_of(*stream), "hello there");
  EXPECT_TRUE(host_.list()[0].is_default);
  EXPECT_EQ(host_.list()[0].context_tokens, 4096U);
}

TEST_F(ModelHostTest, TellsWhyAModelFailed) {
  loader_.open();
  ASSERT_TRUE(host_.load("broken"));
  const ModelEntry entry = wait_settled(1);
  EXPECT_EQ(entry.state, ModelState::kFailed);
  EXPECT_EQ(entry.error, "tensor x is cut");
  const auto refused =
      host_.generator().generate({.model = "broken", .messages = {}}, base::Deadline::never());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  ASSERT_TRUE(host_.load("broken"));  // tried again
  wait_settled(2);
}

TEST_F(ModelHostTest, UnloadCancelsALoadAndALaterLoadSucceeds) {
  ASSERT_TRUE(host_.load("one"));
  loader_.wait_entered();
  ASSERT_TRUE(host_.unload("one"));
  EXPECT_EQ(wait_settled(1).state, ModelState::kUnloaded);
  loader_.open();
  ASSERT_TRUE(host_.load("one"));
  EXPECT_EQ(wait_settled(2).state, ModelState::kReady);
}

TEST_F(ModelHostTest, UnloadEndsStreams) {
  loader_.set_pause(std::chrono::hours(1));
  loader_.open();
  ASSERT_TRUE(host_.load("one"));
  wait_settled(1);
  auto stream =
      host_.generator().generate({.model = "one", .messages = {}}, base::Deadline::never());
  ASSERT_TRUE(stream);
  ASSERT_TRUE(host_.unload("one"));
  const auto end = (*stream)->next(base::Deadline::never());
  ASSERT_TRUE(end.error);
  EXPECT_EQ(end.error->code, Code::kUnavailable);
  ASSERT_TRUE(host_.load("one"));
  EXPECT_EQ(wait_settled(2).state, ModelState::kReady);
}

TEST_F(ModelHostTest, ManagesItsList) {
  EXPECT_EQ(host_.load("none").error().code, Code::kNotFound);
  EXPECT_EQ(host_.add({"one", "/x"}).error().code, Code::kAlreadyExists);
  ASSERT_TRUE(host_.add({"two", "/m/two.gguf"}));
  ASSERT_TRUE(host_.set_default("two"));
  EXPECT_TRUE(host_.list()[2].is_default);
  EXPECT_FALSE(host_.list()[0].is_default);
  EXPECT_EQ(host_.estimate("two", {.context_tokens = 77})->kv_bytes, 77U);
  bool refused = false;
  host_.embedder().embed({}, base::Deadline::never(), {},
                         [&](const auto& result) { refused = !result.has_value(); });
  EXPECT_TRUE(refused);
}

TEST_F(ModelHostTest, RanksWithTheFirstModelThatCan) {
  loader_.open();
  const auto rank = [this](std::string model) {
    base::Result<std::vector<float>> got;
    host_.reranker().rerank({.model = std::move(model), .query = "q", .passages = {"a", "b"}},
                            base::Deadline::never(), {},
                            [&](auto result) { got = std::move(result); });
    return got;
  };
  ASSERT_TRUE(host_.load("one"));
  EXPECT_TRUE(host_.wait_settled(base::Deadline::never()));
  EXPECT_EQ(rank("").error().code, Code::kNotFound);
  EXPECT_EQ(rank("one").error().field, "model");
  ASSERT_TRUE(host_.add({"ranker", "/m/ranker.gguf"}));
  ASSERT_TRUE(host_.load("ranker"));
  EXPECT_TRUE(host_.wait_settled(base::Deadline::never()));
  EXPECT_EQ(rank("").value(), (std::vector<float>{0.5F, 0.5F}));
  // One that answers comes first, whatever was asked for last.
  EXPECT_EQ(host_.generator().models().front().id, "one");
  EXPECT_TRUE(host_.generator().models().back().embeds);
}

TEST_F(ModelHostTest, WaitsForItsLoadsAndNoLonger) {
  EXPECT_TRUE(host_.wait_settled(base::Deadline::never()));  // nothing loads
  ASSERT_TRUE(host_.load("one"));
  ASSERT_TRUE(host_.load("broken"));
  EXPECT_FALSE(host_.wait_settled(base::Deadline::at(clock_.now())));
  loader_.open();
  EXPECT_TRUE(host_.wait_settled(base::Deadline::never()));
  EXPECT_EQ(host_.list()[0].state, ModelState::kReady);
  EXPECT_EQ(host_.list()[1].state, ModelState::kFailed);
}

TEST_F(ModelHostTest, EndsInTheMiddleOfALoad) {
  ASSERT_TRUE(host_.load("one"));
  ASSERT_TRUE(host_.load("broken"));
  loader_.wait_entered();
}

}  // namespace
}  // namespace seine::server
