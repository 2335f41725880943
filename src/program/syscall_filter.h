// program/syscall_filter.h: which calls of the kernel this process may still make (seccomp).
//
//   allowed     what a program does that serves: threads, memory, its sockets and files, waiting
//   killed      what only somebody would try who runs code of his own in here: execve, fork, ptrace, mount,
//               setuid, bpf, another io_uring, ...
//   refused     all else, with EPERM: a mistake in the first list costs a feature, and not the cache
//
// A filter sees numbers, never what pointers point to: which files, that is landlock.h. Nor does it see
// operations that are submitted to an io_uring, which has restrictions of its own (transport/uring.h).
//
// Source: seccomp(2), seccomp_init(3). docs/design/0017-hardening.md has the reasons.
#pragma once

#include "base/result.h"

namespace larder::program {

/// Holds all threads of the process to the list, for good. `connects`: it may also make sockets, connect
/// them and load libraries, which looking up a name takes. Sets no_new_privs. Errors: unsupported (the kernel
/// has none, or forbids it).
[[nodiscard]] Result<void> filter_syscalls(bool connects);

}  // namespace larder::program
