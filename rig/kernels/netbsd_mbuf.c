/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* NetBSD: mbuf(9). */
#include "netbsd.h"

#define MBUF "mbuf"
#define CLUSTER "mbuf cluster"

static const char *
start_of(const struct mbuf *m)
{
	if ((m->m_flags & M_EXT) != 0)
		return m->m_ext_storage.ext_buf;
	return (m->m_flags & M_PKTHDR) != 0 ? m->m_pktdat : m->m_dat;
}

static size_t
room_of(const struct mbuf *m)
{
	if ((m->m_flags & M_EXT) != 0)
		return m->m_ext_storage.ext_size;
	return (m->m_flags & M_PKTHDR) != 0 ? MHLEN : MLEN;
}

/* Whole and consistent: lengths, data inside of its buffer, the packet's length. */
bool
nb_is_packet(const char *kpi, const struct mbuf *m)
{
	const struct mbuf *head = m;
	int total = 0;

	for (; m != NULL; m = m->m_next) {
		if (rig_size(m) != MSIZE) {
			rig_faultf("%s: an mbuf that is none, or was freed (%p)", kpi, m);
			return false;
		}
		if (m->m_len < 0 || m->m_data < start_of(m) ||
		    m->m_data + m->m_len > start_of(m) + room_of(m)) {
			rig_faultf("%s: an mbuf whose data is outside of it (%d bytes)", kpi, m->m_len);
			return false;
		}
		total += m->m_len;
	}
	if ((head->m_flags & M_PKTHDR) == 0) {
		rig_faultf("%s: no packet", kpi);
		return false;
	}
	if (head->m_pkthdr.len == total)
		return true;
	rig_faultf("%s: a packet of %d bytes says that it has %d", kpi, total, head->m_pkthdr.len);
	return false;
}

static struct mbuf *
new_mbuf(const char *kpi, int how, int type, int flags)
{
	struct mbuf *m;

	if (how != M_DONTWAIT)
		rig_faultf("%s: how %d: may sleep", kpi, how);
	if (type != MT_DATA)
		rig_faultf("%s: type %d", kpi, type);
	m = rig_alloc(MSIZE, 64, MBUF, RIG_MAY_FAIL);
	if (m == NULL)
		return NULL;
	/* What is not said to be set has any value. */
	rig_random(m, 16);
	memset(&m->m_hdr, 0, sizeof(m->m_hdr));
	m->m_type = type;
	m->m_flags = flags;
	if ((flags & M_PKTHDR) != 0)
		memset(&m->m_pkthdr, 0, sizeof(m->m_pkthdr));
	m->m_data = __UNCONST(start_of(m));
	return m;
}

struct mbuf *
m_gethdr(int how, int type)
{
	return new_mbuf("m_gethdr", how, type, M_PKTHDR);
}
RIG_KPI(m_gethdr, "does not wait, type");

void
m_clget(struct mbuf *m, int how)
{
	char *cluster;

	if (!RIG_CHECK(rig_size(m) == MSIZE && (m->m_flags & M_EXT) == 0, "an mbuf that is none, or has one"))
		return;
	RIG_CHECK(how == M_DONTWAIT, "how %d: may sleep", how);
	cluster = rig_alloc(MCLBYTES, 64, CLUSTER, RIG_MAY_FAIL);
	if (cluster == NULL)
		return;
	m->m_ext_ref = m;
	m->m_ext_storage.ext_buf = cluster;
	m->m_ext_storage.ext_size = MCLBYTES;
	m->m_data = cluster;
	m->m_flags |= M_EXT | M_EXT_CLUSTER | M_EXT_RW;
}
RIG_KPI(m_clget, "mbuf, does not wait");

void
m_freem(struct mbuf *m)
{
	struct mbuf *next;

	if (m != NULL && !nb_is_packet("m_freem", m))
		return;
	for (; m != NULL; m = next) {
		next = m->m_next;
		if ((m->m_flags & M_EXT) != 0)
			rig_free(m->m_ext_storage.ext_buf,
			    (m->m_flags & M_EXT_CLUSTER) != 0 ? CLUSTER : "malloc", RIG_ANY_SIZE);
		rig_free(m, MBUF, MSIZE);
	}
}
RIG_KPI(m_freem, "each mbuf, lengths, twice");

void
m_adj(struct mbuf *m, int change)
{
	int left = change > 0 ? change : -change;
	struct mbuf *at;

	if (!nb_is_packet("m_adj", m))
		return;
	RIG_CHECK(left <= m->m_pkthdr.len, "%d of %d bytes", change, m->m_pkthdr.len);
	if (change >= 0) {
		for (at = m; at != NULL && left > 0; at = at->m_next) {
			int part = left < at->m_len ? left : at->m_len;

			at->m_data += part;
			at->m_len -= part;
			left -= part;
		}
		m->m_pkthdr.len -= change;
		return;
	}
	m->m_pkthdr.len += change;
	left = m->m_pkthdr.len;
	for (at = m; at != NULL; at = at->m_next) {
		if (at->m_len > left)
			at->m_len = left;
		left -= at->m_len;
	}
}
RIG_KPI(m_adj, "packet, length");

/* A packet in pieces, as IP makes them: the header alone, little mbufs, and what is left. */
struct mbuf *
nb_packet(const void *bytes, size_t len)
{
	const char *from = bytes;
	struct mbuf *head = NULL, **at = &head;
	size_t part = ETHER_HDR_LEN;

	while (len > 0) {
		struct mbuf *m = rig_alloc(MSIZE, 64, MBUF, RIG_ZERO);

		m->m_type = MT_DATA;
		m->m_flags = head == NULL ? M_PKTHDR : 0;
		m->m_data = __UNCONST(start_of(m));
		m->m_len = len < part ? len : part;
		memcpy(m->m_data, from, m->m_len);
		from += m->m_len;
		len -= m->m_len;
		*at = m;
		at = &m->m_next;
		head->m_pkthdr.len += m->m_len;
		part = part == ETHER_HDR_LEN ? 20 : 200;
	}
	return head;
}

/* The bytes of a chain that need not be a packet. */
size_t
nb_bytes(const struct mbuf *m, uint8_t *to, size_t room)
{
	size_t len = 0;

	for (; m != NULL; m = m->m_next) {
		if (!RIG_CHECK(rig_is_readable(m->m_data, m->m_len) && len + m->m_len <= room,
		    "%d bytes that are not there", m->m_len))
			break;
		memcpy(to + len, m->m_data, m->m_len);
		len += m->m_len;
	}
	return len;
}
