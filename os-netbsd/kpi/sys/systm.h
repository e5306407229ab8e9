/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is used of sys/sys/systm.h, sys/lib/libkern/libkern.h and kpause(9). */
#ifndef TERN_KPI_SYS_SYSTM_H
#define TERN_KPI_SYS_SYSTM_H

#include <sys/types.h>

int copyin(const void *, void *, size_t);
int copyout(const void *, void *, size_t);
int kpause(const char *, bool, int, kmutex_t *);
void printf(const char *, ...) __printflike(1, 2);
int snprintf(char *, size_t, const char *, ...) __printflike(3, 4);
void panic(const char *, ...) __dead __printflike(1, 2);
void *memcpy(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
size_t strlcpy(char *, const char *, size_t);

#ifndef KASSERT
#define KASSERT(e)	((void)0)
#endif

#endif
