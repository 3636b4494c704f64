// What the workers of the host tests do.
#pragma once

#include <phial/protocol/shared_array.h>

#include <string>
#include <vector>

namespace host {

int addOne(int n);
int myUser();
int myNiceness();
std::string myDirectory();
std::string variable(const std::string& name);
/// Never returns.
void hang();
/// Closes the lifeline's descriptor and never returns.
void dropLifelineAndHang();
/// Leaves so many processes behind in its process group, which have begun to sleep, and dies.
void leaveOrphansAndDie(int count);
/// Dies of SIGKILL.
void die();
int sizeOf(const phial::SharedArray<int>& array);

}  // namespace host
