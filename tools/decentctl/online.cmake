# The commands that talk to nodes or check proofs, and what tests of them link.
add_library(decentctl_online STATIC
  ask_command.cc
  bundle_report.cc
  council_client.cc
  database_commands.cc
  doctor/doctor_command.cc
  doctor/machine.cc
  doctor/models.cc
  drill/ask_round.cc
  drill/attack.cc
  drill/drill_command.cc
  drill/liars.cc
  drill/report.cc
  drill/run.cc
  drill/scratch_council.cc
  drill/scratch_node.cc
  evidence_commands.cc
  live_view.cc
  node_commands.cc
  node_files.cc
  online_setup.cc
  operator_commands.cc
  proof_commands.cc
  roster_change.cc
  round_fetch.cc
  round_progress.cc
  rounds_commands.cc
  terminal_text.cc
  text_table.cc)
target_link_libraries(decentctl_online PUBLIC
  api codec config control core crypto daemon llm proof runtime storage tool_cluster client_proto
  CLI11::CLI11 gRPC::grpc++ nlohmann_json::nlohmann_json
  absl::cleanup absl::status absl::statusor absl::strings absl::str_format absl::time)
