#include "program/version.h"

namespace larder::program {

std::string_view version() { return LARDER_VERSION; }

}  // namespace larder::program
