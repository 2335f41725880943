// The ring keeps its order. Method: a few elements on two lists at once, read back from the front.
#include "cache/lru/list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace larder::cache {
namespace {

struct First;
struct Second;
struct Element : ListLink<First>, ListLink<Second> {
  explicit Element(int n) : number(n) {}
  int number;
};

template <class Tag>
std::vector<int> numbers(const List<Element, Tag>& list) {
  std::vector<int> all;
  for (const Element* element = list.front(); element != nullptr; element = list.after(*element)) {
    all.push_back(element->number);
  }
  return all;
}

using testing::ElementsAre;

TEST(List, AddsAtBothEndsAndRemovesAnywhere) {
  List<Element, First> list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.front(), nullptr);
  EXPECT_EQ(list.back(), nullptr);
  Element a(1);
  Element b(2);
  Element c(3);
  list.push_front(a);
  list.push_front(b);
  list.push_back(c);
  EXPECT_THAT(numbers(list), ElementsAre(2, 1, 3));
  EXPECT_EQ(list.back(), &c);
  list.move_to_front(c);
  EXPECT_THAT(numbers(list), ElementsAre(3, 2, 1));
  list.move_to_front(c);
  EXPECT_THAT(numbers(list), ElementsAre(3, 2, 1));
  List<Element, First>::remove(b);
  EXPECT_THAT(numbers(list), ElementsAre(3, 1));
  List<Element, First>::remove(a);
  List<Element, First>::remove(c);
  EXPECT_TRUE(list.empty());
}

TEST(List, HoldsAnElementThatIsOnAnotherListToo) {
  List<Element, First> first;
  List<Element, Second> second;
  Element a(1);
  Element b(2);
  first.push_back(a);
  first.push_back(b);
  second.push_back(b);
  second.push_back(a);
  List<Element, First>::remove(a);
  EXPECT_THAT(numbers(first), ElementsAre(2));
  EXPECT_THAT(numbers(second), ElementsAre(2, 1));
}

TEST(List, TakesAllOfAnother) {
  List<Element, First> target;
  List<Element, First> source;
  Element a(1);
  Element b(2);
  Element c(3);
  target.take_all(source);
  EXPECT_TRUE(target.empty());
  source.push_back(a);
  source.push_back(b);
  target.take_all(source);
  EXPECT_TRUE(source.empty());
  source.push_back(c);
  target.take_all(source);
  EXPECT_THAT(numbers(target), ElementsAre(1, 2, 3));
  EXPECT_EQ(target.back(), &c);
}

}  // namespace
}  // namespace larder::cache
