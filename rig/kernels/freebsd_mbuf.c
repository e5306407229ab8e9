/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: mbuf(9). */
#include "freebsd.h"

#include <sys/uio.h>

#define MBUF "mbuf"
#define CLUSTER "mbuf cluster"

struct uma_zone {
	const char *name;
	int size;
};

static struct uma_zone zones[] = { { MBUF, MSIZE }, { CLUSTER, MCLBYTES }, { "packet", MSIZE },
	{ CLUSTER, MJUMPAGESIZE }, { CLUSTER, MJUM9BYTES }, { CLUSTER, MJUM16BYTES } };
uma_zone_t zone_mbuf = &zones[0], zone_clust = &zones[1], zone_pack = &zones[2],
    zone_jumbop = &zones[3], zone_jumbo9 = &zones[4], zone_jumbo16 = &zones[5];
RIG_KPI(zone_mbuf, "a variable");
RIG_KPI(zone_clust, "a variable");
RIG_KPI(zone_pack, "a variable");
RIG_KPI(zone_jumbop, "a variable");

static bool
is_mbuf(const struct mbuf *m)
{
	return (rig_size(m) == MSIZE);
}

/* Whole and consistent: lengths, data inside of its buffer, the packet's length. */
bool
fb_check_mbuf(const char *kpi, const struct mbuf *m)
{
	const struct mbuf *head = m;
	int total = 0;

	for (; m != NULL; m = m->m_next) {
		const char *from, *to;

		if (!is_mbuf(m)) {
			rig_faultf("%s: an mbuf that is none, or was freed (%p)", kpi, m);
			return (false);
		}
		from = M_START(m);
		to = from + M_SIZE(m);
		if (m->m_len < 0 || m->m_data < from || m->m_data + m->m_len > to) {
			rig_faultf("%s: an mbuf whose data is outside of it (%d bytes)", kpi,
			    m->m_len);
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
new_mbuf(const char *kpi, int how, short type, int flags)
{
	struct mbuf *m;

	if (how != M_WAITOK && how != M_NOWAIT)
		rig_faultf("%s: either M_WAITOK or M_NOWAIT", kpi);
	if (type != MT_DATA && type != MT_HEADER)
		rig_faultf("%s: type %d", kpi, type);
	m = rig_alloc(MSIZE, 256, MBUF, how == M_NOWAIT ? RIG_MAY_FAIL : RIG_SLEEP);
	if (m == NULL)
		return (NULL);
	m->m_next = NULL;
	m->m_nextpkt = NULL;
	m->m_data = m->m_dat;
	m->m_len = 0;
	m->m_flags = flags;
	m->m_type = type;
	if (flags & M_PKTHDR) {
		memset(&m->m_pkthdr, 0, sizeof(m->m_pkthdr));
		SLIST_INIT(&m->m_pkthdr.tags);
		m->m_data = m->m_pktdat;
	}
	return (m);
}

static bool
add_cluster(struct mbuf *m, int how, int size)
{
	char *buffer = rig_alloc(size, 16, CLUSTER, how == M_NOWAIT ? RIG_MAY_FAIL : RIG_SLEEP);

	if (buffer == NULL)
		return (false);
	m->m_data = buffer;
	m->m_flags |= M_EXT;
	m->m_ext.ext_buf = buffer;
	m->m_ext.ext_free = NULL;
	m->m_ext.ext_arg1 = m->m_ext.ext_arg2 = NULL;
	m->m_ext.ext_size = size;
	m->m_ext.ext_type = m_gettype(size);
	m->m_ext.ext_flags = EXT_FLAG_EMBREF;
	m->m_ext.ext_count = 1;
	return (true);
}

struct mbuf *
m_get3(int size, int how, short type, int flags)
{
	int room = flags & M_PKTHDR ? MHLEN : MLEN;
	struct mbuf *m;

	if (!RIG_CHECK(size >= 0 && size <= MJUM16BYTES, "%d bytes", size))
		return (NULL);
	RIG_CHECK((flags & ~M_PKTHDR) == 0, "flags %#x", flags);
	m = new_mbuf("m_get3", how, type, flags);
	if (m == NULL || size <= room)
		return (m);
	size = size <= MCLBYTES ? MCLBYTES : size <= MJUMPAGESIZE ? MJUMPAGESIZE :
	    size <= MJUM9BYTES ? MJUM9BYTES : MJUM16BYTES;
	if (!add_cluster(m, how, size)) {
		rig_free(m, MBUF, RIG_ANY_SIZE);
		return (NULL);
	}
	return (m);
}
RIG_KPI(m_get3, "length, how, type, flags, sleeping");

struct mbuf *
m_getjcl(int how, short type, int flags, int size)
{
	struct mbuf *m = new_mbuf("m_getjcl", how, type, flags);

	if (m != NULL && !add_cluster(m, how, size)) {
		rig_free(m, MBUF, RIG_ANY_SIZE);
		return (NULL);
	}
	return (m);
}
RIG_KPI(m_getjcl, "how, type, sleeping");

int
m_clget(struct mbuf *m, int how)
{
	if (!fb_check_mbuf("m_clget", m))
		return (0);
	RIG_CHECK((m->m_flags & M_EXT) == 0, "it has one");
	return (add_cluster(m, how, MCLBYTES));
}
RIG_KPI(m_clget, "mbuf, how, sleeping");

void *
uma_zalloc_arg(uma_zone_t zone, void *arg, int how)
{
	struct mb_args *args = arg;
	struct mbuf *m;

	if (!RIG_CHECK(zone == zone_mbuf || zone == zone_pack, "a zone that is none"))
		return (NULL);
	m = new_mbuf("m_get", how & (M_WAITOK | M_NOWAIT), args->type, args->flags);
	if (m != NULL && zone == zone_pack && !add_cluster(m, how, MCLBYTES)) {
		rig_free(m, MBUF, RIG_ANY_SIZE);
		return (NULL);
	}
	return (m);
}
RIG_KPI(uma_zalloc_arg, "zone, how, type, sleeping");

static void
free_tags(struct mbuf *m)
{
	if ((m->m_flags & M_PKTHDR) != 0)
		RIG_CHECK(SLIST_EMPTY(&m->m_pkthdr.tags), "tags that nobody made");
}

static struct mbuf *
free_one(struct mbuf *m)
{
	struct mbuf *next = m->m_next;

	free_tags(m);
	if (m->m_flags & M_EXT) {
		if (m->m_ext.ext_flags & EXT_FLAG_EMBREF && m->m_ext.ext_count == 1)
			rig_free(m->m_ext.ext_buf, CLUSTER, m->m_ext.ext_size);
		else
			rig_fault("m_free: a cluster that is not its own");
	}
	rig_free(m, MBUF, MSIZE);
	return (next);
}

void
mb_free_ext(struct mbuf *m)
{
	if (RIG_CHECK(is_mbuf(m), "an mbuf that is none"))
		free_one(m);
}
RIG_KPI(mb_free_ext, "mbuf, double free");

void
uma_zfree_arg(uma_zone_t zone, void *item, void *arg __unused)
{
	RIG_CHECK(zone == zone_mbuf, "a zone that is none");
	if (RIG_CHECK(is_mbuf(item), "an mbuf that is none"))
		free_one(item);
}
RIG_KPI(uma_zfree_arg, "zone, mbuf, double free");

void
m_freem(struct mbuf *m)
{
	if (m == NULL || !fb_check_mbuf("m_freem", m))
		return;
	while (m != NULL)
		m = free_one(m);
}
RIG_KPI(m_freem, "each mbuf, lengths, double free");

void
m_copydata(const struct mbuf *m, int from, int len, caddr_t to)
{
	if (!fb_check_mbuf("m_copydata", m))
		return;
	if (!RIG_CHECK(from >= 0 && len >= 0 && from + len <= (int)m_length(__DECONST(struct mbuf *, m),
	    NULL), "bytes %d to %d of %u", from, from + len, m_length(__DECONST(struct mbuf *, m), NULL)))
		return;
	if (!RIG_CHECK(rig_is_writable(to, len), "no memory"))
		return;
	for (; len > 0; m = m->m_next) {
		int part = MIN(m->m_len - from, len);

		if (part <= 0) {
			from -= m->m_len;
			continue;
		}
		memcpy(to, m->m_data + from, part);
		to += part;
		len -= part;
		from = 0;
	}
}
RIG_KPI(m_copydata, "mbuf, range, memory");

u_int
m_length(struct mbuf *m, struct mbuf **last)
{
	u_int len = 0;

	for (; m != NULL; m = m->m_next) {
		len += m->m_len;
		if (last != NULL)
			*last = m;
	}
	return (len);
}
RIG_KPI(m_length, "mbuf");

void
m_adj(struct mbuf *head, int len)
{
	struct mbuf *m;
	int keep, cut = len < 0 ? -len : len;

	if (!fb_check_mbuf("m_adj", head))
		return;
	if (!RIG_CHECK(cut <= (int)m_length(head, NULL), "%d of %u bytes", len, m_length(head, NULL)))
		return;
	keep = (int)m_length(head, NULL) - cut;
	if (len >= 0) {
		for (m = head; cut > 0; m = m->m_next) {
			int part = MIN(cut, m->m_len);

			m->m_data += part;
			m->m_len -= part;
			cut -= part;
		}
	} else {
		int left = keep;

		for (m = head; m != NULL; m = m->m_next) {
			m->m_len = MIN(m->m_len, left);
			left -= m->m_len;
		}
	}
	if (head->m_flags & M_PKTHDR)
		head->m_pkthdr.len = keep;
}
RIG_KPI(m_adj, "mbuf, length");

struct mbuf *
m_prepend(struct mbuf *m, int len, int how)
{
	struct mbuf *front;

	if (!fb_check_mbuf("m_prepend", m))
		return (NULL);
	RIG_CHECK(len >= 0 && len <= MHLEN, "%d bytes", len);
	front = new_mbuf("m_prepend", how, m->m_type, m->m_flags & M_PKTHDR);
	if (front == NULL) {
		m_freem(m);
		return (NULL);
	}
	if (m->m_flags & M_PKTHDR) {
		front->m_pkthdr = m->m_pkthdr;
		m->m_flags &= ~M_PKTHDR;
	}
	front->m_data += (m->m_flags & M_PKTHDR ? MHLEN : MLEN) - MHLEN;
	front->m_len = len;
	front->m_next = m;
	/* The macro adds to the packet's length only where there was room in front. */
	front->m_pkthdr.len += len;
	return (front);
}
RIG_KPI(m_prepend, "mbuf, length, how");

/* A packet in pieces, as a stack may well make one: nobody may count on where they begin. */
struct mbuf *fb_packet(const void *bytes, size_t len, size_t first);
struct mbuf *
fb_packet(const void *bytes, size_t len, size_t first)
{
	struct mbuf *head = NULL, **tail = &head;
	size_t at = 0;

	do {
		size_t part = at == 0 ? first : 1 + arc4random() % 700;
		struct mbuf *m;

		if (part > len - at)
			part = len - at;
		m = new_mbuf("packet", M_WAITOK, MT_DATA, at == 0 ? M_PKTHDR : 0);
		if (part > (at == 0 ? MHLEN : MLEN))
			add_cluster(m, M_WAITOK, MCLBYTES);
		memcpy(m->m_data, (const char *)bytes + at, part);
		m->m_len = part;
		at += part;
		*tail = m;
		tail = &m->m_next;
	} while (at < len);
	head->m_pkthdr.len = len;
	return (head);
}
