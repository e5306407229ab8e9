/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* spl(9), as declared by sys/sys/spl.h. */
#ifndef TERN_KPI_SYS_SPL_H
#define TERN_KPI_SYS_SPL_H

int splraise(int);
void spllower(int);

#endif
