/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* OpenBSD: interfaces, their queues, bpf(4), ifmedia(4), the routing socket, ioctls. */
#include "openbsd.h"

#include <net/bpf.h>
#include <net/if.h>
#include <net/if_dl.h>
#include <net/if_media.h>
#include <net/if_types.h>
#include <net/if_var.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/if_ether.h>

#define SPLNET "if_start"
#define PACKET_MAX 65536
#define BPFS_MAX 4
#define MEDIA "ifmedia"

/* The one interface that a driver has. */
static struct ifnet *net;
static bool is_ether, is_linkstate_due;
static struct mbuf_list input;
static char packet[PACKET_MAX];

static struct bpf {
	caddr_t *driverp; /* null where nobody listens */
	uint32_t dlt;
	struct ifnet *ifp;
	unsigned listeners;
} bpfs[BPFS_MAX];
static unsigned n_bpfs;

static bool
check_ifp(const char *kpi, struct ifnet *ifp)
{
	if (ifp != NULL && ifp == net)
		return (true);
	rig_faultf("%s: an interface that is not attached", kpi);
	return (false);
}

static struct ifnet *
find(const char *name)
{
	return (net != NULL && strcmp(net->if_xname, name) == 0 ? net : NULL);
}

const char *
ob_interface(uint32_t n)
{
	if (n == UINT32_MAX)
		return (ob_device_name());
	return (n == 0 && net != NULL ? net->if_xname : NULL);
}

/*
 * Queues. The words that inlines of modules look at are kept as the kernel keeps them.
 */
static void
queue_start(struct ifnet *ifp)
{
	struct ob_call call;

	if (!(ifp->if_flags & IFF_RUNNING) || ifp->if_snd.ifq_oactive)
		return;
	ob_lock_kernel();
	call = ob_call_begin(SPLNET, RIG_NO_SLEEP);
	ifp->if_start(ifp);
	ob_call_end(call, SPLNET);
	ob_unlock_kernel();
}

static void
restart_task(void *arg)
{
	struct ifqueue *ifq = arg;

	ifq->ifq_oactive = 0;
	queue_start(ifq->ifq_if);
}

void
ifq_serialize(struct ifqueue *ifq, struct task *task)
{
	if (!check_ifp("ifq_serialize", ifq->ifq_if) || !ob_check_task("ifq_serialize", task))
		return;
	RIG_CHECK(rig_lock_other(NULL) == NULL || rig_locks_held() == (unsigned)ob_holds_net(),
	    "with lock %s held", rig_lock_other(NULL));
	/* Somebody is at it already: he does this too. */
	if (ifq->ifq_serializer != NULL) {
		task->t_flags |= TASK_ONQUEUE;
		return;
	}
	ifq->ifq_serializer = curcpu();
	do {
		task->t_flags &= ~TASK_ONQUEUE;
		task->t_func(task->t_arg);
	} while (task->t_flags & TASK_ONQUEUE);
	ifq->ifq_serializer = NULL;
}
RIG_KPI(ifq_serialize, "queue, task, no lock held");

struct mbuf *
ifq_dequeue(struct ifqueue *ifq)
{
	struct mbuf *m = ifq->ifq_free.ml_head;

	if (!check_ifp("ifq_dequeue", ifq->ifq_if))
		return (NULL);
	RIG_CHECK(rig_in_scope(SPLNET), "outside of if_start");
	if (m == NULL)
		return (NULL);
	ifq->ifq_free.ml_head = m->m_nextpkt;
	if (m->m_nextpkt == NULL)
		ifq->ifq_free.ml_tail = NULL;
	m->m_nextpkt = NULL;
	ifq->ifq_len--;
	return (m);
}
RIG_KPI(ifq_dequeue, "queue, in if_start");

void
ifq_set_oactive(struct ifqueue *ifq)
{
	if (check_ifp("ifq_set_oactive", ifq->ifq_if))
		ifq->ifq_oactive = 1;
}
RIG_KPI(ifq_set_oactive, "queue");

