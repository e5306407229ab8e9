/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Nothing of pserialize(9) is used. */
#ifndef TERN_KPI_SYS_PSERIALIZE_H
#define TERN_KPI_SYS_PSERIALIZE_H

#endif
