/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* As in sys/sys/percpu_types.h. */
#ifndef TERN_KPI_SYS_PERCPU_TYPES_H
#define TERN_KPI_SYS_PERCPU_TYPES_H

typedef struct percpu percpu_t;

#endif