int
ob_send(const char *interface, const void *frame, size_t len, int priority)
{
	struct ifnet *ifp = find(interface);
	struct mbuf *m;

	if (ifp == NULL)
		return (ENXIO);
	if (!(ifp->if_flags & IFF_RUNNING))
		return (ENETDOWN);
	if (ifp->if_snd.ifq_len >= IFQ_MAXLEN)
		return (ENOBUFS);
	m = ob_packet(frame, len, priority);
	ml_enqueue(&ifp->if_snd.ifq_free, m);
	ifp->if_snd.ifq_len++;
	queue_start(ifp);
	return (0);
}

/*
 * Interfaces.
 */
void
if_attach(struct ifnet *ifp)
{
	rig_may_sleep("if_attach");
	ob_check_kernel_locked("if_attach");
	RIG_CHECK(net == NULL, "there is one already");
	if (!RIG_CHECK(rig_is_writable(ifp, sizeof(*ifp)), "no memory"))
		return;
	RIG_CHECK(!ob_holds_net(), "with NET_LOCK");
	ob_is_name("if_attach", ifp->if_xname);
	RIG_CHECK(rig_is_code(ifp->if_ioctl), "no if_ioctl");
	RIG_CHECK(!(ifp->if_xflags & IFXF_MPSAFE) && rig_is_code(ifp->if_start) &&
	    ifp->if_qstart == NULL, "if_start goes without IFXF_MPSAFE, if_qstart with it");
	RIG_CHECK((ifp->if_flags & (IFF_UP | IFF_RUNNING)) == 0, "it is up");
	ob_lock_net();
	net = ifp;
	TAILQ_INIT(&ifp->if_addrlist);
	ifp->if_index = 1;
	ifp->if_snd.ifq_if = ifp;
	ifp->if_snd.ifq_maxlen = IFQ_MAXLEN;
	task_set(&ifp->if_snd.ifq_restart, restart_task, &ifp->if_snd);
	ifp->if_link_state = LINK_STATE_UNKNOWN;
	rig_object_begin(ifp, sizeof(*ifp), "interface", ifp->if_xname);
	ob_unlock_net();
	rig_event(RIG_EVENT_ARRIVED, ifp->if_xname, 0, NULL, 0);
}
RIG_KPI(if_attach, "memory, functions, flags, kernel lock, NET_LOCK not held, sleeping");

void
if_detach(struct ifnet *ifp)
{
	struct mbuf *m;

	rig_may_sleep("if_detach");
	ob_check_kernel_locked("if_detach");
	if (!check_ifp("if_detach", ifp))
		return;
	RIG_CHECK(!ob_holds_net(), "with NET_LOCK");
	RIG_CHECK(rig_lock_other(NULL) == NULL, "with lock %s held", rig_lock_other(NULL));
	RIG_CHECK(!is_ether, "before ether_ifdetach");
	/* Waits for those that are inside. */
	ob_lock_net();
	ob_unlock_net();
	while (ifp->if_refcnt.r_refs > 0)
		ob_sleep(&ifp->if_refcnt, "ifrm", RIG_NO_TIMEOUT, 0);
	while ((m = ifp->if_snd.ifq_free.ml_head) != NULL) {
		ifp->if_snd.ifq_free.ml_head = m->m_nextpkt;
		m->m_nextpkt = NULL;
		m_freem(m);
	}
	for (unsigned i = 0; i < n_bpfs; i++)
		*bpfs[i].driverp = NULL;
	n_bpfs = 0;
	rig_object_end(ifp, "interface");
	net = NULL;
	is_linkstate_due = false;
	rig_event(RIG_EVENT_LEFT, ifp->if_xname, 0, NULL, 0);
}
RIG_KPI(if_detach, "interface, kernel lock, no lock held, after ether_ifdetach, sleeping");

