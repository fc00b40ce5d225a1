// The `models` section of node.yaml. Used by node_config.cc only.
#pragma once

#include "node/config/node_config.h"
#include "node/config/yaml_reader.h"

namespace decentd {

// Reads models.answer and models.judge into `config`; problems go to the reader's report.
void ReadModels(MapReader models, NodeConfig& config);

}  // namespace decentd
