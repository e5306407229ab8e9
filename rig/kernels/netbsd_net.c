/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* NetBSD: an interface's life, packets up and down, bpf(9), routing messages. */
#include "netbsd.h"

#include <net/bpf.h>
#include <net/if_stats.h>
#include <net/route.h>
#include <net80211/ieee80211_ioctl.h>

#define BYTES_MAX 4096
#define TAPS_MAX 4
#define QUEUE_MAX 64

struct bpf_if {
	struct ifnet *ifp;
	u_int dlt;
	bool is_used, has_listener;
	struct bpf_if **driver;
};

struct if_percpuq {
	struct ifnet *ifp;
	struct mbuf *queue[QUEUE_MAX];
	unsigned n;
};

static struct bpf_if taps[TAPS_MAX];
static struct ifnet *the_interface;
static bool is_initialized, is_registered, is_ethernet;
static struct if_percpuq *input;

struct ifnet *
nb_the_interface(void)
{
	return the_interface;
}

bool
nb_is_interface(const char *kpi, const struct ifnet *ifp)
{
	if (is_initialized && ifp == the_interface)
		return true;
	rig_faultf("%s: an interface that is none", kpi);
	return false;
}

static kmutex_t *
new_mutex(int ipl)
{
	kmutex_t *mtx = rig_alloc(sizeof(*mtx), 64, "mutex object", RIG_ZERO);

	mutex_init(mtx, MUTEX_DEFAULT, ipl);
	return mtx;
}

static void
free_mutex(kmutex_t *mtx)
{
	mutex_destroy(mtx);
	rig_free(mtx, "mutex object", sizeof(*mtx));
}

/*
 * An interface comes and goes.
 */
void
if_initialize(struct ifnet *ifp)
{
	rig_may_sleep("if_initialize");
	RIG_CHECK(the_interface == NULL, "twice");
	nb_is_name("if_initialize", ifp->if_xname);
	RIG_CHECK(ifp->if_softc != NULL, "no softc");
	RIG_CHECK(rig_is_code(ifp->if_start) && rig_is_code(ifp->if_ioctl) && rig_is_code(ifp->if_init) &&
	    rig_is_code(ifp->if_stop), "a function is missing");
	RIG_CHECK(ifp->if_flags == (IFF_BROADCAST | IFF_SIMPLEX | IFF_MULTICAST), "flags %#x",
	    (unsigned)ifp->if_flags & 0xffff);
	RIG_CHECK(ifp->if_extflags == IFEF_MPSAFE, "takes the kernel lock");
	the_interface = ifp;
	is_initialized = true;
	ifp->if_index = 1;
	ifp->if_snd.ifq_maxlen = 256;
	ifp->if_snd.ifq_lock = new_mutex(IPL_VM);
	ifp->if_ioctl_lock = new_mutex(IPL_NONE);
	ifp->if_link_state = LINK_STATE_UNKNOWN;
	ifp->if_stats = rig_alloc(IF_NSTATS * sizeof(uint64_t), 64, "interface statistics", RIG_ZERO);
}
RIG_KPI(if_initialize, "name, functions, flags, once, sleeping");

static void
own_tap(struct bpf_if *tap, void *data, u_int len, struct mbuf *m, u_int direction)
{
	static uint8_t bytes[BYTES_MAX];
	size_t all = len;

	RIG_CHECK(tap >= taps && tap < taps + TAPS_MAX && tap->is_used, "bpf_mtap: a listener that is none");
	RIG_CHECK(direction == BPF_D_IN || direction == BPF_D_OUT, "bpf_mtap: direction %u", direction);
	RIG_CHECK(len == 0 || rig_is_readable(data, len), "bpf_mtap2: no header");
	RIG_CHECK((m->m_flags & M_PROMISC) == 0 || m->m_pkthdr.rcvif_index != 0, "bpf_mtap: skipped");
	if (!tap->has_listener)
		return;
	memcpy(bytes, data, len);
	all += nb_bytes(m, bytes + len, sizeof(bytes) - len);
	rig_event(RIG_EVENT_CAPTURE, tap->ifp->if_xname, tap->dlt, bytes, all);
}

static void
tap_attach(struct ifnet *ifp, u_int dlt, u_int header, struct bpf_if **driver)
{
	int i;

	nb_is_interface("bpf_attach", ifp);
	RIG_CHECK(header > 0, "bpf_attach: no header");
	for (i = 0; i < TAPS_MAX && taps[i].is_used; i++)
		RIG_CHECK(taps[i].dlt != dlt, "bpf_attach: %u twice", dlt);
	if (i == TAPS_MAX)
		rig_die("bpf_attach: too many");
	taps[i] = (struct bpf_if){ ifp, dlt, true, false, driver };
	rig_object_begin(driver, sizeof(*driver), "bpf listener", "bpf");
	*driver = NULL;
}

