/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* As in sys/sys/kernel.h. */
#ifndef TERN_KPI_SYS_KERNEL_H
#define TERN_KPI_SYS_KERNEL_H

extern int hz;

#endif
