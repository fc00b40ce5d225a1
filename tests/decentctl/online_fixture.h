// decentctl's commands run in this process against real servers before councils in memory.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "crypto/keyfile.h"
#include "node/api/client_server.h"
#include "node/config/client_config.h"
#include "node/config/roster_file.h"
#include "tests/api/fake_council.h"
#include "tests/proof/bundle_maker.h"
#include "tools/decentctl/online_commands.h"

namespace decentd {

// One node of a cluster: a question that any of them takes is a round at all, run at once.
class ScriptedCouncil : public FakeCouncil {
 public:
  explicit ScriptedCouncil(const testing::TestCluster& cluster) : cluster_(cluster) {
    SetCluster(cluster.roster().cluster_id());
  }

  testing::BundleOptions bundle_options;
  std::function<void(std::string&)> spoil = [](std::string&) {};  // what this node does to proofs
  bool finishes = true;
  bool gives_up = false;  // undecided, at once
  bool forgets = false;   // and a watcher comes too late for the events
  std::string waiting_for;
  std::vector<ScriptedCouncil*> others;

  void Submit(Verified<Query> query, std::function<void(absl::StatusOr<RoundId>)> done) override {
    const auto envelope = query.envelope();
    const std::string question = query->messages.back().content;
    if (submit_status.ok()) {
      Run(envelope, question);
      for (ScriptedCouncil* other : others) other->Run(envelope, question);
    }
    FakeCouncil::Submit(std::move(query), std::move(done));
  }

  void Run(const testing::EnvelopePtr& query, const std::string& question) {
    const testing::BundleMaker maker(cluster_, query, bundle_options);
    const Bundle bundle = maker.Make();
    AddRound(maker.round());
    RoundSummary summary;
    summary.id = maker.round();
    summary.started_unix_ms = 1'700'000'000'000;
    summary.question = question;
    summary.waiting_for = waiting_for;
    if (!finishes || gives_up) {
      SetSummary(summary);
      Say(maker.round(), RoundEvent::Type::kAdmitted);
      if (!gives_up) return;
      Say(maker.round(), RoundEvent::Type::kGivenUp, waiting_for);
      if (!forgets) return;
      RoundSummary tombstone;  // no more than its id is kept
      tombstone.id = maker.round();
      tombstone.state = RoundSummary::State::kUndecided;
      SetSummary(tombstone);
      return;
    }
    std::string bytes = EncodeBundle(bundle);
    spoil(bytes);
    summary.state = RoundSummary::State::kDecided;
    summary.finished_unix_ms = summary.started_unix_ms + 1'500;
    summary.winner = NodeIndex{3};
    summary.bundle_bytes = bytes.size();
    SetSummary(summary);
    SetBundle(maker.round(), std::move(bytes));
    for (RoundEvent::Type type : {RoundEvent::Type::kAdmitted, RoundEvent::Type::kPhaseStarted,
                                  RoundEvent::Type::kDecided, RoundEvent::Type::kCertified}) {
      Say(maker.round(), type);
    }
  }

 private:
  void Say(const RoundId& round, RoundEvent::Type type, std::string detail = "") {
    RoundEvent event;
    event.type = type;
    event.detail = std::move(detail);
    Publish(round, event);
  }
  const testing::TestCluster& cluster_;
};

// A roster as a file names where each node is.
inline testing::TestCluster AddressedCluster(int n, uint8_t seed) {
  return testing::TestCluster(n, seed, [](std::vector<RosterNode>& nodes, RosterParameters&) {
    for (RosterNode& node : nodes) node.addresses = {node.name + ".example:7000"};
  });
}

class OnlineTest : public ::testing::Test {
 protected:
  static constexpr int kNodes = 4;

  void SetUp() override {
    char name[] = "/tmp/decentctl_test_XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    directory = name;
    ASSERT_TRUE(CreateKeyFile(Path("client.key"), *NewEd25519Signer(), "").ok());
    std::ofstream(Path("roster.yaml")) << RenderRoster(cluster.roster());
    for (int i = 0; i < kNodes; ++i) {
      councils.push_back(std::make_unique<ScriptedCouncil>(cluster));
    }
    for (auto& council : councils) {
      for (auto& other : councils) {
        if (other != council) council->others.push_back(other.get());
      }
    }
  }
  void TearDown() override {
    servers.clear();
    std::filesystem::remove_all(directory);
  }

  std::string Path(const std::string& name) const { return directory + "/" + name; }
  std::string Read(const std::string& name) const {
    std::ifstream in(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // Starts the first `count` nodes and writes a client.yaml that names them.
  void Serve(int count, bool with_roster = true) {
    ClientConfig config;
    for (int i = 0; i < count; ++i) {
      auto server = ClientServer::Start({}, *councils[static_cast<size_t>(i)], CheckWith(verifier),
                                        [] { return std::vector<PeerInfo>(); });
      ASSERT_TRUE(server.ok()) << server.status();
      config.nodes.push_back((*server)->address());
      servers.push_back(*std::move(server));
    }
    config.key = Path("client.key");
    if (with_roster) config.roster = Path("roster.yaml");
    std::ofstream(Path("client.yaml")) << RenderClientConfig(config);
  }

  // Runs one command line; what it printed is in out and err.
  ExitCode Run(std::vector<std::string> arguments) {
    std::ostringstream out_stream, err_stream;
    std::istringstream in_stream(in);
    Context context{out_stream, err_stream, in_stream};
    CLI::App app("test", "decentctl");
    AddAskCommands(app, context);
    AddRoundsCommands(app, context);
    AddProofCommands(app, context);
    AddNodeCommands(app, context);
    AddEvidenceCommands(app, context);
    std::reverse(arguments.begin(), arguments.end());
    try {
      app.parse(arguments);
    } catch (const CLI::ParseError& error) {
      context.exit = context.Fail(ExitCode::kUsage, error.what());
    }
    out = out_stream.str();
    err = err_stream.str();
    return context.exit;
  }
  // With this client's configuration.
  ExitCode RunHere(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--config", Path("client.yaml")});
    return Run(std::move(arguments));
  }

  const testing::TestCluster cluster = AddressedCluster(kNodes, 1);
  const Verifier verifier{cluster.roster(), Ed25519Scheme()};
  std::string directory;
  std::vector<std::unique_ptr<ScriptedCouncil>> councils;
  std::vector<std::unique_ptr<ClientServer>> servers;
  std::string in, out, err;
};

}  // namespace decentd
