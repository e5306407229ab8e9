/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* As in sys/sys/pslist.h: struct ifnet has one of each. */
#ifndef TERN_KPI_SYS_PSLIST_H
#define TERN_KPI_SYS_PSLIST_H

struct pslist_head {
	struct pslist_entry *plh_first;
};

struct pslist_entry {
	struct pslist_entry **ple_prevp;
	struct pslist_entry *ple_next;
};

#endif