int
if_addgroup(struct ifnet *ifp, const char *group)
{
	check_ifp("if_addgroup", ifp);
	ob_is_name("if_addgroup", group);
	rig_may_sleep("if_addgroup");
	return (0);
}
RIG_KPI(if_addgroup, "interface, name, sleeping");

void
if_input(struct ifnet *ifp, struct mbuf_list *ml)
{
	struct mbuf *m;

	if (!check_ifp("if_input", ifp))
		return;
	/* The real one takes only mutexes; but nobody calls up with one of his own held. */
	RIG_CHECK(rig_lock_other(NULL) == NULL, "with lock %s held", rig_lock_other(NULL));
	RIG_CHECK(ifp->if_flags & IFF_RUNNING, "the interface is not up");
	while ((m = ml->ml_head) != NULL) {
		ml->ml_head = m->m_nextpkt;
		m->m_nextpkt = NULL;
		if (!ob_check_mbuf("if_input", m) || !(m->m_flags & M_PKTHDR))
			continue;
		RIG_CHECK(m->m_len >= ETHER_HDR_LEN || m->m_pkthdr.len >= ETHER_HDR_LEN,
		    "%d bytes", m->m_pkthdr.len);
		ml_enqueue(&input, m);
	}
	ml->ml_tail = NULL;
	ml->ml_len = 0;
	rig_wakeup(&input, UINT32_MAX);
}
RIG_KPI(if_input, "interface, up, packets, no lock held");

void
if_link_state_change(struct ifnet *ifp)
{
	if (!check_ifp("if_link_state_change", ifp))
		return;
	RIG_CHECK(LINK_STATE_IS_UP(ifp->if_link_state) || ifp->if_link_state == LINK_STATE_DOWN,
	    "link state %u", ifp->if_link_state);
	is_linkstate_due = true;
	rig_wakeup(&input, UINT32_MAX);
}
RIG_KPI(if_link_state_change, "interface, state");

static void
go_up(struct mbuf *m)
{
	size_t len = ob_flatten(m, packet, sizeof(packet));

	if (net != NULL) {
		for (unsigned i = 0; i < n_bpfs; i++)
			if (bpfs[i].listeners > 0 && bpfs[i].dlt == DLT_EN10MB)
				rig_event(RIG_EVENT_CAPTURE, net->if_xname, DLT_EN10MB, packet, len);
		rig_event(RIG_EVENT_INPUT, net->if_xname, 0, packet, len);
	}
	m_freem(m);
}

/* The network stack: input and the link state, under NET_LOCK. */
static void
softnet_main(void *arg __unused)
{
	for (;;) {
		struct mbuf *m = input.ml_head;

		if (m == NULL && !is_linkstate_due) {
			rig_idle(&input, "softnet");
			continue;
		}
		ob_lock_net();
		if (is_linkstate_due && net != NULL)
			rig_event(RIG_EVENT_LINK, net->if_xname, net->if_link_state, NULL, 0);
		is_linkstate_due = false;
		/* Waiting for NET_LOCK may have let another in. */
		m = input.ml_head;
		if (m != NULL) {
			input.ml_head = m->m_nextpkt;
			if (input.ml_head == NULL)
				input.ml_tail = NULL;
			input.ml_len--;
			m->m_nextpkt = NULL;
			go_up(m);
		}
		ob_unlock_net();
	}
}

