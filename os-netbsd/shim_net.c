/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The network interface and packets. */
#include "shim.h"

#include <sys/malloc.h>
#include <sys/sockio.h>
#include <net/bpf.h>
#include <net/if_stats.h>
#include <net/route.h>

/* What bpf(4) is told of the longest header before a captured frame: radiotap's and 802.11's. */
#define CAPTURE_HEADER	(64 + 24)

static struct mbuf *
mbuf_of(struct tern_packet *packet)
{
	return (struct mbuf *)packet;
}

/* The IP header after Ethernet's is aligned so. */
struct tern_packet *
shim_packet_new(size_t len)
{
	size_t room = len + ETHER_ALIGN;
	struct mbuf *m = m_gethdr(M_DONTWAIT, MT_DATA);

	if (m == NULL)
		return NULL;
	if (room > MCLBYTES)
		MEXTMALLOC(m, room, M_NOWAIT);
	else if (room > MHLEN)
		m_clget(m, M_DONTWAIT);
	if (room > MHLEN && (m->m_flags & M_EXT) == 0) {
		m_freem(m);
		return NULL;
	}
	m->m_data += ETHER_ALIGN;
	m->m_len = m->m_pkthdr.len = len;
	memset(mtod(m, void *), 0, len);
	shim_count(TERN_PACKETS, 1);
	return (struct tern_packet *)m;
}

void
shim_packet_free(struct tern_packet *packet)
{
	shim_count(TERN_PACKETS, -1);
	m_freem(mbuf_of(packet));
}

size_t
shim_packet_len(struct tern_packet *packet, uint8_t *priority)
{
	*priority = 0;	/* an mbuf has none */
	return mbuf_of(packet)->m_pkthdr.len;
}

uint8_t *
shim_packet_piece(struct tern_packet *packet, void **at, size_t *len)
{
	struct mbuf *m = *at == NULL ? mbuf_of(packet) : ((struct mbuf *)*at)->m_next;

	*at = m;
	if (m == NULL)
		return NULL;
	*len = m->m_len;
	return mtod(m, uint8_t *);
}

void
shim_packet_keep(struct tern_packet *packet, size_t start, size_t len)
{
	struct mbuf *m = mbuf_of(packet);
	int over = m->m_pkthdr.len - (int)(start + len);

	m_adj(m, start);
	if (over > 0)
		m_adj(m, -over);
}

static bool
is_ours(struct tern_dev *dev, tern_vap vap)
{
	return atomic_load_acquire(&dev->has_interface) && vap == dev->vap;
}

/* The stack takes it in from a soft interrupt of its own, whoever we are. */
void
shim_deliver(struct tern_dev *dev, tern_vap vap, struct tern_packet *packet)
{
	struct ifnet *ifp = &dev->ec.ec_if;
	struct mbuf *m = mbuf_of(packet);

	if (!is_ours(dev, vap) || m->m_pkthdr.len < ETHER_HDR_LEN) {
		shim_packet_free(packet);
		return;
	}
	shim_count(TERN_PACKETS, -1);
	m_set_rcvif(m, ifp);
	if_percpuq_enqueue(ifp->if_percpuq, m);
}

bool
shim_is_listening(struct tern_dev *dev, tern_vap vap)
{
	return is_ours(dev, vap) && atomic_load_relaxed(&dev->radiotap) != NULL;
}

/* bpf(4) copies at once: the frame is lent in an mbuf that lives here and says no more than where. */
void
shim_capture(struct tern_dev *dev, tern_vap vap, const uint8_t *radiotap, size_t radiotap_len,
    const uint8_t *frame, size_t frame_len)
{
	struct bpf_if *listeners;
	struct mbuf m;

	if (!is_ours(dev, vap))
		return;
	listeners = atomic_load_consume(&dev->radiotap);
	if (listeners == NULL)
		return;
	memset(&m, 0, sizeof(m));
	m.m_type = MT_DATA;
	m.m_data = __UNCONST(frame);
	m.m_len = frame_len;
	bpf_mtap2(listeners, __UNCONST(radiotap), radiotap_len, &m, BPF_D_IN);
}

void
shim_link(struct tern_dev *dev, tern_vap vap, bool is_up)
{
	if (is_ours(dev, vap))
		if_link_state_change(&dev->ec.ec_if, is_up ? LINK_STATE_UP : LINK_STATE_DOWN);
}

