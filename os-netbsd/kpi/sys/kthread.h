/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* kthread(9), as declared by sys/sys/kthread.h. */
#ifndef TERN_KPI_SYS_KTHREAD_H
#define TERN_KPI_SYS_KTHREAD_H

#include <sys/types.h>

#define KTHREAD_MPSAFE		0x02
#define KTHREAD_MUSTJOIN	0x10

struct cpu_info;

int kthread_create(pri_t, int, struct cpu_info *, void (*)(void *), void *, lwp_t **, const char *, ...)
    __printflike(7, 8);
void kthread_exit(int) __dead;
int kthread_join(lwp_t *);

#endif
