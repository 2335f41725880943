// base/function_ref.h: a callable that is only borrowed for the length of one call.
//
// std::function may allocate and owns what it holds; a visitor needs neither. Two words, passed by value.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace larder {

template <class Signature>
class FunctionRef;

/// A borrowed callable. Lives no longer than the call it is passed to; never store one.
template <class R, class... Args>
class FunctionRef<R(Args...)> final {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& function)  // NOLINT(google-explicit-constructor): made to be passed a lambda
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(function)))),
        call_([](void* object, Args... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<Args>(args)...);
        }) {}

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace larder
