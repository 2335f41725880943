// Method: what is run says on which thread it was, with which priority, and what it throws.
#include "server/patient_thread.h"

#include <gtest/gtest.h>
#include <new>
#include <sys/resource.h>
#include <thread>

namespace larder::server {
namespace {

TEST(PatientThread, RunsOneThingAfterAnotherElsewhereWithALowPriority) {
  PatientThread patient(10);
  const int usual = ::getpriority(PRIO_PROCESS, 0);
  for (int i = 0; i < 1000; ++i) {
    std::thread::id where;
    int priority = usual;
    patient.run([&] {
      where = std::this_thread::get_id();
      priority = ::getpriority(PRIO_PROCESS, 0);
    });
    EXPECT_NE(where, std::this_thread::get_id());
    EXPECT_EQ(priority, 10);
  }
  EXPECT_TRUE(patient.is_patient());
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), usual);
}

TEST(PatientThread, HandsOnWhatIsThrownAndGoesOn) {
  PatientThread patient(1);
  EXPECT_THROW(patient.run([] { throw std::bad_alloc(); }), std::bad_alloc);
  int count = 0;
  patient.run([&] { ++count; });
  EXPECT_EQ(count, 1);
}

TEST(PatientThread, EndsWithoutHavingRunAnything) { const PatientThread patient(1); }

}  // namespace
}  // namespace larder::server
