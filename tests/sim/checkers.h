// What must hold of every run, each checker named after the claim of docs/SPEC.md it stands for.
// They see what honest nodes write, send and publish, and nothing inside.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/observer.h"
#include "tests/sim/world.h"

namespace decentd::sim {

struct Violation {
  std::string claim;
  std::string text;
  int64_t at_ms = 0;
};

class Checker : public Observer {
 public:
  Checker(std::string claim, const World& world, std::vector<Violation>* violations)
      : world_(world), claim_(std::move(claim)), violations_(violations) {}

 protected:
  void Fail(std::string text) { violations_->push_back({claim_, std::move(text), world_.now_ms()}); }
  // Neither a liar's nor one that has forgotten what it said.
  bool Trusted(NodeIndex node) const { return !faulty_.contains(node.value); }
  static std::string Short(const RoundId& round) { return round.Hex().substr(0, 8); }

  const World& world_;

 private:
  const std::string claim_;
  std::vector<Violation>* const violations_;
  const std::set<int> faulty_ = world_.plan().Faulty();
};

// All of them; they outlive the world's run.
std::vector<std::unique_ptr<Checker>> MakeCheckers(const World& world,
                                                   std::vector<Violation>* violations);

// The parts of that list, by what they look at.
using Checkers = std::vector<std::unique_ptr<Checker>>;
void AddWordCheckers(const World& world, std::vector<Violation>* violations, Checkers* out);
void AddSetCheckers(const World& world, std::vector<Violation>* violations, Checkers* out);
void AddAgreementCheckers(const World& world, std::vector<Violation>* violations, Checkers* out);
void AddClockCheckers(const World& world, std::vector<Violation>* violations, Checkers* out);
void AddStoreCheckers(const World& world, std::vector<Violation>* violations, Checkers* out);

}  // namespace decentd::sim
