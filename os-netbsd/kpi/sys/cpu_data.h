/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Only so that x86/cpu.h can be read: nothing here uses struct cpu_info, whose size this is not. */
#ifndef TERN_KPI_SYS_CPU_DATA_H
#define TERN_KPI_SYS_CPU_DATA_H

#include <sys/intr.h>

struct cpu_data {
	int cpu_unknown;
};

#endif
