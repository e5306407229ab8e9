/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* As in sys/sys/workqueue.h: struct ifnet has one. */
#ifndef TERN_KPI_SYS_WORKQUEUE_H
#define TERN_KPI_SYS_WORKQUEUE_H

struct work {
	void *wk_dummy;
};

#endif
