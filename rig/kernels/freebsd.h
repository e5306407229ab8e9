/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of the fake FreeBSD kernel share. */
#ifndef RIG_FREEBSD_H
#define RIG_FREEBSD_H

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/callout.h>
#include <sys/epoch.h>
#include <sys/firmware.h>
#include <sys/kernel.h>
#include <sys/limits.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/pcpu.h>
#include <sys/priv.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/sbuf.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/sx.h>
#include <sys/sysctl.h>
#include <sys/taskqueue.h>

#include "../rig.h"
#include "common.h"

/* Memory of the fake kernel's own. */
void *own_alloc(size_t size);
char *own_string(const char *text);

/* freebsd.c, freebsd_memory.c, freebsd_lock.c, freebsd_task.c */
#define SOFTCLOCK "softclock"
#define USB_CALLBACK "a USB callback"
#define NET_EPOCH "the net epoch"
bool fb_is_mtx(const struct mtx *mtx);
void fb_drop(struct lock_object *lock);
void fb_take(struct lock_object *lock);
void fb_task_boot(void);
/* Rounded up: nothing is shorter than it was asked to be. */
static inline uint64_t
fb_us(sbintime_t sbt)
{
	return (sbt <= 0 ? 0 : (uint64_t)sbttous(sbt) + ((sbt & 0xfff) != 0));
}
bool fb_is_name(const char *kpi, const char *name);

/* freebsd_bus.c */
int fb_load(void);
int fb_unload(void);
int fb_plug(void);
int fb_unplug(bool is_gone);
int fb_suspend(void);
int fb_resume(void);
int fb_show(const char *what, char *text, size_t *len);
device_t fb_device(void);
void fb_bus_check(void);

/* freebsd_usb.c */
void fb_usb_boot(void);
void fb_usb_attach(void);
void fb_usb_detach(void); /* the device is gone for its driver */
void fb_usb_check(void);
struct usb_attach_arg;
void fb_usb_fill(struct usb_attach_arg *uaa);

/* freebsd_mbuf.c, freebsd_net.c */
void fb_net_boot(void);
void fb_net_check(void);
int fb_ioctl(uint64_t command, uint64_t argument);
int fb_send(const char *interface, const void *frame, size_t len, int priority);
int fb_listen(const char *interface, uint32_t dlt, bool is_on);
int fb_inject(const char *interface, uint32_t dlt, const void *packet, size_t len);
const char *fb_interface(uint32_t n);
bool fb_check_mbuf(const char *kpi, const struct mbuf *m);
#endif
