// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The network interface, its ioctls, and packets. */
#include "bpfilter.h"
#include "shim.h"

#include <net/bpf.h>

/* Long enough for what bpf(4) shows at the least: a frame header with four addresses. */
#define CAPTURE_HEADER 64

static struct mbuf *
to_mbuf(struct tern_packet *packet)
{
	return (struct mbuf *)packet;
}

struct tern_packet *
shim_packet_new(size_t len)
{
	struct mbuf *m = m_gethdr(M_DONTWAIT, MT_DATA);

	if (m == NULL)
		return NULL;
	/* IP headers behind an Ethernet header at a multiple of 4. */
	if (len + ETHER_ALIGN > MHLEN && m_clget(m, M_DONTWAIT, len + ETHER_ALIGN) == NULL) {
		m_freem(m);
		return NULL;
	}
	m->m_data += ETHER_ALIGN;
	m->m_len = m->m_pkthdr.len = len;
	memset(mtod(m, void *), 0, len);
	return (struct tern_packet *)m;
}

void
shim_packet_free(struct tern_packet *packet)
{
	m_freem(to_mbuf(packet));
}

/* As in vlan(4): this system numbers background traffic 0 and best effort 1, 802.1D the reverse. */
static uint8_t
priority_of(struct mbuf *m)
{
	uint8_t priority = m->m_pkthdr.pf.prio & 7;

	return priority <= 1 ? !priority : priority;
}

size_t
shim_packet_len(struct tern_packet *packet, uint8_t *priority)
{
	*priority = priority_of(to_mbuf(packet));
	return to_mbuf(packet)->m_pkthdr.len;
}

uint8_t *
shim_packet_piece(struct tern_packet *packet, void **at, size_t *len)
{
	struct mbuf *m = *at == NULL ? to_mbuf(packet) : ((struct mbuf *)*at)->m_next;

	while (m != NULL && m->m_len == 0)
		m = m->m_next;
	*at = m;
	if (m == NULL)
		return NULL;
	*len = m->m_len;
	return mtod(m, uint8_t *);
}

void
shim_packet_keep(struct tern_packet *packet, size_t start, size_t len)
{
	struct mbuf *m = to_mbuf(packet);

	m_adj(m, start);
	if (m->m_pkthdr.len > len)
		m_adj(m, -(int)(m->m_pkthdr.len - len));
}

static struct ifnet *
find(struct tern_dev *dev, tern_vap vap)
{
	return dev->has_net && dev->vap == vap ? &dev->ac.ac_if : NULL;
}

void
shim_deliver(struct tern_dev *dev, tern_vap vap, struct tern_packet *packet)
{
	struct mbuf_list ml = MBUF_LIST_INITIALIZER();
	struct ifnet *ifp = find(dev, vap);

	if (ifp == NULL || to_mbuf(packet)->m_pkthdr.len < ETHER_HDR_LEN) {
		m_freem(to_mbuf(packet));
		return;
	}
	/* Only queues: the stack takes it up in a thread of its own. */
	ml_enqueue(&ml, to_mbuf(packet));
	if_input(ifp, &ml);
}

bool
shim_is_listening(struct tern_dev *dev, tern_vap vap)
{
	return find(dev, vap) != NULL && dev->radio_bpf != NULL;
}

void
shim_capture(struct tern_dev *dev, tern_vap vap, const uint8_t *radiotap, size_t radiotap_len,
	     const uint8_t *frame, size_t frame_len)
{
#if NBPFILTER > 0
	struct m_hdr m = { .mh_data = (caddr_t)frame, .mh_len = frame_len };

	if (shim_is_listening(dev, vap))
		bpf_mtap_hdr(dev->radio_bpf, radiotap, radiotap_len, (struct mbuf *)&m,
			     BPF_DIRECTION_IN);
#endif
}

void
shim_tx_ready(struct tern_dev *dev, tern_vap vap, uint16_t queue)
{
	struct ifnet *ifp = find(dev, vap);

	if (ifp != NULL && ISSET(ifp->if_flags, IFF_RUNNING))
		ifq_restart(&ifp->if_snd);
}

/* A task takes NET_LOCK later, not the caller. */
void
shim_link(struct tern_dev *dev, tern_vap vap, bool is_up)
{
	struct ifnet *ifp = find(dev, vap);

	if (ifp == NULL)
		return;
	ifp->if_link_state = is_up ? LINK_STATE_UP : LINK_STATE_DOWN;
	if_link_state_change(ifp);
}

void
shim_event(struct tern_dev *dev, tern_vap vap, int what, const uint8_t *data, size_t len)
{
	if (find(dev, vap) == NULL || what != RTM_80211INFO || len != sizeof(dev->info))
		return;
	mtx_enter(&dev->mtx);
	memcpy(&dev->info, data, len);
	mtx_leave(&dev->mtx);
	task_add(systq, &dev->info_task);
}

