#include "answer/answers.h"

#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "answer/pipeline.h"
#include "answer/replay.h"
#include "answer/run_store.h"
#include "base/ids.h"
#include "base/queue.h"
#include "base/text.h"
#include "web/url/url.h"

namespace seine::answer {
namespace {

using base::Code;
using base::Result;

constexpr std::size_t kSitesMax = 8;

Result<> check_request(const AskRequest& request, const AnswerSettings& settings) {
  if (base::trim(request.question).empty()) {
    return base::fail_field(Code::kInvalidArgument, "question", "the question is empty");
  }
  if (request.question.size() > settings.question_bytes_max) {
    return base::fail_field(Code::kInvalidArgument, "question",
                            "the question has {} bytes, the limit is {}", request.question.size(),
                            settings.question_bytes_max);
  }
  if (request.sites.size() > kSitesMax) {
    return base::fail_field(Code::kInvalidArgument, "sites", "{} sites, the limit is {}",
                            request.sites.size(), kSitesMax);
  }
  for (const std::string& site : request.sites) {
    const Result<web::Url> url = web::Url::parse(site);
    if (!url || !url->is_http()) {
      return base::fail_field(Code::kInvalidArgument, "sites", "'{}' is not an http address", site);
    }
  }
  return {};
}

}  // namespace

struct Answers::Impl {
  Impl(Ports given, AnswerSettings settings_given)
      : ports(given), settings(settings_given), waiting(settings_given.waiting) {}

  void work();
  void finish(Run& run, Answer answer, const RunRecord& record) const;

  const Ports ports;
  const AnswerSettings settings;
  base::BoundedQueue<std::shared_ptr<Run>> waiting;
  mutable std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<Run>> active;
  std::vector<std::jthread> threads;
};

void Answers::Impl::finish(Run& run, Answer answer, const RunRecord& record) const {
  if (ports.store != nullptr && run.request().record) {
    if (const Result<> kept = ports.store->put(answer, run.request(), record); !kept) {
      // The answer stands; that it cannot be shown again is told with its steps.
      Step step{.id = static_cast<int>(answer.steps.size()) + 1,
                .kind = StepKind::kVerify,
                .state = StepState::kFailed,
                .title = "record",
                .reason = kept.error().message};
      run.log().append(step);
      answer.steps.push_back(std::move(step));
    }
  }
  run.finish(std::move(answer));
}

void Answers::Impl::work() {
  for (;;) {
    std::shared_ptr<Run> run;
    if (waiting.pop(run, base::Deadline::never()) != base::QueueStatus::kOk) return;
    Pipeline pipeline(ports, settings, *run);
    Answer answer = pipeline.run();
    finish(*run, std::move(answer), pipeline.record());
    const std::lock_guard lock(mutex);
    active.erase(run->id());
  }
}

Answers::Answers(Ports ports, AnswerSettings settings)
    : impl_(std::make_unique<Impl>(ports, settings)) {
  for (std::size_t i = 0; i < settings.threads; ++i) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
  }
}

Answers::~Answers() {
  impl_->waiting.close();
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& [id, run] : impl_->active) run->stop();
  }
  impl_->threads.clear();  // joins
}

Result<std::shared_ptr<Run>> Answers::start(AskRequest request,
                                            std::function<void(const Answer&)> finished) {
  SEINE_CHECK(check_request(request, impl_->settings));
  auto run = std::make_shared<Run>(base::make_uuid7(impl_->ports.clock, impl_->ports.random),
                                   std::move(request), std::move(finished));
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->active.emplace(run->id(), run);
  }
  std::shared_ptr<Run> queued = run;
  if (impl_->waiting.try_push(std::move(queued)) != base::QueueStatus::kOk) {
    const std::lock_guard lock(impl_->mutex);
    impl_->active.erase(run->id());
    return base::fail(Code::kResourceExhausted,
                      "{} answers are being written and {} wait, the limit",
                      impl_->settings.threads, impl_->settings.waiting);
  }
  return run;
}

std::shared_ptr<Run> Answers::find(const std::string& run_id) const {
  const std::lock_guard lock(impl_->mutex);
  const auto found = impl_->active.find(run_id);
  // Its thread takes it out a moment after its end was told.
  return found == impl_->active.end() || found->second->log().ended() ? nullptr : found->second;
}

Result<Answer> Answers::replay(const std::string& run_id, std::stop_token stop) {
  if (impl_->ports.store == nullptr) {
    return base::fail(Code::kFailedPrecondition, "this node keeps no runs");
  }
  const StoredRun stored = SEINE_TRY(impl_->ports.store->record(run_id));
  ReplaySearch search(stored.record);
  ReplayPages pages(stored.record);
  ReplayGenerator generator(stored.record);
  const Ports ports{.search = &search,
                    .pages = &pages,
                    .generator = &generator,
                    .clock = impl_->ports.clock,
                    .random = impl_->ports.random};
  Run run(run_id, stored.request);
  const std::stop_callback forward(stop, [&run] { run.stop(); });
  Pipeline pipeline(ports, impl_->settings, run, &stored.record);
  return pipeline.run();
}

}  // namespace seine::answer