void
rtm_80211info(struct ifnet *ifp, struct if_ieee80211_data *data)
{
	struct if_ieee80211_msghdr message = { .ifim_msglen = sizeof(message) };

	if (!check_ifp("rtm_80211info", ifp) ||
	    !RIG_CHECK(rig_is_readable(data, sizeof(*data)), "no data"))
		return;
	rig_may_sleep("rtm_80211info");
	RIG_CHECK(data->ifie_nwid_len <= sizeof(data->ifie_nwid), "a name of %u bytes",
	    data->ifie_nwid_len);
	message.ifim_version = RTM_VERSION;
	message.ifim_type = RTM_80211INFO;
	message.ifim_hdrlen = sizeof(message);
	message.ifim_index = ifp->if_index;
	message.ifim_ifie = *data;
	rig_event(RIG_EVENT_ROUTE, ifp->if_xname, 0, &message, sizeof(message));
}
RIG_KPI(rtm_80211info, "interface, data, sleeping");

/*
 * Ethernet.
 */
void
ether_ifattach(struct ifnet *ifp)
{
	struct arpcom *ac = (struct arpcom *)ifp;

	if (!check_ifp("ether_ifattach", ifp))
		return;
	RIG_CHECK(!is_ether, "twice");
	RIG_CHECK(rig_is_writable(ac, sizeof(*ac)), "no arpcom");
	RIG_CHECK((ac->ac_enaddr[0] & 1) == 0 && memcmp(ac->ac_enaddr, (char[6]){ 0 }, 6) != 0,
	    "no station address");
	is_ether = true;
	ifp->if_type = IFT_ETHER;
	ifp->if_mtu = ETHERMTU;
	ifp->if_hardmtu = ETHERMTU;
	LIST_INIT(&ac->ac_multiaddrs);
	bpfattach(&ifp->if_bpf, ifp, DLT_EN10MB, ETHER_HDR_LEN);
}
RIG_KPI(ether_ifattach, "interface, address, twice");

void
ether_ifdetach(struct ifnet *ifp)
{
	struct arpcom *ac = (struct arpcom *)ifp;
	struct ether_multi *enm;

	if (!check_ifp("ether_ifdetach", ifp))
		return;
	RIG_CHECK(is_ether, "without ether_ifattach");
	is_ether = false;
	while ((enm = LIST_FIRST(&ac->ac_multiaddrs)) != NULL) {
		LIST_REMOVE(enm, enm_list);
		rig_free(enm, "M_IFMADDR", RIG_ANY_SIZE);
	}
}
RIG_KPI(ether_ifdetach, "interface, twice");

static int
multicast(struct arpcom *ac, u_long command, const struct ifreq *ifr)
{
	const uint8_t *addr = (const uint8_t *)ifr->ifr_addr.sa_data;
	struct ether_multi *enm;

	if (ifr->ifr_addr.sa_family != AF_UNSPEC)
		return (EAFNOSUPPORT);
	if ((addr[0] & 1) == 0)
		return (EINVAL);
	LIST_FOREACH(enm, &ac->ac_multiaddrs, enm_list)
		if (memcmp(enm->enm_addrlo, addr, ETHER_ADDR_LEN) == 0)
			break;
	if (command == SIOCDELMULTI) {
		if (enm == NULL)
			return (ENXIO);
		LIST_REMOVE(enm, enm_list);
		ac->ac_multicnt--;
		rig_free(enm, "M_IFMADDR", RIG_ANY_SIZE);
		return (ENETRESET);
	}
	if (enm != NULL)
		return (0);
	enm = rig_alloc(sizeof(*enm), 16, "M_IFMADDR", RIG_ZERO | RIG_MAY_FAIL);
	if (enm == NULL)
		return (ENOBUFS);
	memcpy(enm->enm_addrlo, addr, ETHER_ADDR_LEN);
	memcpy(enm->enm_addrhi, addr, ETHER_ADDR_LEN);
	LIST_INSERT_HEAD(&ac->ac_multiaddrs, enm, enm_list);
	ac->ac_multicnt++;
	return (ENETRESET);
}

