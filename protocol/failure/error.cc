#include <phial/protocol/error.h>
