// The node.yaml that `decentctl init` writes: complete, with every key explained. Pure.
#pragma once

#include <string>

namespace decentd {

struct NodeTemplate {
  std::string name;
  std::string peers_listen = "0.0.0.0:7400";
  std::string client_listen = "127.0.0.1:8400";
  std::string gateway_listen = {};  // empty = the section is there as a comment
  bool worker = true;               // with models.answer
  bool evaluator = true;            // with models.judge
  bool encrypted_key = false;
  std::string data_directory = "data";  // relative to the file, or absolute
};

// ParseNodeConfig reads it as it is. REQUIRES: a node's name and listen addresses.
std::string RenderNodeConfig(const NodeTemplate& values);

}  // namespace decentd
