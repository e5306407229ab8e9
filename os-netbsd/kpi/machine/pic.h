/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Nothing of sys/arch/x86/include/pic.h is used. */
#ifndef TERN_KPI_MACHINE_PIC_H
#define TERN_KPI_MACHINE_PIC_H

#endif