int
ether_ioctl(struct ifnet *ifp, struct arpcom *ac, u_long command, caddr_t data)
{
	struct ifreq *ifr = (struct ifreq *)data;

	if (!check_ifp("ether_ioctl", ifp))
		return (ENXIO);
	RIG_CHECK((struct ifnet *)ac == ifp, "another arpcom");
	switch (command) {
	case SIOCSIFADDR:
		return (0);
	case SIOCSIFMTU:
		if (ifr->ifr_mtu < ETHERMIN || ifr->ifr_mtu > (int)ifp->if_hardmtu)
			return (EINVAL);
		ifp->if_mtu = ifr->ifr_mtu;
		return (0);
	case SIOCADDMULTI:
	case SIOCDELMULTI:
		return (ifp->if_flags & IFF_MULTICAST ? multicast(ac, command, ifr) : ENOTTY);
	default:
		return (ENOTTY);
	}
}
RIG_KPI(ether_ioctl, "interface, arpcom");

/*
 * bpf(4).
 */
void
bpfattach(caddr_t *driverp, struct ifnet *ifp, u_int dlt, u_int hdrlen)
{
	struct bpf *bpf = &bpfs[n_bpfs];

	if (!check_ifp("bpfattach", ifp))
		return;
	if (!RIG_CHECK(n_bpfs < BPFS_MAX, "too many"))
		return;
	RIG_CHECK(rig_is_writable(driverp, sizeof(*driverp)), "no pointer");
	RIG_CHECK(dlt == DLT_EN10MB || dlt == DLT_IEEE802_11_RADIO || dlt == DLT_IEEE802_11,
	    "DLT %u", dlt);
	RIG_CHECK(hdrlen > 0 && hdrlen <= 256, "a header of %u bytes", hdrlen);
	memset(bpf, 0, sizeof(*bpf));
	bpf->driverp = driverp;
	bpf->dlt = dlt;
	bpf->ifp = ifp;
	*driverp = NULL; /* until somebody listens */
	n_bpfs++;
}
RIG_KPI(bpfattach, "interface, pointer, DLT, header");

int
ob_listen(const char *interface, uint32_t dlt, bool is_on)
{
	unsigned i;

	if (find(interface) == NULL)
		return (ENXIO);
	for (i = 0; i < n_bpfs; i++)
		if (dlt == 0 || bpfs[i].dlt == dlt)
			break;
	if (i == n_bpfs)
		return (EINVAL);
	if (is_on)
		bpfs[i].listeners++;
	else if (bpfs[i].listeners > 0)
		bpfs[i].listeners--;
	*bpfs[i].driverp = bpfs[i].listeners > 0 ? (caddr_t)&bpfs[i] : NULL;
	return (0);
}

static int
tap(const char *kpi, caddr_t arg, const void *header, u_int header_len, const struct mbuf *m,
    u_int direction)
{
	struct bpf *bpf = (struct bpf *)arg;
	size_t len;

	if (bpf < bpfs || bpf >= bpfs + n_bpfs) {
		rig_faultf("%s: a bpf_if that is none", kpi);
		return (0);
	}
	if (direction != BPF_DIRECTION_IN && direction != BPF_DIRECTION_OUT)
		rig_faultf("%s: direction %u", kpi, direction);
	if (header_len > 256 || (header_len > 0 && !rig_is_readable(header, header_len))) {
		rig_faultf("%s: a header of %u bytes that is no memory", kpi, header_len);
		return (0);
	}
	memcpy(packet, header, header_len);
	len = header_len + ob_flatten(m, packet + header_len, sizeof(packet) - header_len);
	rig_event(RIG_EVENT_CAPTURE, bpf->ifp->if_xname, bpf->dlt, packet, len);
	return (0);
}

int
bpf_mtap(caddr_t arg, const struct mbuf *m, u_int direction)
{
	ob_check_mbuf("bpf_mtap", m);
	return (tap("bpf_mtap", arg, NULL, 0, m, direction));
}
RIG_KPI(bpf_mtap, "bpf_if with a listener, mbuf, direction");

