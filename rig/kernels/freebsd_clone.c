/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: interfaces that are made by cloning, and bpf. */
#include "freebsd.h"

#include <net/bpf.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_clone.h>
#include <net/if_types.h>
#include <net/if_var.h>
#include <net/route.h>

#include "freebsd_if.h"

/*
 * Cloning.
 */
struct if_clone {
	char name[IFNAMSIZ];
	struct if_clone_addreq request;
	struct ifnet *made[IFNETS_MAX];
};

static struct if_clone *cloner;

struct if_clone *
ifc_attach_cloner(const char *name, struct if_clone_addreq *request)
{
	RIG_CHECK(request->version == 0 && request->spare == 0, "version %u", request->version);
	RIG_CHECK(request->flags == IFC_F_AUTOUNIT, "flags %#x", request->flags);
	RIG_CHECK(rig_is_code(request->create_f) && rig_is_code(request->destroy_f), "no functions");
	RIG_CHECK(request->match_f == NULL, "a match function of its own");
	if (!fb_is_name("ifc_attach_cloner", name) || cloner != NULL)
		return (NULL);
	rig_may_sleep("ifc_attach_cloner");
	cloner = rig_alloc(sizeof(*cloner), 16, "cloner", RIG_ZERO);
	strlcpy(cloner->name, name, sizeof(cloner->name));
	cloner->request = *request;
	return (cloner);
}
RIG_KPI(ifc_attach_cloner, "name, request, sleeping");

int
if_clone_destroyif(struct if_clone *ifc, if_t ifp)
{
	int i;

	if (!RIG_CHECK(ifc != NULL && ifc == cloner, "a cloner that is none") || !CHECK(ifp))
		return (EINVAL);
	rig_may_sleep("if_clone_destroyif");
	for (i = 0; i < IFNETS_MAX && ifc->made[i] != ifp; i++)
		continue;
	/* Somebody else was faster, or it is not yet there. */
	if (i == IFNETS_MAX)
		return (ENXIO);
	ifc->made[i] = NULL;
	return (ifc->request.destroy_f(ifc, ifp, 0));
}
RIG_KPI(if_clone_destroyif, "cloner, interface, sleeping");

void
ifc_detach_cloner(struct if_clone *ifc)
{
	int i;

	if (!RIG_CHECK(ifc != NULL && ifc == cloner, "a cloner that is none"))
		return;
	for (i = 0; i < IFNETS_MAX; i++)
		if (ifc->made[i] != NULL)
			if_clone_destroyif(ifc, ifc->made[i]);
	rig_free(ifc, "cloner", RIG_ANY_SIZE);
	cloner = NULL;
}
RIG_KPI(ifc_detach_cloner, "cloner, twice");

int
ifc_copyin(const struct ifc_data *ifd, void *to, size_t len)
{
	if (ifd->params == NULL)
		return (EINVAL);
	return (copyin(ifd->params, to, len));
}
RIG_KPI(ifc_copyin, "memory, sleeping");

int
fb_clone_create(char *name, size_t room, void *params)
{
	struct ifc_data ifd = { .params = params };
	size_t prefix, i;
	struct ifnet *ifp = NULL;
	int error;

	if (cloner == NULL)
		return (EINVAL);
	prefix = strlen(cloner->name);
	if (strncmp(name, cloner->name, prefix) != 0)
		return (EINVAL);
	for (i = prefix; name[i] != '\0'; i++) {
		if (name[i] < '0' || name[i] > '9')
			return (EINVAL);
		ifd.unit = ifd.unit * 10 + (name[i] - '0');
	}
	if (i == prefix) {
		char try[IFNAMSIZ];

		do {
			rig_format(try, sizeof(try), "%s%u", cloner->name, ifd.unit);
		} while (fb_ifunit(try) != NULL && ++ifd.unit < IFNETS_MAX);
		strlcpy(name, try, room);
	}
	if (fb_ifunit(name) != NULL)
		return (EEXIST);
	error = cloner->request.create_f(cloner, name, room, &ifd, &ifp);
	if (error != 0)
		return (error);
	/* Its device may have gone just now. */
	if (!RIG_CHECK(ifp != NULL, "no interface was made") || fb_ifunit(name) != ifp)
		return (ENXIO);
	for (i = 0; cloner->made[i] != NULL; i++)
		continue;
	cloner->made[i] = ifp;
	return (0);
}

int
fb_clone_destroy(const char *name)
{
	struct ifnet *ifp = fb_ifunit(name);
	int error;

	if (ifp == NULL)
		return (ENXIO);
	if_ref(ifp);
	sx_xlock(&fb_detach_sx);
	error = cloner == NULL ? EOPNOTSUPP : if_clone_destroyif(cloner, ifp);
	sx_xunlock(&fb_detach_sx);
	if_rele(ifp);
	return (error);
}

/*
 * bpf(4). A listener is only noted; what it would read is an event.
 */
struct bpf_if {
	struct bpf_if_ext ext; /* what the inline looks at */
	struct ifnet *ifp;
	u_int dlt, header;
	struct bpf_if **driver;
	struct bpf_if *next;
};

struct bpf_d {
	CK_LIST_ENTRY(bpf_d) next;
};

static struct bpf_if dead_bpf;
static struct bpf_d listener; /* of any interface: only whether the list is empty counts */

