/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* cprng(9), as declared by sys/sys/cprng.h. */
#ifndef TERN_KPI_SYS_CPRNG_H
#define TERN_KPI_SYS_CPRNG_H

#include <sys/types.h>

typedef struct cprng_strong cprng_strong_t;
extern cprng_strong_t *kern_cprng;

size_t cprng_strong(cprng_strong_t *, void *, size_t, int);

#endif
