// The system's RocksDB and libstdc++ are not built with the thread sanitizer, which therefore does
// not see how RocksDB's threads wait for each other and reports races where there are none. Reports
// with RocksDB in a stack, or of a copy made inside libstdc++, are left out.
extern "C" const char* __tsan_default_suppressions();  // declared in no header
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:librocksdb.so\nrace:librocksdb.so\ncalled_from_lib:libstdc++.so\n";
}
