# larder_room(NAME SOURCES ... [ROOMS ...] [LIBRARIES ...] [TESTS ...] [TEST_LIBRARIES ...])
#
# A room is a static library larder_NAME that links the rooms in ROOMS (by name, without the prefix) and outside LIBRARIES, and a
# test program larder_NAME_test made of TESTS, labelled unit in ctest. Both lists of files are explicit.
function(larder_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;ROOMS;LIBRARIES;TESTS;TEST_LIBRARIES" ${ARGN})
  add_library(larder_${name} STATIC ${ROOM_SOURCES})
  target_include_directories(larder_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  list(TRANSFORM ROOM_ROOMS PREPEND larder_)
  target_link_libraries(larder_${name} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBRARIES} PRIVATE larder_warnings)
  if(LARDER_TESTS AND ROOM_TESTS AND NOT (LARDER_TESTS_LEFT_OUT AND name MATCHES "${LARDER_TESTS_LEFT_OUT}"))
    add_executable(larder_${name}_test ${ROOM_TESTS})
    target_link_libraries(larder_${name}_test PRIVATE larder_${name} larder_warnings ${ROOM_TEST_LIBRARIES}
      GTest::gmock GTest::gtest GTest::gtest_main)
    target_compile_options(larder_${name}_test PRIVATE ${LARDER_TEST_OPTIONS})
    gtest_discover_tests(larder_${name}_test TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60
      PROPERTIES TIMEOUT 120 LABELS unit)
  endif()
endfunction()

# larder_fuzzer(NAME SOURCE ROOMS ...)
#
# A fuzz target. With LARDER_FUZZERS it is a libFuzzer program; always it is a test that replays tests/corpus/NAME, labelled corpus.
function(larder_fuzzer name source)
  cmake_parse_arguments(FUZZER "" "" "ROOMS" ${ARGN})
  list(TRANSFORM FUZZER_ROOMS PREPEND larder_)
  if(LARDER_FUZZERS)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${FUZZER_ROOMS} larder_warnings)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  elseif(LARDER_TESTS AND NOT LARDER_TESTS_LEFT_OUT)
    add_executable(${name}_replay ${source} ${PROJECT_SOURCE_DIR}/tests/support/replay_corpus.cc)
    target_link_libraries(${name}_replay PRIVATE ${FUZZER_ROOMS} larder_warnings)
    add_test(NAME corpus/${name} COMMAND ${name}_replay ${PROJECT_SOURCE_DIR}/tests/corpus/${name})
    set_tests_properties(corpus/${name} PROPERTIES TIMEOUT 120 LABELS corpus)
  endif()
endfunction()
