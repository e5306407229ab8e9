/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* kauth(9), as declared by sys/sys/kauth.h; the numbers are places in its enums. */
#ifndef TERN_KPI_SYS_KAUTH_H
#define TERN_KPI_SYS_KAUTH_H

#include <sys/types.h>

struct kauth_cred;
typedef struct kauth_cred *kauth_cred_t;
typedef uint64_t kauth_action_t;

#ifndef TERN_KPI_CHECK
enum { KAUTH_NETWORK_INTERFACE = 4 };
enum kauth_network_req { KAUTH_REQ_NETWORK_INTERFACE_SETPRIV = 20 };
#endif

kauth_cred_t kauth_cred_get(void);
int kauth_authorize_network(kauth_cred_t, kauth_action_t, enum kauth_network_req, void *, void *, void *);

#endif
