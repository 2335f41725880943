# What makes a mistake of ours harder to use: for every target, in every preset, wherever the compiler has it.
#
#   PIE, RELRO, BIND_NOW     addresses are random, and the table of functions of other libraries is read only
#   noexecstack              data is never run
#   stack protector, clash   a buffer that overflows on the stack, or a stack that grows into something else, ends the program
#   FORTIFY                  so does a call of libc with a buffer whose size is known and too small
#   CET                      returns go back to where the call was (shadow stack), indirect branches to a function (IBT)
#
# Linux has shadow stacks for programs and no IBT. Debian's crt1.o is not built for either, so that the linker would mark
# nothing: -z shstk says that the program may have them, since crt1.o returns to nowhere. Its _start is no target of an
# indirect branch, so the program is not marked for IBT, but has every instruction that it takes.
#
# tests/project/test_hardening.py looks for all of this in the programs.
include(CheckPIESupported)
include(CheckCXXCompilerFlag)
include(CheckCXXSourceCompiles)
include(CheckLinkerFlag)

check_pie_supported(LANGUAGES CXX)

foreach(flag -fstack-protector-strong -fstack-clash-protection -fcf-protection=full)
  string(MAKE_C_IDENTIFIER "LARDER_HAS${flag}" has_flag)
  check_cxx_compiler_flag(${flag} ${has_flag})
  if(${has_flag})
    add_compile_options(${flag})
  endif()
endforeach()

foreach(flag relro now noexecstack shstk)
  check_linker_flag(CXX "-Wl,-z,${flag}" LARDER_LINKER_HAS_${flag})
  if(LARDER_LINKER_HAS_${flag})
    add_link_options("-Wl,-z,${flag}")
  endif()
endforeach()

# libc checks nothing without optimization, and warns then; sanitizers look at the same calls themselves.
string(TOUPPER "${CMAKE_BUILD_TYPE}" build_type)
set(flags "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${build_type}}")
if(flags MATCHES "-O[1-3gs]" AND NOT flags MATCHES "-fsanitize")
  check_cxx_source_compiles("int main(int, char** texts) { return __builtin_dynamic_object_size(texts, 0) == 0; }"
    LARDER_HAS_FORTIFY_3)
  add_compile_options(-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$<IF:$<BOOL:${LARDER_HAS_FORTIFY_3}>,3,2>)
endif()
