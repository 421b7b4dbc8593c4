// Run: COMMAND under the rules, by the doors that are open here.
//
// What a door misses is refused before it is started. Where there can be no supervisor the library
// alone goes on with what it can enter; one line says so.
#ifndef GOCHAIN_LAUNCHER_RUN_H_
#define GOCHAIN_LAUNCHER_RUN_H_

#include "base/fd.h"
#include "config/builder.h"
#include "options.h"

namespace launcher {

// Returns gochain's exit status. `tables`: those of the run that this one is a part of; invalid: it
// is one of its own. `lends_relay`: that run's relay too.
int Run(const Options& options, config::Built built, base::Fd tables, bool lends_relay);

}  // namespace launcher

#endif  // GOCHAIN_LAUNCHER_RUN_H_
