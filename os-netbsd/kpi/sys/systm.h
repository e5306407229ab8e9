/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What is used of sys/sys/systm.h. */
#ifndef TERN_KPI_SYS_SYSTM_H
#define TERN_KPI_SYS_SYSTM_H

#include <sys/types.h>
#include <lib/libkern/libkern.h>

typedef int (*copyin_t)(const void *, void *, size_t);
typedef int (*copyout_t)(const void *, void *, size_t);

int copyin(const void *, void *, size_t);
int copyout(const void *, void *, size_t);
struct device;
void aprint_naive(const char *, ...) __printflike(1, 2);
void aprint_normal(const char *, ...) __printflike(1, 2);
void aprint_normal_dev(struct device *, const char *, ...) __printflike(2, 3);
void aprint_error_dev(struct device *, const char *, ...) __printflike(2, 3);
void kpreempt_disable(void);
void kpreempt_enable(void);
void printf(const char *, ...) __printflike(1, 2);
void panic(const char *, ...) __dead __printflike(1, 2);

#endif
