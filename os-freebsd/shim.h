/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What the C files of the FreeBSD shim share. */
#ifndef TERN_SHIM_H
#define TERN_SHIM_H

#include <sys/param.h>
#include <sys/systm.h>
#include <sys/bus.h>
#include <sys/callout.h>
#include <sys/epoch.h>
#include <sys/firmware.h>
#include <sys/kernel.h>
#include <sys/lock.h>
#include <sys/malloc.h>
#include <sys/mbuf.h>
#include <sys/module.h>
#include <sys/mutex.h>
#include <sys/priv.h>
#include <sys/proc.h>
#include <sys/queue.h>
#include <sys/sbuf.h>
#include <sys/socket.h>
#include <sys/sockio.h>
#include <sys/sx.h>
#include <sys/sysctl.h>
#include <sys/taskqueue.h>

#include <net/bpf.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_clone.h>
#include <net/if_media.h>
#include <net/if_types.h>
#include <net/if_var.h>
#include <net/route.h>
#include <net/vnet.h>

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

#include "tern.h"
#include "tern_bsd.h"

MALLOC_DECLARE(M_TERN);

/*
 * Receive transfers in flight: one is filled while the other one is read. With two, at most one is
 * held back while the first one's packets wait, so that no order has to be kept among those held.
 */
#define	TERN_RX_XFERS	2

/* An interface: what ifconfig(8) calls a VAP. */
struct tern_vif {
	struct tern_dev	*dev;
	if_t		 ifp;
	tern_vap	 vap;
	unsigned	 users;		/* threads in its ioctl; tern_registry */
	struct sx	 control;	/* one ioctl at a time; sleepable */
	struct ifmedia	 media;
	struct bpf_if	*radio;		/* the tap of DLT_IEEE802_11_RADIO */
	struct mtx	 tx;		/* the order of what is sent, and: */
	struct task	 restart;	/* of sending, after shim_tx_ready */
	bool		 is_stopped;	/* shim_tx_ready is to come */
	bool		 is_tapped;	/* bpf has seen the head of the queue */
	uint8_t		 mac[ETHER_ADDR_LEN]; /* as core knows it */
};

/* A transfer to send. */
struct tern_tx {
	struct tern_tx	*next;
	uint32_t	 index;
	uint32_t	 len;
	uint8_t		*buffer;
};

/* A bulk OUT endpoint, with what waits for it, in order. (queue(3) panics where INVARIANTS is set.) */
struct tern_out {
	struct usb_xfer	*xfer;
	struct tern_tx	*active;
	struct tern_tx	*first, **last;
};

/* A receive transfer. */
struct tern_in {
	struct usb_xfer	*xfer;
	uint8_t		*buffer;
	int		 held;		/* bytes that wait until there is room; -1: nothing */
};

struct tern_dev {
	device_t	 self;
	struct usb_device *udev;
	uint8_t		 iface;
	void		*rust;
	LIST_ENTRY(tern_dev) next;	/* tern_registry: this and what follows */
	unsigned	 users;		/* threads that make an interface, */
	struct sx	 cloning;	/* one at a time; sleepable */
	bool		 is_registered;
	struct tern_vif	*vifs[TERN_VAPS_MAX]; /* readers: in an epoch */
	unsigned	 n_vifs;	/* also those that are in none of these places any more */

	struct mtx	 wake;		/* a leaf: wakes, answers, attached */
	bool		 is_woken;
	uint32_t	 answers;
	bool		 is_attached;	/* or could not */
	int		 attach_error;
	struct callout	 timer;
	struct taskqueue *queue;
	struct task	 task;
	struct sysctl_ctx_list sysctls;

	struct mtx	 usb;		/* the transfers' */
	bool		 is_stopped;	/* nothing goes out or comes in */
	bool		 is_crowded;	/* what came last waits to be delivered */
	unsigned	 resumes;	/* of shim_rx_resume */
	uint32_t	 n_out;
	uint32_t	 rx_len;
	unsigned	 rx_errors;	/* in a row */
	struct tern_out	 out[TERN_ENDPOINTS_MAX];
	struct tern_in	 in[TERN_RX_XFERS];
	struct tern_tx	 tx[TERN_TX_MAX];

	const struct firmware *firmware;
	const char	*firmware_name;
};

#define	PLACE(vap)	((vap) & 0xffff)

/* In an epoch, which keeps the interface. */
static inline struct tern_vif *
tern_vif_find(struct tern_dev *dev, tern_vap vap)
{
	struct tern_vif *vif = NULL;

	if (PLACE(vap) < TERN_VAPS_MAX)
		vif = (void *)atomic_load_acq_ptr((uintptr_t *)&dev->vifs[PLACE(vap)]);
	return (vif != NULL && vif->vap == vap ? vif : NULL);
}

static inline bool
tern_vif_is_running(const struct tern_vif *vif)
{
	return ((if_getdrvflags(vif->ifp) & IFF_DRV_RUNNING) != 0);
}

/* shim.c */
extern struct mtx tern_registry;	/* who is there and who uses it */
struct tern_dev	*tern_dev_hold(const char *name);
void	tern_dev_rele(struct tern_dev *dev);

/* shim_usb.c */
uint32_t tern_usb_count_out(struct tern_dev *dev);
void	tern_usb_teardown(struct tern_dev *dev);

/* shim_vap.c */
int	tern_vap_begin(void);
void	tern_vap_end(void);
void	tern_vap_rejoin_all(struct tern_dev *dev);
void	tern_vap_remove_all(struct tern_dev *dev);

/* shim_net.c */
void	tern_net_start(if_t ifp);
int	tern_net_output(if_t ifp, struct mbuf *m, const struct sockaddr *dst,
	    struct route *ro);
void	tern_net_restart(void *arg, int pending);
void	tern_net_flush(struct tern_vif *vif);

#endif
