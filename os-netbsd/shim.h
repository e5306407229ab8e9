/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the C files of this shim share. */
#ifndef TERN_SHIM_H
#define TERN_SHIM_H

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
#include <sys/mutex.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/sysctl.h>

#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_ether.h>
#include <net/if_media.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#include "tern.h"
#include "tern_bsd.h"

/* A transfer: to the device one for each endpoint that it may go to, all with the same bytes. */
struct tern_transfer {
	SIMPLEQ_ENTRY(tern_transfer) next;
	struct tern_dev *dev;
	struct usbd_xfer *xfer[TERN_ENDPOINTS_MAX];
	uint8_t *buffer;	/* of one to the device */
	uint32_t index;
	uint32_t len;		/* of one from the device: bytes received */
	usbd_status status;
	bool is_flying;		/* (l) the pipe has it */
};
SIMPLEQ_HEAD(tern_transfers, tern_transfer);

/*
 * Locks: `lock` for everything marked (l), taken by threads, soft interrupts and callbacks of
 * transfers; never while core's are wanted. Calls for the interface are one at a time by IFNET_LOCK.
 */
struct tern_dev {
	struct ethercom ec;	/* first: the interface is in it */
	device_t self;
	void *rust;
	kmutex_t lock;

	/* The worker's thread. */
	lwp_t *worker;
	kcondvar_t work;
	kcondvar_t answered;
	callout_t deadline;
	bool is_woken;		/* (l) */
	bool is_ready;		/* (l) shim_attached was called */
	int error;		/* (l) with this */
	uint32_t answers;	/* (l) */
	uint8_t mac[ETHER_ADDR_LEN];
	void *firmware;
	size_t firmware_len;

	/* USB. */
	struct usbd_device *udev;
	struct usbd_interface *iface;
	struct usbd_pipe *in;
	struct usbd_pipe *out[TERN_ENDPOINTS_MAX];
	uint32_t n_out;
	uint32_t tx_count;
	uint32_t tx_len;
	uint32_t rx_depth;
	uint32_t rx_len;
	uint32_t rx_errors;
	bool is_gone;		/* unplugged, or about to be */
	bool is_stopped;	/* (l) no transfer is started */
	void *soft;
	kcondvar_t soft_idle;
	bool soft_busy;		/* (l) one run at a time */
	bool soft_again;	/* (l) */
	bool is_held;		/* (l) received transfers wait for the worker */
	bool can_send;		/* (l) core has room again */
	uint64_t tx_done;	/* (l) a bit for each that came back */
	struct tern_transfers rx_done;	/* (l) */
	struct tern_transfer tx[TERN_TX_MAX];
	struct tern_transfer rx[TERN_RX_MAX];

	/* The interface. */
	tern_vap vap;
	bool has_vap;
	bool has_interface;
	bool is_sending;	/* (l) one thread at a time */
	bool send_again;	/* (l) */
	struct mbuf *held;	/* of who sends: core had no room for it */
	struct ifmedia media;
	kmutex_t media_lock;
	struct bpf_if *radiotap;	/* null without listeners: bpf(9) keeps it so */
	struct sysctllog *log;
};

/* shim.c */
void shim_live(unsigned int[TERN_LIVE_COUNT]);
int shim_worker_start(struct tern_dev *);
int shim_worker_ready(struct tern_dev *);
void shim_worker_join(struct tern_dev *);
void shim_setup(struct tern_dev *);
void shim_teardown(struct tern_dev *);

/* shim_usb.c */
int shim_usb_open(struct tern_dev *);
void shim_usb_close(struct tern_dev *);
void shim_soft_schedule(struct tern_dev *);

/* shim_net.c */
int shim_interface_add(struct tern_dev *);
void shim_interface_remove(struct tern_dev *);
void shim_send(struct tern_dev *);

/* shim_sysctl.c */
void shim_sysctl_add(struct tern_dev *);


#endif
