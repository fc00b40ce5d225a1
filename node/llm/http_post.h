// One HTTP POST as a transfer of a libcurl multi handle, under way from its making until it ends or
// is destroyed. Not thread-safe: belongs to the thread of its multi handle.
#pragma once

#include <memory>
#include <string>

#include "curl/curl.h"

namespace decentd::llm {

// Initialises libcurl once for the process.
void InitialiseCurl();

class HttpPost {
 public:
  struct Options {
    std::string url;
    std::string api_key;  // sent as a bearer token to that host only: redirects are not followed
    std::string ca_file;
    size_t max_reply_bytes = 0;
  };

  // `owner` comes back in CURLINFO_PRIVATE of the multi handle's messages.
  HttpPost(CURLM* multi, const Options& options, std::string body, void* owner);
  ~HttpPost();
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  // After the transfer has ended.
  long status() const;
  long retry_after_seconds() const;  // 0 = the server named no time
  const std::string& reply() const { return reply_; }
  bool too_long() const { return too_long_; }
  std::string Error(CURLcode code) const;  // no secrets

 private:
  static size_t Receive(char* data, size_t size, size_t count, void* self);

  CURLM* const multi_;
  const size_t max_reply_bytes_;
  const std::string body_;
  std::string reply_;
  bool too_long_ = false;
  char error_[CURL_ERROR_SIZE] = {};
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy_;
};

}  // namespace decentd::llm
