#include "program/syscall_filter.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <linux/io_uring.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <span>
#include <string>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace larder::program {
namespace {

// A name that this machine's processor does not have is no error to libseccomp: negative numbers are passed
// over.
constexpr std::array allowed_calls{
    // memory
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(brk),
    SCMP_SYS(mincore),
    // threads and signals to themselves
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(getcpu),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(membarrier),
    // time, for a machine whose clock the vDSO cannot read
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    // files: which ones is Landlock's to say
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(close),
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(stat),
    SCMP_SYS(fstat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(fcntl),
    SCMP_SYS(flock),
    SCMP_SYS(fsync),
    SCMP_SYS(fchmod),
    SCMP_SYS(fchown),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    // waiting
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_create1),
    SCMP_SYS(eventfd2),
    SCMP_SYS(signalfd4),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(io_uring_enter),
    // connections that were accepted
    SCMP_SYS(accept),
    SCMP_SYS(accept4),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    SCMP_SYS(setsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(getpeername),
    // what the process asks of itself and of the machine
    SCMP_SYS(getrandom),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
};

constexpr std::array connecting_calls{SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(sendmmsg),
                                      SCMP_SYS(recvmmsg), SCMP_SYS(getdents64)};

constexpr std::array killing_calls{
    // another program, or a process of one's own
    SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(fork), SCMP_SYS(vfork),
    // other processes
    SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
    SCMP_SYS(process_madvise), SCMP_SYS(kcmp),
    // another view of the machine
    SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(open_tree), SCMP_SYS(move_mount), SCMP_SYS(fsopen),
    SCMP_SYS(fsmount), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns),
    SCMP_SYS(unshare), SCMP_SYS(open_by_handle_at),
    // other rights
    SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid),
    SCMP_SYS(setresgid), SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(setgroups), SCMP_SYS(capset),
    SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
    // the kernel itself
    SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(iopl),
    SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(personality), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup)};

using Comparison = scmp_arg_cmp;

Comparison argument(unsigned index, scmp_compare compare, std::uint64_t a, std::uint64_t b = 0) {
  return {.arg = index, .op = compare, .datum_a = a, .datum_b = b};
}

/// Adds rules until one fails, and remembers why.
class Rules {
 public:
  Rules() : filter_(::seccomp_init(SCMP_ACT_ERRNO(EPERM))) {
    if (filter_ == nullptr) error_number_ = ENOMEM;
  }
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;
  ~Rules() {
    if (filter_ != nullptr) ::seccomp_release(filter_);
  }

  void set(scmp_filter_attr attribute, std::uint32_t value) {
    note(filter_ == nullptr ? 0 : ::seccomp_attr_set(filter_, attribute, value));
  }
  /// `conditions` are all to hold; of several rules for one call, one.
  void add(std::uint32_t action, int call, std::span<const Comparison> conditions = {}) {
    if (error_number_ != 0 || call < 0) return;
    note(::seccomp_rule_add_array(filter_, action, call, static_cast<unsigned>(conditions.size()),
                                  conditions.data()));
  }
  void add_all(std::uint32_t action, std::span<const int> calls) {
    for (const int call : calls) add(action, call);
  }
  void allow_if(int call, Comparison condition) { add(SCMP_ACT_ALLOW, call, std::span(&condition, 1)); }
  void load() {
    if (error_number_ == 0) note(::seccomp_load(filter_));
  }
  [[nodiscard]] int error_number() const { return error_number_; }

 private:
  void note(int result) {
    if (result < 0 && error_number_ == 0) error_number_ = -result;
  }

  scmp_filter_ctx filter_;
  int error_number_ = 0;
};

void add_memory(Rules& rules, bool loads_libraries) {
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mprotect)}) {
    if (loads_libraries) {
      rules.add(SCMP_ACT_ALLOW, call);
    } else {
      rules.allow_if(call, argument(2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
  }
}

// clone3 has its flags behind a pointer; libc takes clone where it is not there.
void add_threads(Rules& rules) {
  rules.allow_if(SCMP_SYS(clone), argument(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
  const Comparison is_process = argument(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0);
  rules.add(SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), std::span(&is_process, 1));
  rules.add(SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
  // abort(), and nobody else's threads.
  rules.allow_if(SCMP_SYS(tgkill), argument(0, SCMP_CMP_EQ, static_cast<std::uint64_t>(::getpid())));
  for (const std::uint64_t operation : {std::uint64_t{PR_SET_NAME}, std::uint64_t{PR_GET_NAME}})
    rules.allow_if(SCMP_SYS(prctl), argument(0, SCMP_CMP_EQ, operation));
  // To read a limit, not to set one.
  rules.allow_if(SCMP_SYS(setpriority), argument(1, SCMP_CMP_EQ, 0));  // of the thread that asks
  rules.allow_if(SCMP_SYS(prlimit64), argument(2, SCMP_CMP_EQ, 0));
}

// How much of a connection is unread, and how much is not acknowledged.
void add_socket_questions(Rules& rules) {
  for (const std::uint64_t question : {std::uint64_t{SIOCINQ}, std::uint64_t{SIOCOUTQ}})
    rules.allow_if(SCMP_SYS(ioctl), argument(1, SCMP_CMP_EQ, question));
}

// The rings are made by then; each is started, known to its thread, and forgotten.
void add_rings(Rules& rules) {
  for (const unsigned operation :
       {IORING_REGISTER_ENABLE_RINGS, IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS}) {
    rules.allow_if(SCMP_SYS(io_uring_register), argument(1, SCMP_CMP_EQ, operation));
  }
}

// Netlink says which families of addresses the machine has, for looking up a name.
void add_connecting(Rules& rules) {
  rules.add_all(SCMP_ACT_ALLOW, connecting_calls);
  for (const int family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}) {
    rules.allow_if(SCMP_SYS(socket), argument(0, SCMP_CMP_EQ, static_cast<std::uint64_t>(family)));
  }
}

}  // namespace

Result<void> filter_syscalls(bool connects) {
  Rules rules;
  rules.set(SCMP_FLTATR_CTL_TSYNC, 1);
  // Reading other memory by speculation is for the kernel to prevent where it runs others' code. Before Linux
  // 5.16 it would otherwise slow down every load behind a store here.
  rules.set(SCMP_FLTATR_CTL_SSB, 1);
  rules.set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
  rules.add_all(SCMP_ACT_ALLOW, allowed_calls);
  rules.add_all(SCMP_ACT_KILL_PROCESS, killing_calls);
  add_memory(rules, connects);
  add_threads(rules);
  add_rings(rules);
  add_socket_questions(rules);
  if (connects) add_connecting(rules);
  rules.load();
  if (rules.error_number() == 0) return {};
  return failure(ErrorKind::unsupported,
                 "no seccomp filter: " + std::generic_category().message(rules.error_number()));
}

}  // namespace larder::program
