/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: interfaces, cloning, bpf, media, routing messages. */
#include "freebsd.h"

#include <net/bpf.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_clone.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <net/if_types.h>
#include <net/if_var.h>
#include <net/route.h>
#include <net/vnet.h>

#include "freebsd_if.h"

static struct ifnet *interfaces[IFNETS_MAX];
struct sx fb_detach_sx;

bool
fb_check_ifp(const char *kpi, const struct ifnet *ifp)
{
	if (ifp != NULL && rig_size(ifp) == sizeof(*ifp) && !ifp->is_freed)
		return (true);
	rig_faultf("%s: an interface that is none, or was freed", kpi);
	return (false);
}

struct ifnet *
fb_ifunit(const char *name)
{
	int i;

	for (i = 0; i < IFNETS_MAX; i++)
		if (interfaces[i] != NULL && interfaces[i]->is_attached &&
		    strcmp(interfaces[i]->name, name) == 0)
			return (interfaces[i]);
	return (NULL);
}

if_t
if_alloc(u_char type)
{
	struct ifnet *ifp;
	int i;

	RIG_CHECK(type == IFT_ETHER, "type %u", type);
	rig_may_sleep("if_alloc");
	for (i = 0; i < IFNETS_MAX && interfaces[i] != NULL; i++)
		continue;
	if (i == IFNETS_MAX)
		rig_die("if_alloc: too many interfaces");
	ifp = rig_alloc(sizeof(*ifp), 16, "ifnet", RIG_ZERO);
	ifp->index = i + 2;
	ifp->refs = 1;
	ifp->link = LINK_STATE_UNKNOWN;
	ifp->send_max = 50;
	interfaces[i] = ifp;
	return (ifp);
}
RIG_KPI(if_alloc, "type, sleeping");

static void
if_release(struct ifnet *ifp)
{
	if (--ifp->refs > 0)
		return;
	interfaces[ifp->index - 2] = NULL;
	rig_free(ifp, "ifnet", RIG_ANY_SIZE);
}

void
if_ref(if_t ifp)
{
	if (CHECK(ifp))
		ifp->refs++;
}
RIG_KPI(if_ref, "interface");

void
if_rele(if_t ifp)
{
	if (RIG_CHECK(rig_size(ifp) == sizeof(*ifp), "an interface that is none"))
		if_release(ifp);
}
RIG_KPI(if_rele, "interface");

void
if_free(if_t ifp)
{
	if (!CHECK(ifp))
		return;
	RIG_CHECK(!ifp->is_attached, "%s is attached", ifp->name);
	RIG_CHECK(ifp->n_queued == 0, "%s has packets to send", ifp->name);
	ifp->is_freed = true;
	if_release(ifp);
}
RIG_KPI(if_free, "interface, detached, nothing queued, twice");

void
if_initname(if_t ifp, const char *name, int unit)
{
	if (!CHECK(ifp) || !fb_is_name("if_initname", name))
		return;
	RIG_CHECK(unit >= 0, "unit %d", unit);
	rig_format(ifp->name, sizeof(ifp->name), "%s%d", name, unit);
	ifp->unit = unit;
}
RIG_KPI(if_initname, "interface, name, unit");

int
if_setsoftc(if_t ifp, void *softc)
{
	if (CHECK(ifp))
		ifp->softc = softc;
	return (0);
}
RIG_KPI(if_setsoftc, "interface");

void *
if_getsoftc(if_t ifp)
{
	return (CHECK(ifp) ? ifp->softc : NULL);
}
RIG_KPI(if_getsoftc, "interface");

int
if_setflags(if_t ifp, int flags)
{
	if (!CHECK(ifp))
		return (0);
	RIG_CHECK((flags & (IFF_UP | IFF_DRV_RUNNING | IFF_DRV_OACTIVE)) == 0,
	    "flags %#x of others", flags);
	ifp->flags = flags;
	return (0);
}
RIG_KPI(if_setflags, "interface, flags that are a driver's");

