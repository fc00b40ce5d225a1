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
         // A reaction to a call comes after its handler has made the reactor.
         "race:grpc::internal::ServerCallbackCall::\n"
         "race:grpc::internal::CallOpServerSendStatus::\n"
         "race:InternalBindWriter\n"  // what was written before gRPC has bound the reactor
         "race:decentd::PeerInfo::PeerInfo\n"  // a test's own, whose call is over
         "race:SubmitReactor\n"
         "race:decentd::WatchStream::WatchStream\n"
         "race:decentd::BundleStream::BundleStream\n"
         "race:decentd::BundleStream::Next\n"  // one write is in flight, and this follows its end
         "race:decentd::PeerAuthenticator::\n";  // shared and destroyed by gRPC
}
}
