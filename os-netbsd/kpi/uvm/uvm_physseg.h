/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Nothing of sys/uvm/uvm_physseg.h is used. */
#ifndef TERN_KPI_UVM_UVM_PHYSSEG_H
#define TERN_KPI_UVM_UVM_PHYSSEG_H

#endif