int
if_setflagbits(if_t ifp, int set, int clear)
{
	if (CHECK(ifp))
		ifp->flags = (ifp->flags & ~clear) | set;
	return (0);
}
RIG_KPI(if_setflagbits, "interface");

int
if_getflags(const if_t ifp)
{
	return (CHECK(ifp) ? ifp->flags : 0);
}
RIG_KPI(if_getflags, "interface");

int
if_setdrvflagbits(if_t ifp, int set, int clear)
{
	RIG_CHECK(((set | clear) & ~(IFF_DRV_RUNNING | IFF_DRV_OACTIVE)) == 0, "flags %#x",
	    set | clear);
	if (CHECK(ifp))
		ifp->drv_flags = (ifp->drv_flags & ~clear) | set;
	return (0);
}
RIG_KPI(if_setdrvflagbits, "interface, flags");

int
if_getdrvflags(const if_t ifp)
{
	return (CHECK(ifp) ? ifp->drv_flags : 0);
}
RIG_KPI(if_getdrvflags, "interface");

#define SETTER(name, type, field)                                                                  \
	void name(if_t ifp, type fn)                                                               \
	{                                                                                          \
		if (!CHECK(ifp))                                                                   \
			return;                                                                    \
		RIG_CHECK(rig_is_code(fn), "no function");                                         \
		ifp->field = fn;                                                                   \
	}                                                                                          \
	RIG_KPI(name, "interface, function")
SETTER(if_setinitfn, if_init_fn_t, init);
SETTER(if_setioctlfn, if_ioctl_fn_t, ioctl);
SETTER(if_setstartfn, if_start_fn_t, start);
SETTER(if_setoutputfn, if_output_fn_t, output);
SETTER(if_settransmitfn, if_transmit_fn_t, transmit);
SETTER(if_setqflushfn, if_qflush_fn_t, qflush);

int
if_setsendqlen(if_t ifp, int len)
{
	RIG_CHECK(len > 0 && len <= 1024, "%d packets", len);
	if (CHECK(ifp))
		ifp->send_max = len;
	return (0);
}
RIG_KPI(if_setsendqlen, "interface, length");

int
if_setsendqready(if_t ifp)
{
	if (CHECK(ifp))
		ifp->is_ready = true;
	return (0);
}
RIG_KPI(if_setsendqready, "interface");

struct mbuf *
if_dequeue(if_t ifp)
{
	struct mbuf *m;

	if (!CHECK(ifp) || (m = ifp->send_head) == NULL)
		return (NULL);
	ifp->send_head = m->m_nextpkt;
	m->m_nextpkt = NULL;
	ifp->n_queued--;
	return (m);
}
RIG_KPI(if_dequeue, "interface");

int
if_sendq_prepend(if_t ifp, struct mbuf *m)
{
	if (!CHECK(ifp) || !fb_check_mbuf("if_sendq_prepend", m))
		return (0);
	RIG_CHECK(m->m_nextpkt == NULL, "it is in a queue");
	m->m_nextpkt = ifp->send_head;
	ifp->send_head = m;
	ifp->n_queued++;
	return (0);
}
RIG_KPI(if_sendq_prepend, "interface, packet, not queued");

int
if_sendq_empty(if_t ifp)
{
	return (!CHECK(ifp) || ifp->send_head == NULL);
}
RIG_KPI(if_sendq_empty, "interface");

void
if_inc_counter(if_t ifp, ift_counter counter, int64_t by)
{
	RIG_CHECK(counter < IFCOUNTERS, "counter %d", (int)counter);
	if (CHECK(ifp))
		ifp->counters[counter] += by;
}
RIG_KPI(if_inc_counter, "interface, counter");

char *
if_getlladdr(const if_t ifp)
{
	return (CHECK(ifp) ? (char *)ifp->lladdr : NULL);
}
RIG_KPI(if_getlladdr, "interface");