int
bpf_mtap_hdr(caddr_t arg, const void *header, u_int len, const struct mbuf *m, u_int direction)
{
	return (tap("bpf_mtap_hdr", arg, header, len, m, direction));
}
RIG_KPI(bpf_mtap_hdr, "bpf_if with a listener, header, data, direction");

/*
 * ifmedia(4).
 */
void
ifmedia_init(struct ifmedia *ifm, uint64_t mask, ifm_change_cb_t change, ifm_stat_cb_t status)
{
	if (!RIG_CHECK(rig_is_writable(ifm, sizeof(*ifm)), "no memory"))
		return;
	RIG_CHECK(rig_is_code(change) && rig_is_code(status), "no functions");
	memset(ifm, 0, sizeof(*ifm));
	TAILQ_INIT(&ifm->ifm_list);
	ifm->ifm_mask = mask;
	ifm->ifm_change_cb = change;
	ifm->ifm_status_cb = status;
	rig_object_begin(ifm, sizeof(*ifm), MEDIA, "of an interface");
}
RIG_KPI(ifmedia_init, "memory, functions, twice");

static struct ifmedia_entry *
match(struct ifmedia *ifm, uint64_t word)
{
	struct ifmedia_entry *entry;

	TAILQ_FOREACH(entry, &ifm->ifm_list, ifm_list)
		if ((entry->ifm_media & ~ifm->ifm_mask) == (word & ~ifm->ifm_mask))
			return (entry);
	return (NULL);
}

void
ifmedia_add(struct ifmedia *ifm, uint64_t word, int data, void *aux)
{
	struct ifmedia_entry *entry;

	if (!rig_object_check(ifm, MEDIA))
		return;
	RIG_CHECK(IFM_TYPE(word) == IFM_IEEE80211, "media word %#llx is not 802.11's",
	    (unsigned long long)word);
	RIG_CHECK(match(ifm, word) == NULL, "media word %#llx twice", (unsigned long long)word);
	entry = rig_alloc(sizeof(*entry), 16, MEDIA, RIG_ZERO);
	entry->ifm_media = word;
	entry->ifm_data = data;
	entry->ifm_aux = aux;
	TAILQ_INSERT_TAIL(&ifm->ifm_list, entry, ifm_list);
	ifm->ifm_nwords++;
}
RIG_KPI(ifmedia_add, "list, word, twice");

void
ifmedia_set(struct ifmedia *ifm, uint64_t word)
{
	struct ifmedia_entry *entry;

	if (!rig_object_check(ifm, MEDIA))
		return;
	entry = match(ifm, word);
	if (RIG_CHECK(entry != NULL, "media word %#llx is not in the list", (unsigned long long)word))
		ifm->ifm_cur = entry;
}
RIG_KPI(ifmedia_set, "list, word");

void
ifmedia_delete_instance(struct ifmedia *ifm, uint64_t instance)
{
	struct ifmedia_entry *entry;

	if (!rig_object_check(ifm, MEDIA))
		return;
	RIG_CHECK(instance == IFM_INST_ANY, "one instance");
	while ((entry = TAILQ_FIRST(&ifm->ifm_list)) != NULL) {
		TAILQ_REMOVE(&ifm->ifm_list, entry, ifm_list);
		rig_free(entry, MEDIA, RIG_ANY_SIZE);
	}
	ifm->ifm_cur = NULL;
	rig_object_end(ifm, MEDIA);
}
RIG_KPI(ifmedia_delete_instance, "list, instance");

