/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Only so that x86/cpu.h and sys/lwp.h can be read: nothing here uses struct cpu_info, whose size this
 * is not.
 */
#ifndef TERN_KPI_SYS_CPU_DATA_H
#define TERN_KPI_SYS_CPU_DATA_H

#include <sys/intr.h>

struct cpu_data {
	struct {
		int spc_curpriority;
		int spc_flags;
		void *spc_lwplock;
		void *spc_mutex;
	} cpu_schedstate;
	lwp_t *cpu_idlelwp;
};
#define ci_schedstate	ci_data.cpu_schedstate

#endif