static void
tap_detach(struct ifnet *ifp)
{
	int i;

	for (i = 0; i < TAPS_MAX; i++) {
		if (!taps[i].is_used)
			continue;
		*taps[i].driver = NULL;
		rig_object_end(taps[i].driver, "bpf listener");
		taps[i].is_used = false;
	}
}

static void
tap(struct bpf_if *bp, struct mbuf *m, u_int direction)
{
	if (nb_is_packet("bpf_mtap", m))
		own_tap(bp, NULL, 0, m, direction);
}

static struct bpf_ops ops = {
	.bpf_attach = tap_attach,
	.bpf_detach = tap_detach,
	.bpf_mtap = tap,
	.bpf_mtap2 = own_tap,
};
struct bpf_ops *bpf_ops = &ops;
RIG_KPI(bpf_ops, "a variable; interface, listener, memory, direction");

void
ether_ifattach(struct ifnet *ifp, const uint8_t *mac)
{
	struct ethercom *ec = (struct ethercom *)ifp;
	struct sockaddr_dl *sdl;

	rig_may_sleep("ether_ifattach");
	if (!nb_is_interface("ether_ifattach", ifp))
		return;
	RIG_CHECK(!is_ethernet, "twice");
	RIG_CHECK(rig_is_readable(mac, ETHER_ADDR_LEN) && (mac[0] & 1) == 0, "no address");
	is_ethernet = true;
	sdl = rig_alloc(sizeof(*sdl), 16, "link address", RIG_ZERO);
	sdl->sdl_len = sizeof(*sdl);
	sdl->sdl_family = AF_LINK;
	sdl->sdl_alen = ETHER_ADDR_LEN;
	memcpy(sdl->sdl_data, mac, ETHER_ADDR_LEN);
	ifp->if_sadl = sdl;
	ifp->if_mtu = ETHERMTU;
	ifp->if_type = IFT_ETHER;
	ec->ec_lock = new_mutex(IPL_VM);
	tap_attach(ifp, DLT_EN10MB, ETHER_HDR_LEN, &ifp->if_bpf);
}
RIG_KPI(ether_ifattach, "interface, address, once, sleeping");

struct if_percpuq *
if_percpuq_create(struct ifnet *ifp)
{
	nb_is_interface("if_percpuq_create", ifp);
	RIG_CHECK(!is_registered && input == NULL, "too late, or twice");
	input = rig_alloc(sizeof(*input), 64, "percpuq", RIG_ZERO);
	input->ifp = ifp;
	return input;
}
RIG_KPI(if_percpuq_create, "interface, before if_register");

void
if_register(struct ifnet *ifp)
{
	rig_may_sleep("if_register");
	if (!nb_is_interface("if_register", ifp))
		return;
	RIG_CHECK(is_ethernet && ifp->if_percpuq == input && input != NULL, "no Ethernet, or no input queue");
	is_registered = true;
	rig_event(RIG_EVENT_ARRIVED, ifp->if_xname, 0, NULL, 0);
}
RIG_KPI(if_register, "interface, after all else, sleeping");

static int
gone_ioctl(struct ifnet *ifp, u_long command, void *data)
{
	return ENXIO;
}

static void
gone_start(struct ifnet *ifp)
{
}

void
ether_ifdetach(struct ifnet *ifp)
{
	struct ethercom *ec = (struct ethercom *)ifp;

	rig_may_sleep("ether_ifdetach");
	if (!nb_is_interface("ether_ifdetach", ifp))
		return;
	RIG_CHECK(!rig_lock_held(ifp->if_ioctl_lock), "with the interface's lock held");
	RIG_CHECK(is_ethernet, "not attached");
	ifp->if_ioctl = gone_ioctl;
	tap_detach(ifp);
	free_mutex(ec->ec_lock);
	is_ethernet = false;
}
RIG_KPI(ether_ifdetach, "interface, lock not held, once, sleeping");

void
if_deactivate(struct ifnet *ifp)
{
	if (!nb_is_interface("if_deactivate", ifp))
		return;
	ifp->if_ioctl = gone_ioctl;
	ifp->if_start = gone_start;
	ifp->if_snd.ifq_maxlen = 0;
}
RIG_KPI(if_deactivate, "interface");

static unsigned users;

