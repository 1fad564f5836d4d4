// A list in the order of eviction, with two classes: those that have proven themselves stand before those that have
// not, and in each class those used most recently come first. So a flood of newcomers evicts newcomers.
#pragma once

#include <iterator>
#include <list>
#include <utility>

namespace weir::decode {

// T::in_front, false at first, is the list's.
template <class T>
class ProvenFirst {
 public:
  using iterator = typename std::list<T>::iterator;

  // A newcomer.
  iterator add() {
    ++newcomers_;
    return border_ = all_.emplace(border_);
  }
  // From now on the most recently used one of its class. Who is proven once stays so.
  void use(iterator item, bool proven) {
    if (proven) {
      newcomers_ -= std::exchange(item->in_front, true) ? 0 : 1;
      if (item == border_) ++border_;
      all_.splice(all_.begin(), all_, item);
    } else if (item != border_) {
      all_.splice(border_, all_, item);
      border_ = item;
    }
  }
  void erase(iterator item) {
    if (item == border_) ++border_;
    newcomers_ -= item->in_front ? 0 : 1;
    all_.erase(item);
  }
  // The next to go. There is one.
  iterator oldest() { return std::prev(all_.end()); }

  std::list<T>& all() { return all_; }
  const std::list<T>& all() const { return all_; }
  size_t size() const { return all_.size(); }
  size_t newcomers() const { return newcomers_; }

 private:
  std::list<T> all_;
  iterator border_ = all_.end();  // the first newcomer
  size_t newcomers_ = 0;
};

}  // namespace weir::decode