static int
media_get(struct ifnet *ifp, struct ifmediareq *ifmr, struct ifmedia *ifm)
{
	struct ifmedia_entry *entry;
	int count = 0, error = 0;

	if (ifmr->ifm_count < 0)
		return (EINVAL);
	ifmr->ifm_active = ifmr->ifm_current = ifm->ifm_cur ? ifm->ifm_cur->ifm_media : IFM_NONE;
	ifmr->ifm_mask = ifm->ifm_mask;
	ifmr->ifm_status = 0;
	ifm->ifm_status_cb(ifp, ifmr);
	if (ifmr->ifm_count != 0 && (size_t)ifmr->ifm_count < ifm->ifm_nwords)
		error = E2BIG;
	TAILQ_FOREACH(entry, &ifm->ifm_list, ifm_list) {
		if (ifmr->ifm_count != 0 && error == 0 &&
		    rig_copyout(&entry->ifm_media, (uint64_t)(ifmr->ifm_ulist + count), 8))
			error = EFAULT;
		count++;
	}
	ifmr->ifm_count = count;
	return (error);
}

int
ifmedia_ioctl(struct ifnet *ifp, struct ifreq *ifr, struct ifmedia *ifm, u_long command)
{
	struct ifmedia_entry *entry, *old;
	uint64_t old_media;
	int error;

	if (!check_ifp("ifmedia_ioctl", ifp) || !rig_object_check(ifm, MEDIA))
		return (EINVAL);
	rig_may_sleep("ifmedia_ioctl");
	if (command == SIOCGIFMEDIA)
		return (media_get(ifp, (struct ifmediareq *)ifr, ifm));
	if (!RIG_CHECK(command == SIOCSIFMEDIA, "command %#lx", command))
		return (ENOTTY);
	entry = match(ifm, ifr->ifr_media);
	if (entry == NULL)
		return (EINVAL);
	if (IFM_SUBTYPE(ifr->ifr_media) != IFM_AUTO && ifr->ifr_media == ifm->ifm_media &&
	    entry == ifm->ifm_cur)
		return (0);
	old = ifm->ifm_cur;
	old_media = ifm->ifm_media;
	ifm->ifm_cur = entry;
	ifm->ifm_media = ifr->ifr_media;
	error = ifm->ifm_change_cb(ifp);
	if (error != 0 && error != ENETRESET) {
		ifm->ifm_cur = old;
		ifm->ifm_media = old_media;
	}
	return (error);
}
RIG_KPI(ifmedia_ioctl, "interface, list, command, sleeping");

/*
 * ioctl(2) on a socket. The kernel lock is held, and for most commands NET_LOCK.
 */
static int
call_driver(struct ifnet *ifp, u_long command, void *data, bool with_net_lock)
{
	struct ob_call call;
	int error;

	if (with_net_lock)
		ob_lock_net();
	call = ob_call_begin(NULL, 0);
	error = ifp->if_ioctl(ifp, command, data);
	ob_call_end(call, NULL);
	if (with_net_lock)
		ob_unlock_net();
	RIG_CHECK(error >= 0 && error <= ELAST, "command %#lx: error %d", command, error);
	return (error);
}

static int
set_flags(struct ifnet *ifp, struct ifreq *ifr)
{
	unsigned short old = ifp->if_flags;
	int error;

	ifp->if_flags = (old & IFF_CANTCHANGE) | (ifr->ifr_flags & ~IFF_CANTCHANGE);
	error = call_driver(ifp, SIOCSIFFLAGS, ifr, true);
	if (error != 0)
		ifp->if_flags = (ifp->if_flags & IFF_RUNNING) | (old & ~IFF_RUNNING);
	return (error);
}

static int
set_lladdr(struct ifnet *ifp, struct ifreq *ifr)
{
	int error;

	if (ifr->ifr_addr.sa_len != ETHER_ADDR_LEN || (ifr->ifr_addr.sa_data[0] & 1))
		return (EINVAL);
	error = call_driver(ifp, SIOCSIFLLADDR, ifr, true);
	if (error == ENOTTY)
		error = 0;
	if (error == 0)
		memcpy(((struct arpcom *)ifp)->ac_enaddr, ifr->ifr_addr.sa_data, ETHER_ADDR_LEN);
	return (error);
}

