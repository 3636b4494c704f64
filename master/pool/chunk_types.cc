#include <phial/master/detail/chunk_types.h>

#include <string>

namespace phial::inline v1::detail {

template struct ElementTypeOf<int>;
template struct ElementTypeOf<unsigned>;
template struct ElementTypeOf<long>;
template struct ElementTypeOf<unsigned long>;
template struct ElementTypeOf<double>;
template struct ElementTypeOf<std::string>;
template struct ResultTypeOf<void>;
template struct ResultTypeOf<bool>;
template struct ResultTypeOf<int>;
template struct ResultTypeOf<unsigned>;
template struct ResultTypeOf<long>;
template struct ResultTypeOf<unsigned long>;
template struct ResultTypeOf<double>;
template struct ResultTypeOf<std::string>;

}  // namespace phial::inline v1::detail
