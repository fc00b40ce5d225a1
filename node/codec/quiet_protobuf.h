// Protobuf logs every string that is no UTF-8, parsed or serialised: a stranger's bytes or a model's
// reply could fill the log. Refusing such a string is the callers' business.
#pragma once

#include <google/protobuf/stubs/common.h>

#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

namespace decentd {

// Nothing of it is logged on this thread's way through the scope. Newer protobuf does not log it.
class QuietProtobuf {
 public:
  QuietProtobuf() = default;
  QuietProtobuf(const QuietProtobuf&) = delete;

#if GOOGLE_PROTOBUF_VERSION < 4022000
 private:
  google::protobuf::LogSilencer silencer_;
#endif
};

}  // namespace decentd
