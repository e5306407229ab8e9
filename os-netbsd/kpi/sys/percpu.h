/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* percpu(9), as declared by sys/sys/percpu.h; the inlines of net/if_stats.h use it. */
#ifndef TERN_KPI_SYS_PERCPU_H
#define TERN_KPI_SYS_PERCPU_H

#include <sys/percpu_types.h>

void *percpu_getref(percpu_t *);
void percpu_putref(percpu_t *);

#endif
