/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Nothing of sys/net/pktqueue.h is used. */
#ifndef TERN_KPI_NET_PKTQUEUE_H
#define TERN_KPI_NET_PKTQUEUE_H

#endif
