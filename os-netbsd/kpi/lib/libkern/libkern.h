/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is used of sys/lib/libkern/libkern.h. Modules of a kernel without DIAGNOSTIC check nothing either. */
#ifndef TERN_KPI_LIB_LIBKERN_LIBKERN_H
#define TERN_KPI_LIB_LIBKERN_LIBKERN_H

#include <sys/types.h>

void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlcpy(char *, const char *, size_t);

#ifndef TERN_KPI_CHECK
#define offsetof(type, member)	__builtin_offsetof(type, member)
#define CTASSERT(e)	_Static_assert(e, #e)
#define KASSERT(e)	((void)0)
#define KASSERTMSG(e, ...)	((void)0)
#endif

#endif
