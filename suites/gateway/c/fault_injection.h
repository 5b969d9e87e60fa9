/* For programs that need a library built with the `fault-injection` feature: opens that part of
 * the header, which the shipped library does not have. */
#ifndef FAULT_INJECTION_H
#define FAULT_INJECTION_H

#define CONVERGIO_FAULT_INJECTION
#include "support.h"

#endif