void
if_detach(struct ifnet *ifp)
{
	struct mbuf *m;
	unsigned i;

	rig_may_sleep("if_detach");
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	if (!nb_is_interface("if_detach", ifp))
		return;
	RIG_CHECK(!is_ethernet, "ether_ifdetach first");
	mutex_enter(ifp->if_ioctl_lock);
	if_deactivate(ifp);
	mutex_exit(ifp->if_ioctl_lock);
	is_registered = false;
	while (users > 0)
		rig_sleep(&users, "if_detach", RIG_NO_TIMEOUT, 0);
	IFQ_PURGE(&ifp->if_snd);
	for (i = 0; i < input->n; i++) {
		m = input->queue[i];
		m_freem(m);
	}
	rig_free(input, "percpuq", RIG_ANY_SIZE);
	input = NULL;
	rig_free(__UNCONST(ifp->if_sadl), "link address", RIG_ANY_SIZE);
	rig_free(ifp->if_stats, "interface statistics", RIG_ANY_SIZE);
	free_mutex(ifp->if_snd.ifq_lock);
	free_mutex(ifp->if_ioctl_lock);
	rig_event(RIG_EVENT_LEFT, ifp->if_xname, 0, NULL, 0);
	is_initialized = false;
	the_interface = NULL;
}
RIG_KPI(if_detach, "interface, after ether_ifdetach, no lock held, sleeping");

/* Somebody is in the interface's functions; if_detach waits for it. */
static struct ifnet *
enter(const char *name)
{
	char asked[IFNAMSIZ];

	strlcpy(asked, name, sizeof(asked));
	if (!is_registered || strcmp(the_interface->if_xname, asked) != 0)
		return NULL;
	users++;
	return the_interface;
}

static void
leave(void)
{
	if (--users == 0)
		rig_wakeup(&users, UINT32_MAX);
}

const char *
nb_interface(uint32_t n)
{
	if (n == UINT32_MAX)
		return nb_device() != NULL ? device_xname(nb_device()) : NULL;
	return n == 0 && is_registered ? the_interface->if_xname : NULL;
}

/*
 * Statistics of a CPU: nobody may be moved to another one meanwhile.
 */
void *
percpu_getref(percpu_t *percpu)
{
	RIG_CHECK(rig_size(percpu) != 0, "statistics that are none");
	kpreempt_disable();
	return percpu;
}
RIG_KPI(percpu_getref, "statistics");

void
percpu_putref(percpu_t *percpu)
{
	kpreempt_enable();
}
RIG_KPI(percpu_putref, "pairs");

/*
 * Up.
 */
void
if_percpuq_enqueue(struct if_percpuq *ipq, struct mbuf *m)
{
	if (!nb_is_packet("if_percpuq_enqueue", m) || !RIG_CHECK(ipq == input && ipq != NULL, "no queue"))
		return;
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	RIG_CHECK(m->m_pkthdr.rcvif_index == ipq->ifp->if_index, "received by nobody");
	RIG_CHECK(m->m_pkthdr.len >= ETHER_HDR_LEN, "%d bytes", m->m_pkthdr.len);
	RIG_CHECK(m->m_len >= ETHER_HDR_LEN, "the header is in pieces");
	if (ipq->n == QUEUE_MAX) {
		m_freem(m);
		return;
	}
	ipq->queue[ipq->n++] = m;
	rig_wakeup(&input, UINT32_MAX);
}
RIG_KPI(if_percpuq_enqueue, "queue, packet, interface, no lock held");

static void
take_in(struct if_percpuq *ipq)
{
	static uint8_t bytes[BYTES_MAX];
	struct mbuf *m = ipq->queue[0];
	size_t len;

	memmove(ipq->queue, ipq->queue + 1, --ipq->n * sizeof(m));
	if (ipq->ifp->if_bpf != NULL)
		tap(ipq->ifp->if_bpf, m, BPF_D_IN);
	len = nb_bytes(m, bytes, sizeof(bytes));
	rig_event(RIG_EVENT_INPUT, ipq->ifp->if_xname, 0, bytes, len);
	m_freem(m);
}

static void
input_main(void *arg)
{
	for (;;) {
		if (input != NULL && input->n > 0)
			take_in(input);
		else
			rig_idle(&input, "input");
	}
}

void
nb_net_boot(void)
{
	rig_thread_create(input_main, NULL, "input");
}

void
if_link_state_change(struct ifnet *ifp, int state)
{
	uint32_t number = state;

	if (!nb_is_interface("if_link_state_change", ifp))
		return;
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	RIG_CHECK(state == LINK_STATE_UP || state == LINK_STATE_DOWN, "state %d", state);
	if (ifp->if_link_state == state)
		return;
	ifp->if_link_state = state;
	rig_event(RIG_EVENT_LINK, ifp->if_xname, number, NULL, 0);
}
RIG_KPI(if_link_state_change, "interface, state, no lock held");