const char *
if_name(if_t ifp)
{
	return (CHECK(ifp) ? ifp->name : "?");
}
RIG_KPI(if_name, "interface");

int
if_getmtu(const if_t ifp)
{
	return (CHECK(ifp) ? ifp->mtu : 0);
}
RIG_KPI(if_getmtu, "interface");

int
if_setmtu(if_t ifp, int mtu)
{
	if (CHECK(ifp))
		ifp->mtu = mtu;
	return (0);
}
RIG_KPI(if_setmtu, "interface");

int
if_getindex(const if_t ifp)
{
	return (CHECK(ifp) ? ifp->index : 0);
}
RIG_KPI(if_getindex, "interface");

int
if_getlinkstate(if_t ifp)
{
	return (CHECK(ifp) ? ifp->link : 0);
}
RIG_KPI(if_getlinkstate, "interface");

static struct vnet *vnet;

struct vnet *
if_getvnet(const if_t ifp)
{
	return (CHECK(ifp) ? vnet : NULL);
}
RIG_KPI(if_getvnet, "interface");

u_int
if_llmaddr_count(if_t ifp)
{
	return (CHECK(ifp) ? ifp->n_multi : 0);
}
RIG_KPI(if_llmaddr_count, "interface");

u_int
if_foreach_llmaddr(if_t ifp, iflladdr_cb_t cb, void *arg __unused)
{
	RIG_CHECK(rig_is_code(cb), "no function");
	return (if_llmaddr_count(ifp));
}
RIG_KPI(if_foreach_llmaddr, "interface, function");

void
if_setrcvif(struct mbuf *m, if_t ifp)
{
	if (CHECK(ifp) && fb_check_mbuf("if_setrcvif", m))
		m->m_pkthdr.rcvif = ifp;
}
RIG_KPI(if_setrcvif, "interface, packet");

int
if_printf(if_t ifp, const char *format, ...)
{
	__builtin_va_list args;

	if (!CHECK(ifp))
		return (0);
	printf("%s: ", ifp->name);
	__builtin_va_start(args, format);
	vprintf(format, args);
	__builtin_va_end(args);
	return (0);
}
RIG_KPI(if_printf, "interface, format, strings");

/*
 * Routing messages.
 */
void
rt_ifmsg(if_t ifp, int mask __unused)
{
	struct if_msghdr message = {};

	if (!CHECK(ifp))
		return;
	message.ifm_msglen = sizeof(message);
	message.ifm_version = RTM_VERSION;
	message.ifm_type = RTM_IFINFO;
	message.ifm_index = ifp->index;
	message.ifm_flags = ifp->flags | ifp->drv_flags;
	message.ifm_data.ifi_link_state = ifp->link;
	message.ifm_data.ifi_type = IFT_ETHER;
	message.ifm_data.ifi_mtu = ifp->mtu;
	rig_event(RIG_EVENT_ROUTE, ifp->name, RTM_IFINFO, &message, sizeof(message));
}
RIG_KPI(rt_ifmsg, "interface");

void
rt_ieee80211msg(if_t ifp, int what, void *data, size_t len)
{
	struct {
		struct if_announcemsghdr header;
		char data[MHLEN];
	} message = {};

	if (!CHECK(ifp))
		return;
	RIG_CHECK(curvnet == vnet, "not in the interface's vnet");
	if (!RIG_CHECK(len <= MHLEN - sizeof(message.header) && (len == 0 || rig_is_readable(data, len)),
	    "%zu bytes of data", len))
		return;
	message.header.ifan_msglen = sizeof(message.header) + len;
	message.header.ifan_version = RTM_VERSION;
	message.header.ifan_type = RTM_IEEE80211;
	message.header.ifan_index = ifp->index;
	strlcpy(message.header.ifan_name, ifp->name, sizeof(message.header.ifan_name));
	message.header.ifan_what = what;
	memcpy(message.data, data, len);
	rig_event(RIG_EVENT_ROUTE, ifp->name, RTM_IEEE80211, &message, message.header.ifan_msglen);
}
RIG_KPI(rt_ieee80211msg, "interface, vnet, data");

