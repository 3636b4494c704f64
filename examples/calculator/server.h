// What the workers export.
#pragma once

#include "calculator.capnp.h"

kj::Own<calculator::Calculator::Server> newCalculator();
