// Files that are part of the program: the dashboard's (tools/dashboard) and the API's description.
// Thread-safe.
#pragma once

#include <string_view>
#include <vector>

#include "node/gateway/http.h"

namespace decentd {

struct EmbeddedFile {
  std::string_view path;  // "index.html", "proof/verify.js", "openapi.json"
  std::string_view content;
};

// All of them. Written by cmake/Embed.cmake.
const std::vector<EmbeddedFile>& EmbeddedFiles();

// A file of the dashboard; "" is its first page. 404 where there is none.
HttpReply StaticFile(std::string_view path);

// The OpenAPI 3.1 document.
HttpReply ApiDescription();

}  // namespace decentd