void
if_link_state_change(if_t ifp, int state)
{
	if (!CHECK(ifp))
		return;
	RIG_CHECK(state >= LINK_STATE_UNKNOWN && state <= LINK_STATE_UP, "state %d", state);
	if (ifp->link == state)
		return;
	ifp->link = state;
	rig_event(RIG_EVENT_LINK, ifp->name, state, NULL, 0);
	rt_ifmsg(ifp, 0);
}
RIG_KPI(if_link_state_change, "interface, state");

/*
 * Ethernet.
 */
static int
default_output(if_t ifp, struct mbuf *m, const struct sockaddr *dst, struct route *ro)
{
	return (ether_output(ifp, m, dst, ro));
}

void
ether_ifattach(if_t ifp, const u_int8_t *address)
{
	if (!CHECK(ifp))
		return;
	rig_may_sleep("ether_ifattach");
	RIG_CHECK(!ifp->is_attached && ifp->name[0] != '\0', "attached already, or without a name");
	RIG_CHECK(fb_ifunit(ifp->name) == NULL, "there is a %s already", ifp->name);
	RIG_CHECK(ifp->ioctl != NULL && (ifp->start != NULL || ifp->transmit != NULL),
	    "no ioctl, or no way to send");
	RIG_CHECK(ifp->transmit != NULL || ifp->is_ready, "the queue is not ready");
	if (!RIG_CHECK(rig_is_readable(address, ETHER_ADDR_LEN) && (address[0] & 1) == 0 &&
	    (address[0] | address[1] | address[2] | address[3] | address[4] | address[5]) != 0,
	    "no address of a station"))
		return;
	memcpy(ifp->lladdr, address, ETHER_ADDR_LEN);
	ifp->mtu = ETHERMTU;
	ifp->output = default_output;
	ifp->is_attached = true;
	bpfattach(ifp, DLT_EN10MB, ETHER_HDR_LEN);
	rig_event(RIG_EVENT_ARRIVED, ifp->name, 0, NULL, 0);
}
RIG_KPI(ether_ifattach, "interface, address, name, functions, sleeping");

void
ether_ifdetach(if_t ifp)
{
	if (!CHECK(ifp))
		return;
	rig_may_sleep("ether_ifdetach");
	RIG_CHECK(rig_lock_other(&fb_detach_sx) == NULL, "with lock %s held", rig_lock_other(&fb_detach_sx));
	if (!RIG_CHECK(ifp->is_attached, "%s is not attached", ifp->name))
		return;
	bpfdetach(ifp);
	ifp->is_attached = false;
	ifp->flags &= ~IFF_UP;
	/* What nobody fetched. */
	while (ifp->send_head != NULL)
		m_freem(if_dequeue(ifp));
	rig_event(RIG_EVENT_LEFT, ifp->name, 0, NULL, 0);
}
RIG_KPI(ether_ifdetach, "interface, attached, no lock held, sleeping");

