/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* No hook is used, but net/if.h declares some. */
#ifndef TERN_KPI_SYS_MODULE_HOOK_H
#define TERN_KPI_SYS_MODULE_HOOK_H

#define MODULE_HOOK(hook, type, args) struct hook##_t

#endif
