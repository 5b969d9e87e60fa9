/* Marks what the shared library exports. Everything else is built hidden. */
#ifndef CONVERGIO_CORE_EXPORT_H
#define CONVERGIO_CORE_EXPORT_H

#if defined(__GNUC__) || defined(__clang__)
#define CORE_API __attribute__((visibility("default")))
#else
#define CORE_API
#endif

#endif