void
bpfattach2(if_t ifp, u_int dlt, u_int header, struct bpf_if **driver)
{
	struct bpf_if *bpf;

	if (!CHECK(ifp) || !RIG_CHECK(rig_is_writable(driver, sizeof(*driver)), "no room"))
		return;
	rig_may_sleep("bpfattach");
	for (bpf = ifp->bpfs; bpf != NULL; bpf = bpf->next)
		RIG_CHECK(bpf->dlt != dlt, "DLT %u is there twice", dlt);
	bpf = rig_alloc(sizeof(*bpf), 16, "bpf", RIG_ZERO);
	bpf->ifp = ifp;
	bpf->dlt = dlt;
	bpf->header = header;
	bpf->driver = driver;
	bpf->next = ifp->bpfs;
	ifp->bpfs = bpf;
	*driver = bpf;
}
RIG_KPI(bpfattach2, "interface, room, twice, sleeping");

void
bpfattach(if_t ifp, u_int dlt, u_int header)
{
	if (CHECK(ifp))
		bpfattach2(ifp, dlt, header, &ifp->bpf);
}
RIG_KPI(bpfattach, "interface, twice, sleeping");

void
bpfdetach(if_t ifp)
{
	struct bpf_if *bpf;

	if (!CHECK(ifp))
		return;
	while ((bpf = ifp->bpfs) != NULL) {
		ifp->bpfs = bpf->next;
		*bpf->driver = &dead_bpf;
		rig_free(bpf, "bpf", RIG_ANY_SIZE);
	}
}
RIG_KPI(bpfdetach, "interface");

static void
tap(struct bpf_if *bpf, struct mbuf *m)
{
	char packet[8192];

	if (bpf == &dead_bpf || CK_LIST_EMPTY(&bpf->ext.bif_dlist))
		return;
	if (!RIG_CHECK(m->m_pkthdr.len <= (int)sizeof(packet), "%d bytes", m->m_pkthdr.len))
		return;
	m_copydata(m, 0, m->m_pkthdr.len, packet);
	rig_event(RIG_EVENT_CAPTURE, bpf->ifp->name, bpf->dlt, packet, m->m_pkthdr.len);
}

void
bpf_mtap(struct bpf_if *bpf, struct mbuf *m)
{
	if (!fb_check_mbuf("bpf_mtap", m))
		return;
	if (RIG_CHECK(bpf == &dead_bpf || rig_size(bpf) == sizeof(*bpf), "no tap"))
		tap(bpf, m);
}
RIG_KPI(bpf_mtap, "tap, packet");

void
ether_bpf_mtap_if(if_t ifp, struct mbuf *m)
{
	if (CHECK(ifp) && fb_check_mbuf("ether_bpf_mtap_if", m) && ifp->bpf != NULL)
		tap(ifp->bpf, m);
}
RIG_KPI(ether_bpf_mtap_if, "interface, packet");

void
bpf_mtap_if(if_t ifp, struct mbuf *m)
{
	ether_bpf_mtap_if(ifp, m);
}
RIG_KPI(bpf_mtap_if, "interface, packet");

bool
bpf_peers_present_if(if_t ifp)
{
	return (CHECK(ifp) && ifp->bpf != NULL && !CK_LIST_EMPTY(&ifp->bpf->ext.bif_dlist));
}
RIG_KPI(bpf_peers_present_if, "interface");

static struct bpf_if *
find_tap(struct ifnet *ifp, uint32_t dlt)
{
	struct bpf_if *bpf = ifp->bpfs;

	if (dlt == 0)
		return (ifp->bpf);
	while (bpf != NULL && bpf->dlt != dlt)
		bpf = bpf->next;
	return (bpf);
}

/* tcpdump(8): promiscuous as well. */
int
fb_listen(const char *name, uint32_t dlt, bool is_on)
{
	struct ifnet *ifp = fb_ifunit(name);
	struct bpf_if *bpf = ifp == NULL ? NULL : find_tap(ifp, dlt);

	if (bpf == NULL)
		return (ENXIO);
	bpf->ext.bif_dlist.clh_first = is_on ? &listener : NULL;
	ifp->flags = is_on ? ifp->flags | IFF_PROMISC : ifp->flags & ~IFF_PROMISC;
	return (ifp->ioctl(ifp, SIOCSIFFLAGS, (caddr_t)NULL));
}

int
fb_inject(const char *name, uint32_t dlt, const void *packet, size_t len)
{
	struct ifnet *ifp = fb_ifunit(name);
	struct bpf_if *bpf = ifp == NULL ? NULL : find_tap(ifp, dlt);
	struct sockaddr dst = {};
	struct route ro = {};
	struct epoch_tracker et;
	struct mbuf *m;
	size_t header = 0;
	int error;

	if (bpf == NULL)
		return (ENXIO);
	if ((ifp->flags & IFF_UP) == 0)
		return (ENETDOWN);
	if (bpf->dlt == DLT_EN10MB) {
		header = ETHER_HDR_LEN;
		dst.sa_family = pseudo_AF_HDRCMPLT;
		ro.ro_prepend = (char *)dst.sa_data;
		ro.ro_plen = header;
		ro.ro_flags = RT_HAS_HEADER;
	} else {
		dst.sa_family = AF_IEEE80211;
		dst.sa_len = 12;
		/* The length in front of ieee80211_bpf_params. */
		if (len < 2)
			return (EMSGSIZE);
		header = ((const uint8_t *)packet)[1];
	}
	if (header > len || len - header > (size_t)ifp->mtu)
		return (EMSGSIZE);
	if (header > sizeof(dst.sa_data))
		return (EINVAL);
	memcpy(dst.sa_data, packet, header);
	m = fb_packet((const char *)packet + header, len - header, MIN(len - header, 200));
	NET_EPOCH_ENTER(et);
	error = ifp->output(ifp, m, &dst, &ro);
	NET_EPOCH_EXIT(et);
	return (error);
}

void
fb_clone_check(void)
{
	RIG_CHECK(cloner == NULL, "the cloner is still there");
}
