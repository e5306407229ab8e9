/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* OpenBSD: mbuf(9). */
#include "openbsd.h"

#define MBUF "mbuf"
#define CLUSTER "mbuf cluster"
#define CLUSTER_MAX (64 * 1024)

static bool
is_mbuf(const struct mbuf *m)
{
	return (rig_size(m) == MSIZE);
}

/* Whole and consistent: lengths, data inside of its buffer, the packet's length. */
bool
ob_check_mbuf(const char *kpi, const struct mbuf *m)
{
	const struct mbuf *head = m;
	int total = 0;

	for (; m != NULL; m = m->m_next) {
		const char *from, *to;

		if (!is_mbuf(m)) {
			rig_faultf("%s: an mbuf that is none, or was freed (%p)", kpi, m);
			return (false);
		}
		if (m->m_flags & M_EXT) {
			from = m->m_ext.ext_buf;
			to = from + m->m_ext.ext_size;
		} else {
			from = m->m_flags & M_PKTHDR ? m->m_pktdat : m->m_dat;
			to = (const char *)m + MSIZE;
		}
		if (m->m_data < from || m->m_data + m->m_len > to) {
			rig_faultf("%s: an mbuf whose data is outside of it (%u bytes)", kpi, m->m_len);
			return (false);
		}
		total += m->m_len;
	}
	if ((head->m_flags & M_PKTHDR) != 0 && head->m_pkthdr.len != total) {
		rig_faultf("%s: a packet of %d bytes says that it has %d", kpi, total,
		    head->m_pkthdr.len);
		return (false);
	}
	return (true);
}

static struct mbuf *
new_mbuf(const char *kpi, int how, int type, int flags)
{
	struct mbuf *m;

	if (how != M_WAIT && how != M_DONTWAIT)
		rig_faultf("%s: either M_WAIT or M_DONTWAIT", kpi);
	if (type != MT_DATA && type != MT_HEADER)
		rig_faultf("%s: type %d", kpi, type);
	m = rig_alloc(MSIZE, 256, MBUF, how == M_DONTWAIT ? RIG_MAY_FAIL : RIG_SLEEP);
	if (m == NULL)
		return (NULL);
	m->m_next = NULL;
	m->m_nextpkt = NULL;
	m->m_len = 0;
	m->m_flags = flags;
	m->m_type = type;
	m->m_data = m->m_dat;
	if (flags & M_PKTHDR) {
		memset(&m->m_pkthdr, 0, sizeof(m->m_pkthdr));
		m->m_pkthdr.pf.prio = 3; /* IFQ_DEFPRIO */
		m->m_data = m->m_pktdat;
	}
	return (m);
}

struct mbuf *
m_gethdr(int how, int type)
{
	return (new_mbuf("m_gethdr", how, type, M_PKTHDR));
}
RIG_KPI(m_gethdr, "how, type, sleeping");

struct mbuf *
m_clget(struct mbuf *m, int how, u_int len)
{
	static const u_int sizes[] = { 2048, 2050, 4096, 8192, 9216, 12288, 16384, 65536 };
	u_int i = 0;

	if (!RIG_CHECK(m != NULL, "gives an mbuf of its own, which is not written here") ||
	    !ob_check_mbuf("m_clget", m))
		return (NULL);
	RIG_CHECK((m->m_flags & M_EXT) == 0, "it has a cluster");
	RIG_CHECK(m->m_len == 0, "it has data");
	if (!RIG_CHECK(len > 0 && len <= CLUSTER_MAX, "%u bytes", len))
		return (NULL);
	while (sizes[i] < len)
		i++;
	m->m_ext.ext_buf = rig_alloc(sizes[i], 16, CLUSTER, how == M_DONTWAIT ? RIG_MAY_FAIL :
	    RIG_SLEEP);
	if (m->m_ext.ext_buf == NULL)
		return (NULL);
	m->m_ext.ext_size = sizes[i];
	m->m_ext.ext_free_fn = 0;
	m->m_flags |= M_EXT | M_EXTWR;
	m->m_data = m->m_ext.ext_buf;
	return (m);
}
RIG_KPI(m_clget, "mbuf, how, length, sleeping");

