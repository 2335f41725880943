# Warnings are errors. g++ 12 warns falsely of string operations at -O2 (GCC PR105329, PR105651): those stay warnings there.
add_library(larder_warnings INTERFACE)
target_compile_options(larder_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Woverloaded-virtual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(larder_warnings INTERFACE
    -Wno-restrict -Wno-error=stringop-overflow -Wno-error=array-bounds)
endif()
# libstdc++ 12 calls its own deprecated get_temporary_buffer, and clang tells us of it.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(larder_warnings INTERFACE -Wno-deprecated-declarations)
endif()
