// expect: specialise phial::Codec for it
#include "tests/compile/common.h"

class Account {
 public:
  explicit Account(int balance) : balance_(balance) {}

 private:
  int balance_;
};
int balanceOf(Account account);

void program() {
  pool().deferToProcess<balanceOf>(Account(3));  // the mistake
}
