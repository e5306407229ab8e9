/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Nothing of sys/uvm/pmap/pmap_pvt.h is used. */
#ifndef TERN_KPI_UVM_PMAP_PMAP_PVT_H
#define TERN_KPI_UVM_PMAP_PMAP_PVT_H

#endif
