# shellcheck shell=bash
# build.sh: one preset's programs. Sourced, never run.

# A compiler cache is used where there is one; nothing needs it.
if [ -z "${CMAKE_CXX_COMPILER_LAUNCHER:-}" ] && command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

# build_preset PRESET [TARGET...]: everything when no target is named. Configures when the presets have
# changed; ninja does so when a CMake file has.
build_preset() {
  local preset=$1 target=()
  shift
  [ $# = 0 ] || target=(--target "$@")
  [ "build/$preset/build.ninja" -nt CMakePresets.json ] || cmake --preset "$preset" >&2
  cmake --build --preset "$preset" --parallel "$(nproc)" "${target[@]}" >&2
}
