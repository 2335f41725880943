#include "server/patient_thread.h"

#include <cerrno>
#include <sys/resource.h>
#include <utility>

namespace larder::server {

PatientThread::PatientThread(int niceness) {
  ::sem_init(&asked_, 0, 0);
  ::sem_init(&done_, 0, 0);
  thread_ = std::thread([this, niceness] { serve(niceness); });
  await(done_);
}

PatientThread::~PatientThread() {
  work_ = nullptr;
  ::sem_post(&asked_);
  thread_.join();
  ::sem_destroy(&asked_);
  ::sem_destroy(&done_);
}

void PatientThread::run(FunctionRef<void()> work) {
  work_ = &work;
  ::sem_post(&asked_);
  await(done_);
  if (thrown_ != nullptr) std::rethrow_exception(std::exchange(thrown_, nullptr));
}

void PatientThread::serve(int niceness) {
  is_patient_ = ::setpriority(PRIO_PROCESS, 0, niceness) == 0;  // of Linux: of the calling thread
  ::sem_post(&done_);
  while (true) {
    await(asked_);
    if (work_ == nullptr) return;
    try {
      (*work_)();
    } catch (...) {
      thrown_ = std::current_exception();
    }
    ::sem_post(&done_);
  }
}

void PatientThread::await(sem_t& semaphore) {
  while (::sem_wait(&semaphore) != 0 && errno == EINTR) {
  }
}

}  // namespace larder::server
