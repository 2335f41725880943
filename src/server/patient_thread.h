// server/patient_thread.h: a thread of low priority, for work that somebody waits for and nobody else is to
// notice.
//
//   run(work) ----> asked ----> [ the thread: work() ] ----> done ----> run() returns
//
// Whoever holds a lock while he waits for a core keeps from theirs all who want the lock. So what takes locks
// that others want stays with the caller, who has an ordinary priority, and only work without any comes here.
#pragma once

#include <exception>
#include <semaphore.h>
#include <thread>

#include "base/function_ref.h"

namespace larder::server {

/// Threads    run() on one at a time
/// Errors     what `work` throws comes out of run(); without a thread to be had the constructor throws
///            std::system_error
class PatientThread final {
 public:
  /// The thread's nice(2) value. Where the kernel refuses it, it goes on without.
  explicit PatientThread(int niceness);
  PatientThread(const PatientThread&) = delete;
  PatientThread& operator=(const PatientThread&) = delete;
  ~PatientThread();

  /// Returns when `work` is done, on the thread.
  void run(FunctionRef<void()> work);

  /// False: it has the priority of the others.
  [[nodiscard]] bool is_patient() const { return is_patient_; }

 private:
  void serve(int niceness);
  static void await(sem_t& semaphore);

  // POSIX semaphores: those of libstdc++ 12 may sleep on (GCC bug 104928).
  sem_t asked_{};
  sem_t done_{};
  FunctionRef<void()>* work_ = nullptr;  // null when it is asked for: it is to end
  std::exception_ptr thrown_;
  bool is_patient_ = false;
  std::thread thread_;
};

}  // namespace larder::server
