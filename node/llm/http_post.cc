#include "node/llm/http_post.h"

#include <mutex>
#include <new>
#include <utility>

namespace decentd::llm {
namespace {

constexpr long kConnectTimeoutMs = 10'000;  // leaves time for a retry elsewhere

}  // namespace

void InitialiseCurl() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

HttpPost::HttpPost(CURLM* multi, const Options& options, std::string body, void* owner)
    : multi_(multi),
      max_reply_bytes_(options.max_reply_bytes),
      body_(std::move(body)),
      headers_(nullptr, curl_slist_free_all),
      easy_(curl_easy_init(), curl_easy_cleanup) {
  if (easy_ == nullptr) throw std::bad_alloc();
  auto header = [&](const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    headers_.release();
    headers_.reset(longer);
  };
  header("Content-Type: application/json");
  header("Accept: application/json");
  header("Expect:");  // no waiting for "100 Continue"
  if (!options.api_key.empty()) header("Authorization: Bearer " + options.api_key);

  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, options.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
  // A proxy is not told the key.
  curl_easy_setopt(easy, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body_.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body_.size()));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "decentd");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMs);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &HttpPost::Receive);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, owner);
  curl_multi_add_handle(multi_, easy);
}

HttpPost::~HttpPost() { curl_multi_remove_handle(multi_, easy_.get()); }

size_t HttpPost::Receive(char* data, size_t size, size_t count, void* self) {
  auto* post = static_cast<HttpPost*>(self);
  const size_t bytes = size * count;
  if (post->reply_.size() + bytes > post->max_reply_bytes_) {
    post->too_long_ = true;
    return 0;  // ends the transfer
  }
  post->reply_.append(data, bytes);
  return bytes;
}

long HttpPost::status() const {
  long status = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

long HttpPost::retry_after_seconds() const {
  curl_off_t seconds = 0;  // libcurl reads both forms, seconds and dates
  curl_easy_getinfo(easy_.get(), CURLINFO_RETRY_AFTER, &seconds);
  return static_cast<long>(seconds);
}

std::string HttpPost::Error(CURLcode code) const {
  return error_[0] != '\0' ? error_ : curl_easy_strerror(code);
}

}  // namespace decentd::llm