void
rt_ieee80211msg(struct ifnet *ifp, int what, void *data, size_t len)
{
	struct {
		struct if_announcemsghdr header;
		uint8_t data[256];
	} message;
	size_t header = sizeof(message.header);

	if (!nb_is_interface("rt_ieee80211msg", ifp))
		return;
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	RIG_CHECK(what >= 100 && what < 120, "message %d", what);
	if (!RIG_CHECK(len <= sizeof(message.data) && (len == 0 || rig_is_readable(data, len)), "%zu bytes", len))
		return;
	memset(&message, 0, sizeof(message));
	message.header.ifan_msglen = header + len;
	message.header.ifan_version = RTM_VERSION;
	message.header.ifan_type = RTM_IEEE80211;
	message.header.ifan_index = ifp->if_index;
	strlcpy(message.header.ifan_name, ifp->if_xname, IFNAMSIZ);
	message.header.ifan_what = what;
	memcpy((uint8_t *)&message + header, data, len);
	rig_event(RIG_EVENT_ROUTE, ifp->if_xname, 0, &message, header + len);
}
RIG_KPI(rt_ieee80211msg, "interface, message, memory, no lock held");

/*
 * Down.
 */
int
nb_send(const char *name, const void *frame, size_t len, int priority)
{
	struct ifnet *ifp = enter(name);
	struct mbuf *m;
	int error = 0;

	if (ifp == NULL)
		return ENXIO;
	if ((ifp->if_flags & (IFF_UP | IFF_RUNNING)) != (IFF_UP | IFF_RUNNING)) {
		leave();
		return ENETDOWN;
	}
	m = nb_packet(frame, len);
	mutex_enter(ifp->if_snd.ifq_lock);
	if (IF_QFULL(&ifp->if_snd))
		error = ENOBUFS;
	else
		IF_ENQUEUE(&ifp->if_snd, m);
	mutex_exit(ifp->if_snd.ifq_lock);
	if (error != 0)
		m_freem(m);
	else
		ifp->if_start(ifp);
	RIG_CHECK(rig_locks_held() == 0, "if_start left %s held", rig_lock_other(NULL));
	leave();
	return error;
}

int
nb_listen(const char *name, uint32_t dlt, bool is_on)
{
	int i;

	if (!is_registered)
		return ENXIO;
	for (i = 0; i < TAPS_MAX; i++) {
		if (!taps[i].is_used || (dlt != 0 && taps[i].dlt != dlt))
			continue;
		taps[i].has_listener = is_on;
		*taps[i].driver = is_on ? &taps[i] : NULL;
		return 0;
	}
	return EINVAL;
}

/* bpf(4) of NetBSD takes no packets with an 802.11 header. */
int
nb_inject(const char *name, uint32_t dlt, const void *packet, size_t len)
{
	return EIO;
}

/*
 * ioctl(2).
 */
static bool
wants_root(uint32_t command)
{
	static const uint32_t all[] = { SIOCSIFFLAGS, SIOCSIFMTU, SIOCADDMULTI, SIOCDELMULTI, SIOCSIFMEDIA,
		SIOCG80211, SIOCS80211, SIOCS80211NWID, SIOCS80211NWKEY, SIOCS80211POWER, SIOCS80211BSSID,
		SIOCS80211CHANNEL };
	size_t i;

	for (i = 0; i < __arraycount(all); i++)
		if (all[i] == command)
			return true;
	return false;
}

static int
carry_out(uint32_t command, void *data)
{
	struct ifreq *ifr = data;
	struct ifnet *ifp = enter(ifr->ifr_name);
	int error;

	if (ifp == NULL)
		return ENXIO;
	if (wants_root(command) && !rig_is_root()) {
		leave();
		return EPERM;
	}
	mutex_enter(ifp->if_ioctl_lock);
	error = ifp->if_ioctl(ifp, command, data);
	mutex_exit(ifp->if_ioctl_lock);
	leave();
	return error == ENOTTY ? EOPNOTSUPP : error;
}

int
nb_ioctl(uint64_t wide, uint64_t argument)
{
	uint32_t command = wide;
	size_t size = IOCPARM_LEN(command);
	char *data;
	int error = 0;

	if ((command & (IOC_VOID | IOC_IN | IOC_OUT)) == 0 || size > NBPG)
		return ENOTTY;
	if ((command & IOC_IN) == 0 || size < sizeof(((struct ifreq *)0)->ifr_name))
		return EINVAL;
	/* Whatever lies behind the argument cannot be touched. */
	data = rig_alloc(size, 8, "ioctl argument", RIG_ZERO);
	error = copyin((void *)(uintptr_t)argument, data, size);
	if (error == 0)
		error = carry_out(command, data);
	RIG_CHECK(rig_locks_held() == 0, "ioctl %#x returned with lock %s held", command, rig_lock_other(NULL));
	RIG_CHECK(error >= 0 && error < 100 && error != ENETRESET, "ioctl %#x says %d", command, error);
	if (error == 0 && (command & IOC_OUT) != 0)
		error = copyout(data, (void *)(uintptr_t)argument, size);
	rig_free(data, "ioctl argument", size);
	return error;
}