void
if_input(if_t ifp, struct mbuf *m)
{
	char frame[4096];

	if (!CHECK(ifp) || !fb_check_mbuf("if_input", m))
		return;
	RIG_CHECK(rig_in_scope(NET_EPOCH), "not in the net epoch");
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	RIG_CHECK(m->m_pkthdr.rcvif == ifp, "rcvif is not the interface");
	RIG_CHECK(m->m_flags & M_PKTHDR, "no packet header");
	RIG_CHECK(m->m_nextpkt == NULL, "more than one packet");
	RIG_CHECK(m->m_len >= ETHER_HDR_LEN, "the first piece is shorter than the header");
	RIG_CHECK(ifp->is_attached, "%s is not attached", ifp->name);
	RIG_CHECK(ifp->drv_flags & IFF_DRV_RUNNING, "%s is not running", ifp->name);
	if (m->m_pkthdr.len <= (int)sizeof(frame)) {
		ether_bpf_mtap_if(ifp, m);
		m_copydata(m, 0, m->m_pkthdr.len, frame);
		rig_event(RIG_EVENT_INPUT, ifp->name, 0, frame, m->m_pkthdr.len);
	}
	m_freem(m);
}
RIG_KPI(if_input, "interface, packet, epoch, no lock held, rcvif, first piece");

static int
default_transmit(struct ifnet *ifp, struct mbuf *m)
{
	struct mbuf **tail;

	if (ifp->n_queued >= ifp->send_max) {
		m_freem(m);
		return (ENOBUFS);
	}
	for (tail = &ifp->send_head; *tail != NULL; tail = &(*tail)->m_nextpkt)
		continue;
	*tail = m;
	ifp->n_queued++;
	if ((ifp->drv_flags & IFF_DRV_OACTIVE) == 0)
		ifp->start(ifp);
	return (0);
}

int
ether_output(if_t ifp, struct mbuf *m, const struct sockaddr *dst, struct route *ro)
{
	if (!CHECK(ifp) || !fb_check_mbuf("ether_output", m))
		return (EINVAL);
	RIG_CHECK(rig_in_scope(NET_EPOCH), "not in the net epoch");
	if (dst->sa_family != AF_UNSPEC && dst->sa_family != pseudo_AF_HDRCMPLT) {
		m_freem(m);
		return (EAFNOSUPPORT);
	}
	if (ro != NULL && ro->ro_plen == ETHER_HDR_LEN) {
		M_PREPEND(m, ETHER_HDR_LEN, M_NOWAIT);
		if (m == NULL)
			return (ENOBUFS);
		memcpy(mtod(m, char *), ro->ro_prepend, ETHER_HDR_LEN);
	}
	return (ifp->transmit != NULL ? ifp->transmit(ifp, m) : default_transmit(ifp, m));
}
RIG_KPI(ether_output, "interface, packet, epoch");

int
fb_send(const char *name, const void *frame, size_t len, int priority)
{
	struct ifnet *ifp = fb_ifunit(name);
	struct epoch_tracker et;
	struct mbuf *m;
	int error;

	if (ifp == NULL)
		return (ENXIO);
	if ((ifp->flags & IFF_UP) == 0)
		return (ENETDOWN);
	m = fb_packet(frame, len, ETHER_HDR_LEN);
	if (priority != 0) {
		/* 802.1Q: only the priority, for VLAN 0. */
		m->m_pkthdr.ether_vtag = priority << 13;
		m->m_flags |= M_VLANTAG;
	}
	NET_EPOCH_ENTER(et);
	error = ifp->transmit != NULL ? ifp->transmit(ifp, m) : default_transmit(ifp, m);
	NET_EPOCH_EXIT(et);
	return (error);
}

const char *
fb_interface(uint32_t n)
{
	int i;

	if (n == UINT32_MAX)
		return (fb_device() != NULL ? device_get_nameunit(fb_device()) : NULL);
	for (i = 0; i < IFNETS_MAX; i++)
		if (interfaces[i] != NULL && interfaces[i]->is_attached && n-- == 0)
			return (interfaces[i]->name);
	return (NULL);
}

void
fb_net_boot(void)
{
	vnet = own_alloc(64);
	sx_init(&fb_detach_sx, "ifnet_detach_sx");
}

void
fb_net_check(void)
{
	int i;

	fb_clone_check();
	for (i = 0; i < IFNETS_MAX; i++)
		RIG_CHECK(interfaces[i] == NULL, "interface %s is still there", interfaces[i]->name);
}
