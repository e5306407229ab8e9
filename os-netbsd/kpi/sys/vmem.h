/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Nothing of vmem(9) is used. */
#ifndef TERN_KPI_SYS_VMEM_H
#define TERN_KPI_SYS_VMEM_H

typedef struct vmem vmem_t;
typedef uintptr_t vmem_addr_t;
typedef size_t vmem_size_t;

#endif
