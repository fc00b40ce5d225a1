// The system's RocksDB is not built with the thread sanitizer, which therefore does not see how its
// threads wait for each other and reports races where there are none. Reports with RocksDB in one
// of their stacks are left out; everything else stays checked.
extern "C" const char* __tsan_default_suppressions();  // declared in no header
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librocksdb.so\nrace:librocksdb.so\n";
}
