// A program that uses a pool and no more gets no header of Cap'n Proto, KJ or libevent.
#include <phial/master.h>
#include <phial/worker.h>

// clang gets a few of KJ's headers by phial/schema/kj_equality.h, before everything else.
#ifndef __clang__
#if defined(CAPNP_VERSION_MAJOR) || defined(KJ_LIKELY)
#error "a public header includes Cap'n Proto or KJ, which only the library needs"
#endif
#endif
#ifdef EVENT2_EVENT_H_INCLUDED_
#error "a public header includes libevent, which only the library needs"
#endif

int twice(int n);

phial::Deferred<int> use(phial::ProcessPool& pool) { return pool.deferToProcess<twice>(1); }
