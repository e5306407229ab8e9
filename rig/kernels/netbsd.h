/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the files of the fake NetBSD kernel share. */
#ifndef RIG_NETBSD_H
#define RIG_NETBSD_H

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/atomic.h>
#include <sys/callout.h>
#include <sys/condvar.h>
#include <sys/device.h>
#include <sys/intr.h>
#include <sys/kernel.h>
#include <sys/kmem.h>
#include <sys/mbuf.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/pmf.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/sysctl.h>

#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_ether.h>
#include <net/if_media.h>
#include <net/if_types.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#include "../rig.h"
#include "common.h"

#define HZ 100
#define TICK_US (1000000 / HZ)
#define SOFTINT "a soft interrupt"
#define SOFTCLOCK "softclock"
#define USB_CALLBACK "a USB callback"
#define NO_PREEMPTION "kpreempt_disable"

void *memmove(void *, const void *, size_t);
size_t strlen(const char *);
int strcmp(const char *, const char *);

/* netbsd.c: memory of the fake kernel's own, names, soft interrupts. */
void *own_alloc(size_t size);
char *own_string(const char *text);
bool nb_is_name(const char *kpi, const char *name);
bool nb_is_mutex(const kmutex_t *mtx);
void nb_boot_threads(void);
void nb_check_threads(void);

/* netbsd_bus.c */
int nb_load(void);
int nb_unload(void);
int nb_plug(void);
int nb_unplug(bool is_gone);
int nb_suspend(void);
int nb_resume(void);
int nb_show(const char *what, char *text, size_t *len);
device_t nb_device(void);
bool nb_is_device(const char *kpi, device_t dev);
void nb_check_bus(void);

/* netbsd_usb.c */
void nb_usb_boot(void);
void nb_usb_attach(struct usb_attach_arg *uaa);
void nb_usb_detach(void);

/* netbsd_mbuf.c */
bool nb_is_packet(const char *kpi, const struct mbuf *m);
struct mbuf *nb_packet(const void *bytes, size_t len);
size_t nb_bytes(const struct mbuf *m, uint8_t *to, size_t room);

/* netbsd_net.c, netbsd_if.c */
struct bpf_if;
void nb_net_boot(void);
int nb_ioctl(uint64_t command, uint64_t argument);
int nb_send(const char *interface, const void *frame, size_t len, int priority);
int nb_listen(const char *interface, uint32_t dlt, bool is_on);
int nb_inject(const char *interface, uint32_t dlt, const void *packet, size_t len);
const char *nb_interface(uint32_t n);
struct ifnet *nb_the_interface(void);
bool nb_is_interface(const char *kpi, const struct ifnet *ifp);
void nb_detach_bpf(struct ifnet *ifp);
void nb_tap(struct ifnet *ifp, struct mbuf *m);
#endif
