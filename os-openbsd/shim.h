/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the C files share. All that calls into this driver does so under the kernel lock: autoconf,
 * ioctls, if_start, soft interrupts, time-outs and the worker, whose task queue is not MPSAFE. The
 * stack of USB leans on that, and so do the plain flags below; the mutexes are for what interrupts.
 */
#ifndef SHIM_H
#define SHIM_H

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
#include <sys/sched.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/task.h>
#include <sys/timeout.h>

#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <net/if_var.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/if_ether.h>

#include <machine/intr.h>

#include "kpi.h"
#include "tern.h"
#include "tern_bsd.h"

/* A USB transfer and its buffer. */
struct tern_transfer {
	struct tern_dev *dev;
	struct usbd_xfer *xfer;
	struct usbd_pipe *pipe;
	uint8_t *buffer;
	uint32_t index;
	uint32_t len; /* of what has come */
	usbd_status status;
	bool is_busy; /* between usbd_transfer and its callback */
	SIMPLEQ_ENTRY(tern_transfer) done;
};

struct tern_dev {
	struct device self; /* autoconf wants it first */
	struct usbd_device *udev;
	struct usbd_interface *iface;
	uint16_t vendor, product;
	void *rust;
	bool is_gone; /* callers are turned away */

	/* The worker, and who waits for it. */
	struct taskq *tq;
	struct task task;
	struct timeout timeout;
	struct mutex mtx; /* of the next four */
	bool is_woken;
	bool has_attached;
	int attach_error;
	uint32_t answers;
	uint8_t mac[ETHER_ADDR_LEN];
	const char *firmware_name;
	u_char *firmware;
	size_t firmware_len;

	/* Transfers. */
	struct usbd_pipe *out[TERN_ENDPOINTS_MAX];
	struct usbd_pipe *in;
	uint32_t n_out;
	struct tern_transfer tx[TERN_TX_MAX];
	struct tern_transfer rx[TERN_RX_MAX];
	uint32_t rx_depth, rx_len, rx_errors;
	bool is_stopped;
	void *soft;
	uint64_t tx_done; /* a bit for each */
	SIMPLEQ_HEAD(, tern_transfer) rx_done;

	/* The interface. */
	bool has_net;
	tern_vap vap;
	struct rwlock ioctl_lock;
	struct mbuf *held; /* taken off the queue, and there was no room for it */
	struct ifmedia media;
	caddr_t radio_bpf;
	struct task info_task;
	struct if_ieee80211_data info;
	struct arpcom ac;
};

int shim_live(uint32_t what);
void shim_worker_init(struct tern_dev *dev);
int shim_worker_start(struct tern_dev *dev);
void shim_worker_join(struct tern_dev *dev);
void shim_worker_teardown(struct tern_dev *dev);
int shim_usb_setup(struct tern_dev *dev);
void shim_usb_restart(struct tern_dev *dev);
void shim_usb_teardown(struct tern_dev *dev);
int shim_net_attach(struct tern_dev *dev);
void shim_net_detach(struct tern_dev *dev);

#endif
