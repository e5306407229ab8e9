/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* kauth(9), as declared by sys/sys/kauth.h; the numbers are the places in its enums. */
#ifndef TERN_KPI_SYS_KAUTH_H
#define TERN_KPI_SYS_KAUTH_H

#include <sys/types.h>

struct kauth_cred;
typedef struct kauth_cred *kauth_cred_t;
typedef uint32_t kauth_action_t;

#endif
