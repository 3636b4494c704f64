@0xd2b3c1f04a9e7786;
# Self-describing values: what arguments and results look like on the wire.
#
# A value says what it is, so that a command line, a log or a program in another language can read
# a job without the C++ types of the function it calls. The mapping from C++ types is in
# <phial/protocol/value.h>.
#
# To grow: add a member to a union or a field to a struct, never reuse a number. A reader that
# meets a union member it does not know reports an encoding error for that one call.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("phial::schema");

struct Value {
  union {
    void @0 :Void;
    # Nothing: the result of a void function, an empty optional, std::monostate.

    bool @1 :Bool;
    # true or false.

    int @2 :Int64;
    # Every signed integer, signed enum, and duration with a signed count.

    uint @3 :UInt64;
    # Every unsigned integer, unsigned enum, and std::byte.

    float @4 :Float64;
    # float and double. A float survives the trip bit for bit, save the payload of a NaN.

    text @5 :Text;
    # A string of up to maxChunkBytes. Not required to be UTF-8; may contain NUL.

    data @6 :List(Data);
    # Raw bytes: the concatenation of the chunks. Each chunk holds at most maxChunkBytes, because
    # a Cap'n Proto list cannot hold more than 2^29-1 elements. Also a large string.

    list @7 :List(Value);
    # A sequence whose elements are not plain numbers; a tuple, a pair, an aggregate: its members
    # in order of declaration; a set; a variant: its index and its value.

    map @8 :List(Entry);
    # Key and value pairs, in the order of the container.

    packed @9 :Packed;
    # A sequence of plain numbers, stored densely.

    message @10 :Message;
    # A Cap'n Proto struct of the user's own.

    shared @11 :Shared;
    # An array in memory that processes share.
  }
}

const maxChunkBytes :UInt32 = 268435456;
# The most bytes in one chunk of data, text or packed numbers: 256 MiB.

struct Entry {
  # One pair of a map.
  key @0 :Value;
  value @1 :Value;
}

enum Number {
  # The element type of a packed list. Floating point is IEEE 754.
  int8 @0;
  int16 @1;
  int32 @2;
  int64 @3;
  uint8 @4;
  uint16 @5;
  uint32 @6;
  uint64 @7;
  float32 @8;
  float64 @9;
  bool8 @10;      # one byte each, 0 or 1
}

struct Packed {
  # Numbers stored densely, little-endian, without padding.

  type @0 :Number;
  # What each element is.

  count @1 :UInt64;
  # How many elements all chunks hold together. A reader checks it against the chunks.

  chunks @2 :List(Data);
  # The elements in order. Every chunk holds a whole number of elements, at most maxChunkBytes.
}

struct Message {
  # A struct of a schema that Phial does not know.

  typeId @0 :UInt64;
  # The struct's 64-bit Cap'n Proto type id. A reader that expects another type reports an
  # encoding error.

  content @1 :AnyPointer;
  # The struct itself.
}

struct Shared {
  # An array in a memory file, which travels beside the message in the parcel of its job. The file
  # is sealed against shrinking and against new writers.

  element @0 :Text;
  # What each element is: as packed numbers are called in errors, such as "64-bit floating-point
  # numbers", else the C++ type's qualified name.

  elementBytes @1 :UInt32;
  # The size of one, padding included.

  file @2 :UInt32;
  # Its place in the parcel, from 0. Of no meaning when count is 0.

  count @3 :UInt64;
  # How many elements lie in the file, from its beginning.
}

struct Failure {
  # An exception as a value.

  kind @0 :Kind;
  # Which error of Phial's own it is, or that it came from the user's function.

  types @1 :List(Text);
  # Qualified C++ type names, the exception's own first, then its bases from nearest to farthest.
  # Empty when something was thrown that has no type information.

  message @2 :Text;
  # what(), or another text for a person.

  traceback @3 :Text;
  # Where it was thrown, one frame a line; empty when unknown.

  neverRun @4 :Bool;
  # Set when the function was certainly never entered.

  code @5 :Int32;
  # The value of a std::system_error's or std::future_error's code.

  category @6 :Text;
  # The name of that code's category, such as "generic". Null when the exception has no code.

  enum Kind {
    user @0;              # thrown by the function that ran
    encoding @1;          # arguments or result did not fit the function
    unknownFunction @2;   # no such function in this worker
    startup @3;           # the worker could not get ready (onStart threw)
    cancelled @4;         # given up because it was asked to, before the function was entered
    serving @5;           # the worker failed to read the call or to write its result
  }
}
