/* libconvergio_core: pure decisions for Convergio. Include this, or the single module you use.
 * Rules of the API are in types.h; contracts are beside each function. */
#ifndef CONVERGIO_CORE_H
#define CONVERGIO_CORE_H

#include <convergio/budget.h>
#include <convergio/compaction.h>
#include <convergio/complexity.h>
#include <convergio/cost.h>
#include <convergio/edition.h>
#include <convergio/plan.h>
#include <convergio/retry.h>
#include <convergio/route.h>
#include <convergio/status.h>
#include <convergio/text.h>
#include <convergio/types.h>
#include <convergio/version.h>

#endif