void
shim_event(struct tern_dev *dev, tern_vap vap, int what, const uint8_t *data, size_t len)
{
	if (is_ours(dev, vap))
		rt_ieee80211msg(&dev->ec.ec_if, what, __UNCONST(data), len);
}

void
shim_tx_ready(struct tern_dev *dev, tern_vap vap, uint16_t queue)
{
	if (!is_ours(dev, vap))
		return;
	mutex_enter(&dev->lock);
	dev->can_send = true;
	mutex_exit(&dev->lock);
	shim_soft_schedule(dev);
}

/* The next packet to send: the one that core had no room for, or the queue's. */
static struct mbuf *
next_packet(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ec.ec_if;
	struct mbuf *m = dev->held;

	dev->held = NULL;
	if (m != NULL)
		return m;
	IFQ_DEQUEUE(&ifp->if_snd, m);
	if (m == NULL)
		return NULL;
	bpf_mtap(ifp, m, BPF_D_OUT);
	shim_count(TERN_PACKETS, 1);
	return m;
}

/* Until the queue is empty, or core has no room: then shim_tx_ready comes. */
static void
send_all(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ec.ec_if;
	struct mbuf *m;
	uint8_t priority;

	while ((ifp->if_flags & IFF_RUNNING) != 0 && (m = next_packet(dev)) != NULL) {
		shim_packet_len((struct tern_packet *)m, &priority);
		switch (tern_xmit(dev->rust, dev->vap, (struct tern_packet *)m, false)) {
		case TERN_FULL:
			dev->held = m;
			if (tern_is_stopped(dev->rust, dev->vap, tern_queue(priority)))
				return;
			break;
		case TERN_DROPPED:
			if_statinc(ifp, if_oerrors);
			break;
		default:
			if_statinc(ifp, if_opackets);
		}
	}
}

void
shim_send(struct tern_dev *dev)
{
	mutex_enter(&dev->lock);
	dev->send_again = true;
	if (dev->is_sending) {
		mutex_exit(&dev->lock);
		return;
	}
	dev->is_sending = true;
	while (dev->send_again) {
		dev->send_again = false;
		mutex_exit(&dev->lock);
		send_all(dev);
		mutex_enter(&dev->lock);
	}
	dev->is_sending = false;
	mutex_exit(&dev->lock);
}

static void
interface_start(struct ifnet *ifp)
{
	shim_send(ifp->if_softc);
}

static void
update_filter(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ec.ec_if;
	bool has_groups = dev->ec.ec_multicnt != 0 || (ifp->if_flags & IFF_ALLMULTI) != 0;

	tern_rx_mode(dev->rust, dev->vap, (ifp->if_flags & IFF_PROMISC) != 0, has_groups);
}

/* Switched on, or on already and to begin anew. */
static int
interface_init(struct ifnet *ifp)
{
	struct tern_dev *dev = ifp->if_softc;
	int error;

	if ((ifp->if_flags & IFF_RUNNING) != 0)
		return 0;
	error = tern_up(dev->rust, dev->vap);
	if (error != 0)
		return error;
	ifp->if_flags |= IFF_RUNNING;
	update_filter(dev);
	return 0;
}

static void
drop_packets(struct tern_dev *dev)
{
	mutex_enter(&dev->lock);
	while (dev->is_sending) {
		mutex_exit(&dev->lock);
		kpause("ternsend", false, 1, NULL);
		mutex_enter(&dev->lock);
	}
	if (dev->held != NULL)
		shim_packet_free((struct tern_packet *)dev->held);
	dev->held = NULL;
	mutex_exit(&dev->lock);
}

static void
interface_stop(struct ifnet *ifp, int disable)
{
	struct tern_dev *dev = ifp->if_softc;

	if ((ifp->if_flags & IFF_RUNNING) == 0)
		return;
	ifp->if_flags &= ~IFF_RUNNING;
	tern_down(dev->rust, dev->vap);
	drop_packets(dev);
	IFQ_PURGE(&ifp->if_snd);
}

/* Flags other than IFF_UP have changed. */
static int
flags_changed(struct ethercom *ec)
{
	update_filter(ec->ec_if.if_softc);
	return 0;
}

