/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of the fake OpenBSD kernel share. */
#ifndef RIG_OPENBSD_H
#define RIG_OPENBSD_H

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/device.h>
#include <sys/kernel.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/rwlock.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/task.h>
#include <sys/timeout.h>

#include <machine/cpu.h>
#include <machine/intr.h>

#include "../rig.h"
#include "common.h"

/* Memory of the fake kernel's own. */
void *own_alloc(size_t size);

/* openbsd.c */
bool ob_is_name(const char *kpi, const char *name);
/*
 * The kernel lock. Whoever sleeps gives it up, and has it again afterwards: so every place here that
 * may wait does so through ob_sleep.
 */
void ob_lock_kernel(void);
void ob_unlock_kernel(void);
bool ob_check_kernel_locked(const char *kpi);
enum rig_woken ob_sleep(const void *channel, const char *why, uint64_t timeout_us, unsigned flags);
/* NET_LOCK. */
void ob_lock_net(void);
void ob_unlock_net(void);
bool ob_holds_net(void);
/* A function of the driver's is called and must return with all as it was. */
struct ob_call {
	unsigned locks;
	int spl;
};
struct ob_call ob_call_begin(const char *scope, unsigned flags);
void ob_call_end(struct ob_call call, const char *scope);
bool ob_check_task(const char *kpi, const struct task *task);

/* openbsd_usb.c */
void ob_usb_boot(void);
int ob_load(void);
int ob_unload(void);
int ob_plug(void);
int ob_unplug(bool is_gone);
int ob_suspend(void);
int ob_resume(void);
const char *ob_device_name(void);
void ob_usb_check(void);

/* openbsd_mbuf.c */
bool ob_check_mbuf(const char *kpi, const struct mbuf *m);
struct mbuf *ob_packet(const void *bytes, size_t len, int priority);
size_t ob_flatten(const struct mbuf *m, void *to, size_t room);

/* openbsd_net.c */
void ob_net_boot(void);
int ob_ioctl(uint64_t command, uint64_t argument);
int ob_send(const char *interface, const void *frame, size_t len, int priority);
int ob_listen(const char *interface, uint32_t dlt, bool is_on);
const char *ob_interface(uint32_t n);
void ob_net_check(void);
/* What one thread prints. */
struct ob_capture {
	char *text;
	size_t room, len;
	int thread;
};
extern struct ob_capture *ob_capture;
int ob_show(const char *what, char *text, size_t *len);

#endif
