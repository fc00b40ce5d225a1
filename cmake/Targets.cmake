# decentd_library(name SOURCES ... DEPS ...): a static library with the project's include root.
function(decentd_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_DEPS})
endfunction()

# decentd_test(name SOURCES ... DEPS ...): a GoogleTest binary run by ctest as one test, label "unit".
function(decentd_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name})
  # First of all, for they are quick to say what is wrong.
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300 COST 1000)
endfunction()