/* An address that the user gave the interface reaches core here. */
static int
address_changed(struct tern_dev *dev)
{
	const uint8_t *mac = CLLADDR(dev->ec.ec_if.if_sadl);
	int error;

	if (memcmp(dev->mac, mac, ETHER_ADDR_LEN) == 0)
		return 0;
	error = tern_vap_set_address(dev->rust, dev->vap, mac);
	if (error == 0)
		memcpy(dev->mac, mac, ETHER_ADDR_LEN);
	return error;
}

static int
interface_ioctl(struct ifnet *ifp, u_long command, void *data)
{
	struct tern_dev *dev = ifp->if_softc;
	int error;

	error = tern_ioctl(dev->rust, dev->vap, command, data, IOCPARM_LEN(command));
	if (error != ENOTTY)
		return error;
	error = ether_ioctl(ifp, command, data);
	if (error == ENETRESET) {
		/* A first or last multicast address. */
		update_filter(dev);
		error = 0;
	}
	if (error == 0 && command == SIOCALIFADDR)
		error = address_changed(dev);
	return error;
}

static int
media_change(struct ifnet *ifp)
{
	struct tern_dev *dev = ifp->if_softc;

	return tern_media_set(dev->rust, dev->vap, dev->media.ifm_cur->ifm_media);
}

static void
media_status(struct ifnet *ifp, struct ifmediareq *request)
{
	struct tern_dev *dev = ifp->if_softc;

	tern_media_status(dev->rust, dev->vap, &request->ifm_active, &request->ifm_status);
}

static void
media_add(struct tern_dev *dev)
{
	int word;
	uint32_t i;

	mutex_init(&dev->media_lock, MUTEX_DEFAULT, IPL_NONE);
	ifmedia_init_with_lock(&dev->media, 0, media_change, media_status, &dev->media_lock);
	dev->ec.ec_ifmedia = &dev->media;
	for (i = 0; (word = tern_media(dev->rust, dev->vap, i)) != 0; i++)
		ifmedia_add(&dev->media, word, 0, NULL);
	ifmedia_set(&dev->media, tern_media(dev->rust, dev->vap, 0));
}

int
shim_interface_add(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ec.ec_if;
	int error = tern_vap_create(dev->rust, NULL, 0, &dev->vap);

	if (error != 0)
		return error;
	dev->has_vap = true;
	tern_vap_address(dev->rust, dev->vap, dev->mac);
	strlcpy(ifp->if_xname, device_xname(dev->self), IFNAMSIZ);
	ifp->if_softc = dev;
	ifp->if_flags = IFF_BROADCAST | IFF_SIMPLEX | IFF_MULTICAST;
	ifp->if_extflags = IFEF_MPSAFE;
	ifp->if_init = interface_init;
	ifp->if_stop = interface_stop;
	ifp->if_start = interface_start;
	ifp->if_ioctl = interface_ioctl;
	IFQ_SET_READY(&ifp->if_snd);
	media_add(dev);
	if_initialize(ifp);
	ether_set_ifflags_cb(&dev->ec, flags_changed);
	ether_ifattach(ifp, dev->mac);
	bpf_attach2(ifp, DLT_IEEE802_11_RADIO, CAPTURE_HEADER, &dev->radiotap);
	ifp->if_percpuq = if_percpuq_create(ifp);
	if_register(ifp);
	if_link_state_change(ifp, LINK_STATE_DOWN);
	atomic_store_release(&dev->has_interface, true);
	return 0;
}

/* After tern_stop and shim_usb_stop; if_detach waits for everybody who is still in here. */
void
shim_interface_remove(struct tern_dev *dev)
{
	struct ifnet *ifp = &dev->ec.ec_if;

	if (dev->has_interface) {
		atomic_store_release(&dev->has_interface, false);
		IFNET_LOCK(ifp);
		ifp->if_flags &= ~IFF_RUNNING;
		IFNET_UNLOCK(ifp);
		drop_packets(dev);
		ether_ifdetach(ifp);
		if_detach(ifp);
		ifmedia_fini(&dev->media);
		mutex_destroy(&dev->media_lock);
	}
	if (dev->has_vap)
		tern_vap_destroy(dev->rust, dev->vap);
	dev->has_vap = false;
}
