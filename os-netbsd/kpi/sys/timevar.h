/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* timecounter(9), as declared by sys/sys/timevar.h. */
#ifndef TERN_KPI_SYS_TIMEVAR_H
#define TERN_KPI_SYS_TIMEVAR_H

struct timeval;
void microuptime(struct timeval *);

#endif
