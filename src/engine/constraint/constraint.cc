#include "engine/constraint/constraint.h"

#include <utility>

namespace seine::engine {
namespace {

class AfterMarker final : public Constraint {
 public:
  AfterMarker(TokenId marker, std::size_t vocabulary, std::unique_ptr<Constraint> inner)
      : marker_(marker), all_(vocabulary), inner_(std::move(inner)) {
    all_.set_all();
  }

  const TokenMask& mask() override { return inside_ ? inner_->mask() : all_; }
  bool accept(TokenId id) override {
    if (inside_) return inner_->accept(id);
    if (!all_.test(id)) return false;
    inside_ = id == marker_;
    return true;
  }
  bool may_end() const override { return inside_ && inner_->may_end(); }
  bool ended() const override { return inside_ && inner_->ended(); }
  std::unique_ptr<Constraint> clone() const override {
    auto copy = std::make_unique<AfterMarker>(marker_, all_.size(), inner_->clone());
    copy->inside_ = inside_;
    return copy;
  }

 private:
  TokenId marker_;
  TokenMask all_;
  std::unique_ptr<Constraint> inner_;
  bool inside_ = false;
};

}  // namespace

std::unique_ptr<Constraint> constrain_after(TokenId marker, std::size_t vocabulary,
                                            std::unique_ptr<Constraint> inner) {
  return std::make_unique<AfterMarker>(marker, vocabulary, std::move(inner));
}

}  // namespace seine::engine
