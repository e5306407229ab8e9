/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* firmload(9), as declared by sys/dev/firmload.h. */
#ifndef TERN_KPI_DEV_FIRMLOAD_H
#define TERN_KPI_DEV_FIRMLOAD_H

#include <sys/types.h>

typedef struct firmware_handle *firmware_handle_t;

int firmware_open(const char *, const char *, firmware_handle_t *);
int firmware_close(firmware_handle_t);
off_t firmware_get_size(firmware_handle_t);
int firmware_read(firmware_handle_t, off_t, void *, size_t);

#endif
