@0xc93b1a7d5e2f4086;
# A calculator whose intermediate results and functions are objects.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("calculator");

interface Calculator {
  evaluate @0 (expression :Expression) -> (value :Value);
  # The value stays where it was computed: whoever wants the number reads it.

  define @1 (parameters :UInt32, body :Expression) -> (function :Function);
  # A function of so many parameters.
}

interface Value {
  read @0 () -> (number :Float64);
}

interface Function {
  call @0 (arguments :List(Float64)) -> (number :Float64);
}

struct Expression {
  union {
    number @0 :Float64;
    value @1 :Value;
    # One that was computed before, here or in another worker.

    parameter @2 :UInt32;
    # Of the function whose body this is part of, from 0.

    operation :group {
      operator @3 :Operator;
      left @4 :Expression;
      right @5 :Expression;
    }

    call :group {
      function @6 :Function;
      # Defined here, in another worker, or by whoever asks.

      arguments @7 :List(Expression);
    }
  }

  enum Operator {
    add @0;
    subtract @1;
    multiply @2;
    divide @3;
  }
}