static int
dispatch(struct ifnet *ifp, u_long command, void *data)
{
	struct ifreq *ifr = data;

	switch (command) {
	case SIOCGIFFLAGS:
		ifr->ifr_flags = ifp->if_flags;
		return (0);
	case SIOCGIFMTU:
		ifr->ifr_mtu = ifp->if_mtu;
		return (0);
	case SIOCGIFDATA: {
		struct if_data state = { .ifi_type = ifp->if_type, .ifi_mtu = ifp->if_mtu,
			.ifi_link_state = ifp->if_link_state };

		return (rig_copyout(&state, (uint64_t)ifr->ifr_data, sizeof(state)) ? EFAULT : 0);
	}
	case SIOCSIFFLAGS:
		return (rig_is_root() ? set_flags(ifp, ifr) : EPERM);
	case SIOCSIFLLADDR:
		return (rig_is_root() ? set_lladdr(ifp, ifr) : EPERM);
	case SIOCSIFMEDIA:
		if (!rig_is_root())
			return (EPERM);
		return (call_driver(ifp, command, data, false));
	case SIOCGIFMEDIA:
		return (call_driver(ifp, command, data, false));
	case SIOCSIFMTU:
	case SIOCSIFADDR:
	case SIOCADDMULTI:
	case SIOCDELMULTI:
		if (!rig_is_root())
			return (EPERM);
		break;
	}
	return (call_driver(ifp, command, data, true));
}

int
ob_ioctl(uint64_t command, uint64_t argument)
{
	size_t len = IOCPARM_LEN(command);
	struct ifnet *ifp;
	char *data;
	int error = 0;

	if (len < IFNAMSIZ || len > IOCPARM_MAX)
		return (ENOTTY);
	/* Exactly as long as the command says: what is read or written beyond stops the run. */
	data = rig_alloc(len, 8, "M_IOCTLOPS", RIG_ZERO);
	if (command & IOC_IN && rig_copyin(argument, data, len))
		error = EFAULT;
	if (error == 0) {
		data[IFNAMSIZ - 1] = '\0';
		ob_lock_kernel();
		ifp = find(data);
		if (ifp == NULL) {
			error = ENXIO;
		} else {
			ifp->if_refcnt.r_refs++;
			error = dispatch(ifp, command, data);
			ifp->if_refcnt.r_refs--;
			rig_wakeup(&ifp->if_refcnt, UINT32_MAX);
		}
		ob_unlock_kernel();
	}
	if (error == 0 && command & IOC_OUT && rig_copyout(data, argument, len))
		error = EFAULT;
	rig_free(data, "M_IOCTLOPS", RIG_ANY_SIZE);
	return (error);
}

/* `ifconfig tern0 debug`: the driver prints what happened last. */
int
ob_show(const char *what, char *text, size_t *len)
{
	struct ob_capture capture = { text, *len, 0, rig_thread_self() };
	struct ifreq ifr = {};
	struct ifnet *ifp = net;
	int error;

	*len = 0;
	if (ifp == NULL || strcmp(what, "events") != 0)
		return (ENOENT);
	ob_lock_kernel();
	ob_capture = &capture;
	ifr.ifr_flags = ifp->if_flags | IFF_DEBUG;
	error = dispatch(ifp, SIOCSIFFLAGS, &ifr);
	ob_capture = NULL;
	ifr.ifr_flags = ifp->if_flags & ~IFF_DEBUG;
	dispatch(ifp, SIOCSIFFLAGS, &ifr);
	ob_unlock_kernel();
	*len = capture.len;
	return (error);
}

void
ob_net_boot(void)
{
	rig_thread_create(softnet_main, NULL, "softnet");
}

void
ob_net_check(void)
{
	RIG_CHECK(net == NULL, "the interface is still there");
	RIG_CHECK(input.ml_head == NULL, "packets are still on their way up");
	RIG_CHECK(rig_live("mbuf") == 0, "%zu mbufs are left", rig_live("mbuf"));
}
