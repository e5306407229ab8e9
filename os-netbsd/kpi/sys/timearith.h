/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Nothing of sys/sys/timearith.h is used. */
#ifndef TERN_KPI_SYS_TIMEARITH_H
#define TERN_KPI_SYS_TIMEARITH_H

#endif
