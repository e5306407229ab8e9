/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stands in for lib/libkern/libkern.h, which only a source tree has: what we use of it, and what the
 * installed headers use of it themselves.
 */
#ifndef TERN_KPI_LIBKERN_H
#define TERN_KPI_LIBKERN_H

#include <sys/types.h>

int memcmp(const void *, const void *, size_t);
void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
int strcmp(const char *, const char *);
size_t strlcpy(char *, const char *, size_t);

#define KASSERT(e) ((void)0)

#endif
