// Models and stores that tell how long each call took. Internal to this folder.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "node/llm/models.h"
#include "storage/store.h"

namespace decentd {

// `what`: answer or judge; `outcome`: ok, or why the model gave nothing. Called on any thread.
using ModelCallEnded =
    std::function<void(const std::string& what, const std::string& outcome, double seconds)>;
using ModelCallsChanged = std::function<void(const std::string& what, int by)>;

std::unique_ptr<Models> MakeTimedModels(Models& inner, ModelCallEnded ended,
                                        ModelCallsChanged changed);

// `seconds` of each write that was made durable; failed writes are told as such.
std::unique_ptr<Store> MakeTimedStore(Store& inner,
                                      std::function<void(double seconds, bool ok)> written);

}  // namespace decentd