struct mbuf *
m_freem(struct mbuf *m)
{
	if (m == NULL || !ob_check_mbuf("m_freem", m))
		return (NULL);
	RIG_CHECK(m->m_nextpkt == NULL, "a packet that is on a list");
	while (m != NULL) {
		struct mbuf *next = m->m_next;

		if (m->m_flags & M_EXT)
			rig_free(m->m_ext.ext_buf, CLUSTER, m->m_ext.ext_size);
		rig_free(m, MBUF, MSIZE);
		m = next;
	}
	return (NULL);
}
RIG_KPI(m_freem, "each mbuf, lengths, double free, on a list");

void
m_adj(struct mbuf *head, int len)
{
	struct mbuf *m;
	int total, cut = len < 0 ? -len : len;

	if (!ob_check_mbuf("m_adj", head))
		return;
	if (!RIG_CHECK((head->m_flags & M_PKTHDR) && cut <= head->m_pkthdr.len, "%d of %d bytes", len,
	    head->m_pkthdr.len))
		return;
	total = head->m_pkthdr.len - cut;
	head->m_pkthdr.len = total;
	if (len < 0) {
		for (m = head; m != NULL; m = m->m_next) {
			m->m_len = MIN((int)m->m_len, total);
			total -= m->m_len;
		}
		return;
	}
	for (m = head; cut > 0; m = m->m_next) {
		int part = MIN(cut, (int)m->m_len);

		m->m_data += part;
		m->m_len -= part;
		cut -= part;
	}
}
RIG_KPI(m_adj, "mbuf, length");

void
ml_enqueue(struct mbuf_list *ml, struct mbuf *m)
{
	if (!RIG_CHECK(rig_is_writable(ml, sizeof(*ml)), "no list") || !ob_check_mbuf("ml_enqueue", m))
		return;
	RIG_CHECK(m->m_nextpkt == NULL, "it is on another list");
	if (ml->ml_tail == NULL)
		ml->ml_head = ml->ml_tail = m;
	else {
		ml->ml_tail->m_nextpkt = m;
		ml->ml_tail = m;
	}
	ml->ml_len++;
}
RIG_KPI(ml_enqueue, "list, mbuf");

/* The bytes of a packet, at most `room`; says how many it has. */
size_t
ob_flatten(const struct mbuf *m, void *to, size_t room)
{
	size_t len = 0;

	for (; m != NULL; m = m->m_next) {
		if (!rig_is_readable(m->m_data, m->m_len)) {
			rig_faultf("an mbuf whose data is no memory (%u bytes)", m->m_len);
			return (len);
		}
		if (len + m->m_len <= room)
			memcpy((char *)to + len, m->m_data, m->m_len);
		len += m->m_len;
	}
	return (len);
}

/* A packet in pieces, as a stack may well make one: nobody may count on where they begin. */
struct mbuf *
ob_packet(const void *bytes, size_t len, int priority)
{
	struct mbuf *head = NULL, **tail = &head;
	size_t at = 0;

	do {
		uint16_t chance;
		size_t part;
		struct mbuf *m = new_mbuf("packet", M_WAIT, MT_DATA, at == 0 ? M_PKTHDR : 0);

		rig_random(&chance, sizeof(chance));
		part = MIN(1 + chance % 700, len - at);
		if (part > (at == 0 ? MHLEN : MLEN))
			m_clget(m, M_WAIT, part);
		memcpy(m->m_data, (const char *)bytes + at, part);
		m->m_len = part;
		at += part;
		*tail = m;
		tail = &m->m_next;
	} while (at < len);
	head->m_pkthdr.len = len;
	/* This system's numbers of background and best effort are the reverse of 802.1D's. */
	head->m_pkthdr.pf.prio = priority <= 1 ? !priority : priority;
	return (head);
}