static void
info_main(void *arg)
{
	struct tern_dev *dev = arg;
	struct if_ieee80211_data info;

	mtx_enter(&dev->mtx);
	info = dev->info;
	mtx_leave(&dev->mtx);
	rtm_80211info(&dev->ac.ac_if, &info);
}

static struct mbuf *
next_packet(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ac.ac_if;
	struct mbuf *m = dev->held;

	if (m != NULL) {
		dev->held = NULL;
		return m;
	}
	m = ifq_dequeue(&ifp->if_snd);
#if NBPFILTER > 0
	if (m != NULL && ifp->if_bpf != NULL)
		bpf_mtap(ifp->if_bpf, m, BPF_DIRECTION_OUT);
#endif
	return m;
}

/* Says whether the queue has to wait: a completion may have been faster. */
static bool
wait_for_room(struct tern_dev *dev, uint16_t queue)
{
	struct ifqueue *ifq = &dev->ac.ac_if.if_snd;

	ifq_set_oactive(ifq);
	if (tern_is_stopped(dev->rust, dev->vap, queue))
		return true;
	ifq_clr_oactive(ifq);
	return false;
}

/*
 * A packet for which there is no room is held here and not left on the queue by ifq_deq_rollback:
 * ifq_deq_commit touches its packet, which core has freed by then.
 */
static void
net_start(struct ifnet *ifp)
{
	struct tern_dev *dev = ifp->if_softc;
	struct mbuf *m;

	while (ISSET(ifp->if_flags, IFF_RUNNING) && !dev->is_gone &&
	       (m = next_packet(dev)) != NULL) {
		uint16_t queue = tern_queue(priority_of(m));
		uint32_t sent = tern_xmit(dev->rust, dev->vap, (struct tern_packet *)m, false);

		if (sent == TERN_FULL)
			dev->held = m;
		else if (sent == TERN_DROPPED)
			ifp->if_oerrors++;
		if ((sent == TERN_FULL || sent == TERN_SENT_LAST) && wait_for_room(dev, queue))
			return;
	}
}

static void
set_rx_mode(struct tern_dev *dev)
{
	tern_rx_mode(dev->rust, dev->vap, ISSET(dev->ac.ac_if.if_flags, IFF_PROMISC),
		     ISSET(dev->ac.ac_if.if_flags, IFF_ALLMULTI) || dev->ac.ac_multicnt > 0);
}

static int
net_up(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ac.ac_if;
	int error = tern_up(dev->rust, dev->vap);

	if (error != 0)
		return error;
	ifq_clr_oactive(&ifp->if_snd);
	SET(ifp->if_flags, IFF_RUNNING);
	set_rx_mode(dev);
	return 0;
}

static int
net_down(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ac.ac_if;

	CLR(ifp->if_flags, IFF_RUNNING);
	ifq_clr_oactive(&ifp->if_snd);
	m_freem(dev->held);
	dev->held = NULL;
	return tern_down(dev->rust, dev->vap);
}

static int
set_flags(struct tern_dev *dev)
{
	int flags = dev->ac.ac_if.if_flags;

	if (ISSET(flags, IFF_UP) && !ISSET(flags, IFF_RUNNING))
		return net_up(dev);
	if (!ISSET(flags, IFF_UP) && ISSET(flags, IFF_RUNNING))
		return net_down(dev);
	set_rx_mode(dev);
	return 0;
}

/* The address is the radio's: core takes a new one while the interface is off. */
static int
set_address(struct tern_dev *dev, const uint8_t *mac)
{
	bool is_running = ISSET(dev->ac.ac_if.if_flags, IFF_RUNNING);
	int error, again = 0;

	if (is_running)
		net_down(dev);
	error = tern_vap_set_address(dev->rust, dev->vap, mac);
	if (is_running)
		again = net_up(dev);
	return error != 0 ? error : again;
}

