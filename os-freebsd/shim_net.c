// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Packets, and their way between the network stack and core. */
#include "shim.h"

#include <net80211/ieee80211.h>
#include <net80211/_ieee80211.h>
#include <net80211/ieee80211_freebsd.h>
#include <net80211/ieee80211_radiotap.h>

/* radiotap.org; FreeBSD's header has the flags before it. */
#define	RADIOTAP_TX_NOACK	0x0008

struct tern_packet *
shim_packet_new(size_t len)
{
	struct mbuf *m = m_get3(len, M_NOWAIT, MT_DATA, M_PKTHDR);

	if (m == NULL)
		return (NULL);
	m->m_len = m->m_pkthdr.len = len;
	memset(mtod(m, void *), 0, len);
	return ((struct tern_packet *)m);
}

void
shim_packet_free(struct tern_packet *packet)
{
	m_freem((struct mbuf *)packet);
}

/* 802.1D priority: the VLAN's, or else the precedence in the IP header, as other systems do it. */
static uint8_t
priority(const struct mbuf *m)
{
	struct {
		struct ether_header ether;
		uint8_t next[2];
	} __packed head;

	if (m->m_pkthdr.len < (int)sizeof(head))
		return (0);
	m_copydata(m, 0, sizeof(head), (caddr_t)&head);
	switch (ntohs(head.ether.ether_type)) {
	case ETHERTYPE_VLAN:
		return (head.next[0] >> 5);
	case ETHERTYPE_IP:
		return (head.next[1] >> 5);
	case ETHERTYPE_IPV6:
		return ((head.next[0] >> 1) & 7);
	default:
		return (0);
	}
}

size_t
shim_packet_len(struct tern_packet *packet, uint8_t *out)
{
	struct mbuf *m = (struct mbuf *)packet;

	*out = priority(m);
	return (m->m_pkthdr.len);
}

uint8_t *
shim_packet_piece(struct tern_packet *packet, void **at, size_t *len)
{
	struct mbuf *m = *at == NULL ? (struct mbuf *)packet : ((struct mbuf *)*at)->m_next;

	while (m != NULL && m->m_len == 0)
		m = m->m_next;
	if (m == NULL)
		return (NULL);
	*at = m;
	*len = m->m_len;
	return (mtod(m, uint8_t *));
}

void
shim_packet_keep(struct tern_packet *packet, size_t start, size_t len)
{
	struct mbuf *m = (struct mbuf *)packet;

	m_adj(m, start);
	m_adj(m, (int)len - m->m_pkthdr.len);
}

void
shim_deliver(struct tern_dev *dev, tern_vap vap, struct tern_packet *packet)
{
	struct mbuf *m = (struct mbuf *)packet;
	struct epoch_tracker et;
	struct tern_vif *vif;

	NET_EPOCH_ENTER(et);
	vif = tern_vif_find(dev, vap);
	if (vif != NULL && tern_vif_is_running(vif) && m->m_pkthdr.len >= ETHER_HDR_LEN) {
		if_setrcvif(m, vif->ifp);
		if_inc_counter(vif->ifp, IFCOUNTER_IPACKETS, 1);
		if_input(vif->ifp, m);
	} else
		m_freem(m);
	NET_EPOCH_EXIT(et);
}

bool
shim_is_listening(struct tern_dev *dev, tern_vap vap)
{
	struct epoch_tracker et;
	struct tern_vif *vif;
	bool result;

	NET_EPOCH_ENTER(et);
	vif = tern_vif_find(dev, vap);
	result = vif != NULL && tern_vif_is_running(vif) && bpf_peers_present(vif->radio);
	NET_EPOCH_EXIT(et);
	return (result);
}

void
shim_capture(struct tern_dev *dev, tern_vap vap, const uint8_t *radiotap,
    size_t radiotap_len, const uint8_t *frame, size_t frame_len)
{
	struct mbuf *m = m_get3(radiotap_len + frame_len, M_NOWAIT, MT_DATA, M_PKTHDR);
	struct epoch_tracker et;
	struct tern_vif *vif;

	if (m == NULL)
		return;
	m->m_len = m->m_pkthdr.len = radiotap_len + frame_len;
	memcpy(mtod(m, uint8_t *), radiotap, radiotap_len);
	memcpy(mtod(m, uint8_t *) + radiotap_len, frame, frame_len);
	NET_EPOCH_ENTER(et);
	vif = tern_vif_find(dev, vap);
	if (vif != NULL) {
		if_setrcvif(m, vif->ifp);
		bpf_mtap(vif->radio, m);
	}
	NET_EPOCH_EXIT(et);
	m_freem(m);
}

/*
 * Sends one packet of the queue; says whether there is more to do. The mutex keeps the order, and a
 * shim_tx_ready that comes in between waits for it, so that no start is missed.
 */
