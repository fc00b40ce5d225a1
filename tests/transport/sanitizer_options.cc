// What sanitizers see of libraries that were not built with them.

extern "C" {

const char* __lsan_default_suppressions();
const char* __tsan_default_options();
const char* __tsan_default_suppressions();

// c-ares, which looks up host names for gRPC, keeps ten bytes for the life of the process.
const char* __lsan_default_suppressions() { return "leak:libcares"; }

// How gRPC hands its objects from thread to thread is invisible in an uninstrumented library, so
// what its inline code does with them looks like a race, and so does the end of a call, when what
// earlier reactions used is destroyed. Only such reports are left out: races between reactions, and
// with this project's own threads, are still found.
const char* __tsan_default_options() { return "ignore_noninstrumented_modules=1"; }
const char* __tsan_default_suppressions() {
  return "race_top:grpc::\n"
         "race_top:std::function<\n"
         "race_top:std::_Function_\n"
         "race_top:std::_Any_data\n"
         "race:::CallOnDone\n"
         "race:::MaybeFinish\n"
         "race:grpc::Status::\n"
         "race:decentd::Stream::~Stream\n"
         "race:decentd::PeerAuthenticator::\n";  // shared and destroyed by gRPC
}
}