static int
do_ioctl(struct tern_dev *dev, u_long command, caddr_t data)
{
	struct ifnet *ifp = &dev->ac.ac_if;
	struct ifreq *ifr = (struct ifreq *)data;
	int error;

	switch (command) {
	case SIOCSIFADDR:
		SET(ifp->if_flags, IFF_UP);
		/* FALLTHROUGH */
	case SIOCSIFFLAGS:
		if (ISSET(ifp->if_flags, IFF_DEBUG))
			tern_show(dev->rust, 1, NULL);
		return set_flags(dev);
	case SIOCADDMULTI:
	case SIOCDELMULTI:
		error = ether_ioctl(ifp, &dev->ac, command, data);
		if (error == ENETRESET) {
			set_rx_mode(dev);
			error = 0;
		}
		return error;
	case SIOCSIFLLADDR:
		return set_address(dev, ifr->ifr_addr.sa_data);
	case SIOCGIFMEDIA:
	case SIOCSIFMEDIA:
		return ifmedia_ioctl(ifp, ifr, &dev->media, command);
	}
	error = tern_ioctl(dev->rust, dev->vap, command, data, IOCPARM_LEN(command));
	if (error == ENOTTY)
		error = ether_ioctl(ifp, &dev->ac, command, data);
	return error;
}

/*
 * ifioctl() mostly comes with NET_LOCK held, and what is asked of core sleeps until the worker has
 * done it. That cannot deadlock: the worker takes no NET_LOCK and nothing that is taken before one.
 * It delivers by if_input, tells the link by if_link_state_change and events by a task, all of which
 * only queue; it captures by bpf_mtap, which takes bpf's mutex; it uses USB, malloc and, for
 * firmware, the file system, as urtwn(4) does in this very place. The order of locks is NET_LOCK,
 * this lock, core's own.
 */
static int
net_ioctl(struct ifnet *ifp, u_long command, caddr_t data)
{
	struct tern_dev *dev = ifp->if_softc;
	int error;

	if (dev->is_gone || usbd_is_dying(dev->udev))
		return ENXIO;
	usbd_ref_incr(dev->udev);
	error = rw_enter(&dev->ioctl_lock, RW_WRITE | RW_INTR);
	if (error == 0) {
		/* Whoever held it may have been the one that sees the device go. */
		error = dev->is_gone ? ENXIO : do_ioctl(dev, command, data);
		rw_exit(&dev->ioctl_lock);
	}
	usbd_ref_decr(dev->udev);
	return error;
}

/* From ifmedia_ioctl, so under the lock of ioctls. */
static int
media_change(struct ifnet *ifp)
{
	struct tern_dev *dev = ifp->if_softc;

	return tern_media_set(dev->rust, dev->vap, dev->media.ifm_media);
}

static void
media_status(struct ifnet *ifp, struct ifmediareq *imr)
{
	struct tern_dev *dev = ifp->if_softc;
	int active = 0, status = 0;

	tern_media_status(dev->rust, dev->vap, &active, &status);
	imr->ifm_active = (unsigned int)active;
	imr->ifm_status = status;
}

static void
media_attach(struct tern_dev *dev)
{
	uint32_t i;
	int word;

	ifmedia_init(&dev->media, 0, media_change, media_status);
	for (i = 0; (word = tern_media(dev->rust, dev->vap, i)) != 0; i++)
		ifmedia_add(&dev->media, (unsigned int)word, 0, NULL);
	ifmedia_set(&dev->media, IFM_IEEE80211 | IFM_AUTO);
}

int
shim_net_attach(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ac.ac_if;
	int error = tern_vap_create(dev->rust, NULL, 0, &dev->vap);

	if (error != 0)
		return error;
	tern_vap_address(dev->rust, dev->vap, dev->ac.ac_enaddr);
	rw_init(&dev->ioctl_lock, "ternioctl");
	task_set(&dev->info_task, info_main, dev);
	media_attach(dev);
	ifp->if_softc = dev;
	ifp->if_flags = IFF_BROADCAST | IFF_SIMPLEX | IFF_MULTICAST;
	ifp->if_ioctl = net_ioctl;
	ifp->if_start = net_start;
	strlcpy(ifp->if_xname, dev->self.dv_xname, IFNAMSIZ);
	if_attach(ifp);
	ether_ifattach(ifp);
	ifp->if_link_state = LINK_STATE_DOWN;
	ifp->if_priority = IF_WIRELESS_DEFAULT_PRIORITY;
	if_addgroup(ifp, "wlan");
#if NBPFILTER > 0
	bpfattach(&dev->radio_bpf, ifp, DLT_IEEE802_11_RADIO, CAPTURE_HEADER);
#endif
	dev->has_net = true;
	return 0;
}

/* No caller is inside any more, and no new one gets in; if_detach waits for those of the stack. */
void
shim_net_detach(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ac.ac_if;

	if (!dev->has_net)
		return;
	dev->has_net = false;
	taskq_del_barrier(systq, &dev->info_task);
	CLR(ifp->if_flags, IFF_RUNNING);
	ether_ifdetach(ifp);
	if_detach(ifp);
	ifmedia_delete_instance(&dev->media, IFM_INST_ANY);
	m_freem(dev->held);
	dev->held = NULL;
	tern_vap_destroy(dev->rust, dev->vap);
}