static bool
send_next(struct tern_vif *vif)
{
	struct mbuf *m = if_dequeue(vif->ifp);
	uint32_t sent;
	uint8_t queue;

	if (m == NULL)
		return (false);
	if (!vif->is_tapped)
		ETHER_BPF_MTAP(vif->ifp, m);
	vif->is_tapped = false;
	queue = tern_queue(priority(m));
	sent = tern_xmit(vif->dev->rust, vif->vap, (struct tern_packet *)m, false);
	switch (sent) {
	case TERN_FULL:
		if_sendq_prepend(vif->ifp, m);
		vif->is_tapped = true;
		vif->is_stopped = tern_is_stopped(vif->dev->rust, vif->vap, queue);
		return (!vif->is_stopped);
	case TERN_DROPPED:
		if_inc_counter(vif->ifp, IFCOUNTER_OERRORS, 1);
		return (true);
	default:
		if_inc_counter(vif->ifp, IFCOUNTER_OPACKETS, 1);
		return (true);
	}
}

static void
send_all(struct tern_vif *vif)
{
	mtx_lock(&vif->tx);
	while (!vif->is_stopped && send_next(vif))
		continue;
	mtx_unlock(&vif->tx);
}

void
tern_net_start(if_t ifp)
{
	struct epoch_tracker et;
	struct tern_vif *vif;

	NET_EPOCH_ENTER(et);
	vif = if_getsoftc(ifp);
	if (vif != NULL && tern_vif_is_running(vif))
		send_all(vif);
	else if (vif != NULL)
		tern_net_flush(vif);
	NET_EPOCH_EXIT(et);
}

/* What nobody will send. */
void
tern_net_flush(struct tern_vif *vif)
{
	struct mbuf *m;

	mtx_lock(&vif->tx);
	while ((m = if_dequeue(vif->ifp)) != NULL) {
		m_freem(m);
		if_inc_counter(vif->ifp, IFCOUNTER_OQDROPS, 1);
	}
	vif->is_tapped = vif->is_stopped = false;
	mtx_unlock(&vif->tx);
}

/* Not from inside of shim_tx_ready: core asks for every interface that waits, not for every packet. */
void
tern_net_restart(void *arg, int pending __unused)
{
	struct tern_vif *vif = arg;
	struct epoch_tracker et;

	NET_EPOCH_ENTER(et);
	if (tern_vif_is_running(vif))
		send_all(vif);
	NET_EPOCH_EXIT(et);
}

void
shim_tx_ready(struct tern_dev *dev, tern_vap vap, uint16_t queue __unused)
{
	struct epoch_tracker et;
	struct tern_vif *vif;

	NET_EPOCH_ENTER(et);
	vif = tern_vif_find(dev, vap);
	if (vif != NULL) {
		mtx_lock(&vif->tx);
		vif->is_stopped = false;
		mtx_unlock(&vif->tx);
		taskqueue_enqueue(taskqueue_swi, &vif->restart);
	}
	NET_EPOCH_EXIT(et);
}

/*
 * A frame written to DLT_IEEE802_11_RADIO begins with radiotap, or with ieee80211_bpf_params, which
 * bpf(4) has then moved to the address. Core reads radiotap.
 */
static struct mbuf *
as_radiotap(struct mbuf *m, const struct sockaddr *dst)
{
	const struct ieee80211_bpf_params *params =
	    (const struct ieee80211_bpf_params *)dst->sa_data;
	struct {
		struct ieee80211_radiotap_header header;
		uint8_t rate;
		uint8_t pad;
		uint16_t flags;
	} __packed radiotap = {};

	if (dst->sa_len == 0 || params->ibp_len == 0)
		return (m);
	radiotap.header.it_len = htole16(sizeof(radiotap));
	radiotap.header.it_present = htole32(1 << IEEE80211_RADIOTAP_RATE |
	    1 << IEEE80211_RADIOTAP_TX_FLAGS);
	radiotap.rate = params->ibp_rate0;
	if ((params->ibp_flags & IEEE80211_BPF_NOACK) != 0)
		radiotap.flags = htole16(RADIOTAP_TX_NOACK);
	M_PREPEND(m, sizeof(radiotap), M_NOWAIT);
	if (m != NULL)
		memcpy(mtod(m, void *), &radiotap, sizeof(radiotap));
	return (m);
}

static int
inject(if_t ifp, struct mbuf *m, const struct sockaddr *dst)
{
	struct tern_vif *vif = if_getsoftc(ifp);
	uint32_t sent;

	if (vif == NULL || !tern_vif_is_running(vif)) {
		m_freem(m);
		return (ENETDOWN);
	}
	m = as_radiotap(m, dst);
	if (m == NULL)
		return (ENOBUFS);
	mtx_lock(&vif->tx);
	sent = tern_xmit(vif->dev->rust, vif->vap, (struct tern_packet *)m, true);
	mtx_unlock(&vif->tx);
	switch (sent) {
	case TERN_FULL:
		m_freem(m);
		return (ENOBUFS);
	case TERN_DROPPED:
		if_inc_counter(ifp, IFCOUNTER_OERRORS, 1);
		return (EINVAL);
	default:
		if_inc_counter(ifp, IFCOUNTER_OPACKETS, 1);
		return (0);
	}
}

int
tern_net_output(if_t ifp, struct mbuf *m, const struct sockaddr *dst, struct route *ro)
{
	if (dst->sa_family == AF_IEEE80211)
		return (inject(ifp, m, dst));
	return (ether_output(ifp, m, dst, ro));
}
