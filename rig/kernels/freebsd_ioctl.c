/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: the way of an ioctl to the interface, and what is answered on it. */
#include "freebsd.h"

#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_media.h>
#include <net/if_types.h>
#include <net/if_var.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/in_var.h>

#include "freebsd_if.h"

static void
set_up(struct ifnet *ifp)
{
	rt_ifmsg(ifp, IFF_UP);
}

/* The flags change first; what the driver says to it is not asked for. */
static int
set_flags(struct ifnet *ifp, struct ifreq *ifr)
{
	int flags = (ifr->ifr_flags & 0xffff) | ifr->ifr_flagshigh << 16;
	int was = ifp->flags;

	ifp->flags = (ifp->flags & IFF_CANTCHANGE) | (flags & ~IFF_CANTCHANGE);
	ifp->ioctl(ifp, SIOCSIFFLAGS, (caddr_t)ifr);
	if ((was ^ ifp->flags) & IFF_UP)
		set_up(ifp);
	return (0);
}

/* A running interface is switched off and on for it. */
static int
set_address(struct ifnet *ifp, struct ifreq *ifr)
{
	if (ifr->ifr_addr.sa_len != ETHER_ADDR_LEN || (ifr->ifr_addr.sa_data[0] & 1) != 0)
		return (EINVAL);
	memcpy(ifp->lladdr, ifr->ifr_addr.sa_data, ETHER_ADDR_LEN);
	if ((ifp->flags & IFF_UP) != 0) {
		ifp->flags &= ~IFF_UP;
		ifp->ioctl(ifp, SIOCSIFFLAGS, (caddr_t)ifr);
		ifp->flags |= IFF_UP;
		ifp->ioctl(ifp, SIOCSIFFLAGS, (caddr_t)ifr);
	}
	return (0);
}

/* in_control: the driver hears of the address, and its interface goes up. */
static int
add_inet(struct ifnet *ifp, const struct in_aliasreq *request)
{
	struct sockaddr_in sin = request->ifra_addr;
	struct ifaddr *ifa = own_alloc(sizeof(*ifa));
	int error;

	if (sin.sin_family != AF_INET)
		return (EINVAL);
	ifa->ifa_addr = (struct sockaddr *)&sin;
	ifa->ifa_ifp = ifp;
	error = ifp->ioctl(ifp, SIOCSIFADDR, (caddr_t)ifa);
	ifa->ifa_addr = NULL;
	return (error);
}

/* What the stack does itself; ENOIOCTL for the rest, which is the driver's. */
static int
generic(struct ifnet *ifp, u_long command, caddr_t data)
{
	struct ifreq *ifr = (struct ifreq *)data;
	int flags = ifp->flags | ifp->drv_flags;

	switch (command) {
	case SIOCGIFINDEX:
		ifr->ifr_index = ifp->index;
		return (0);
	case SIOCGIFFLAGS:
		ifr->ifr_flags = flags & 0xffff;
		ifr->ifr_flagshigh = flags >> 16;
		return (0);
	case SIOCGIFMTU:
		ifr->ifr_mtu = ifp->mtu;
		return (0);
	case SIOCGIFMETRIC:
		ifr->ifr_metric = 0;
		return (0);
	case SIOCGIFCAP:
		ifr->ifr_reqcap = ifr->ifr_curcap = 0;
		return (0);
	case SIOCGIFDESCR:
		return (ENOMSG);
	case SIOCGHWADDR:
	case SIOCGIFADDR:
		memcpy(ifr->ifr_addr.sa_data, ifp->lladdr, ETHER_ADDR_LEN);
		ifr->ifr_addr.sa_len = ETHER_ADDR_LEN;
		return (0);
	case SIOCSIFFLAGS:
		return (set_flags(ifp, ifr));
	case SIOCSIFLLADDR:
		return (set_address(ifp, ifr));
	case SIOCAIFADDR:
		return (add_inet(ifp, (struct in_aliasreq *)data));
	case SIOCADDMULTI:
		ifp->n_multi++;
		return (ifp->ioctl(ifp, command, data));
	case SIOCDELMULTI:
		if (ifp->n_multi == 0)
			return (ENOENT);
		ifp->n_multi--;
		return (ifp->ioctl(ifp, command, data));
	case SIOCSIFADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFDSTADDR:
	case SIOCSIFNETMASK:
		return (EOPNOTSUPP);
	default:
		return (ENOIOCTL);
	}
}

static int
ifioctl_of(u_long command, caddr_t data)
{
	struct ifreq *ifr = (struct ifreq *)data;
	struct ifnet *ifp;
	int error;

	ifr->ifr_name[IFNAMSIZ - 1] = '\0';
	switch (command) {
	case SIOCIFCREATE:
	case SIOCIFCREATE2:
		error = priv_check(curthread, PRIV_NET_IFCREATE);
		if (error == 0)
			error = fb_clone_create(ifr->ifr_name, sizeof(ifr->ifr_name),
			    command == SIOCIFCREATE2 ? ifr->ifr_ifru.ifru_data : NULL);
		return (error);
	case SIOCIFDESTROY:
		error = priv_check(curthread, PRIV_NET_IFDESTROY);
		return (error != 0 ? error : fb_clone_destroy(ifr->ifr_name));
	}
	ifp = fb_ifunit(ifr->ifr_name);
	if (ifp == NULL)
		return (ENXIO);
	if_ref(ifp);
	error = generic(ifp, command, data);
	if (error == ENOIOCTL)
		error = ifp->ioctl(ifp, command, data);
	if_rele(ifp);
	return (error);
}

int
fb_ioctl(uint64_t wide, uint64_t argument)
{
	uint32_t command = wide;
	size_t size = IOCPARM_LEN(command);
	char *data;
	int error = 0;

	if (size > IOCPARM_MAX || (command & (IOC_VOID | IOC_IN | IOC_OUT)) == 0 ||
	    size < sizeof(((struct ifreq *)0)->ifr_name))
		return (ENOTTY);
	/* Whatever lies behind the argument cannot be touched. */
	data = rig_alloc(size, 8, "ioctl argument", RIG_ZERO);
	if (command & IOC_IN)
		error = copyin((void *)(uintptr_t)argument, data, size);
	if (error == 0)
		error = ifioctl_of(command, data);
	RIG_CHECK(rig_locks_held() == 0, "ioctl %#x returned with lock %s held", command,
	    rig_lock_other(NULL));
	RIG_CHECK(error >= 0 && error < 100 && error != ERESTART && error != ENOIOCTL,
	    "ioctl %#x says %d", command, error);
	if (error == 0 && (command & IOC_OUT))
		error = copyout(data, (void *)(uintptr_t)argument, size);
	rig_free(data, "ioctl argument", size);
	return (error);
}

int
ether_ioctl(if_t ifp, u_long command, caddr_t data)
{
	struct ifaddr *ifa = (struct ifaddr *)data;
	struct ifreq *ifr = (struct ifreq *)data;

	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	switch (command) {
	case SIOCSIFADDR:
		RIG_CHECK(ifa->ifa_addr != NULL, "no address");
		ifp->flags |= IFF_UP;
		ifp->init(ifp->softc);
		return (0);
	case SIOCSIFMTU:
		if (ifr->ifr_mtu > ETHERMTU)
			return (EINVAL);
		ifp->mtu = ifr->ifr_mtu;
		return (0);
	default:
		return (EINVAL);
	}
}
RIG_KPI(ether_ioctl, "interface, argument, no lock held");

/*
 * ifmedia(4).
 */
#define MEDIA "ifmedia"

void
ifmedia_init(struct ifmedia *ifm, int mask, ifm_change_cb_t change, ifm_stat_cb_t status)
{
	if (!RIG_CHECK(rig_is_writable(ifm, sizeof(*ifm)), "no memory"))
		return;
	RIG_CHECK(rig_is_code(change) && rig_is_code(status), "no functions");
	LIST_INIT(&ifm->ifm_list);
	ifm->ifm_cur = NULL;
	ifm->ifm_media = 0;
	ifm->ifm_mask = mask;
	ifm->ifm_change = change;
	ifm->ifm_status = status;
	rig_object_begin(ifm, sizeof(*ifm), MEDIA, "of an interface");
}
RIG_KPI(ifmedia_init, "memory, functions, twice");

void
ifmedia_add(struct ifmedia *ifm, int word, int data, void *aux)
{
	struct ifmedia_entry *entry;

	if (!rig_object_check(ifm, MEDIA))
		return;
	RIG_CHECK(IFM_TYPE(word) == IFM_IEEE80211, "media word %#x is not 802.11's", word);
	rig_may_sleep("ifmedia_add");
	entry = rig_alloc(sizeof(*entry), 16, MEDIA, RIG_ZERO);
	entry->ifm_media = word;
	entry->ifm_data = data;
	entry->ifm_aux = aux;
	LIST_INSERT_HEAD(&ifm->ifm_list, entry, ifm_list);
}
RIG_KPI(ifmedia_add, "list, word, sleeping");

static struct ifmedia_entry *
match(struct ifmedia *ifm, int word)
{
	struct ifmedia_entry *entry;

	LIST_FOREACH(entry, &ifm->ifm_list, ifm_list)
		if ((entry->ifm_media & ~ifm->ifm_mask) == (word & ~ifm->ifm_mask))
			return (entry);
	return (NULL);
}

void
ifmedia_set(struct ifmedia *ifm, int word)
{
	struct ifmedia_entry *entry;

	if (!rig_object_check(ifm, MEDIA))
		return;
	entry = match(ifm, word);
	/* The real one panics, or adds IFM_NONE. */
	if (!RIG_CHECK(entry != NULL, "media word %#x is not in the list", word))
		return;
	ifm->ifm_cur = entry;
}
RIG_KPI(ifmedia_set, "list, word");

void
ifmedia_removeall(struct ifmedia *ifm)
{
	struct ifmedia_entry *entry;

	if (!rig_object_check(ifm, MEDIA))
		return;
	while ((entry = LIST_FIRST(&ifm->ifm_list)) != NULL) {
		LIST_REMOVE(entry, ifm_list);
		rig_free(entry, MEDIA, RIG_ANY_SIZE);
	}
	ifm->ifm_cur = NULL;
	rig_object_end(ifm, MEDIA);
}
RIG_KPI(ifmedia_removeall, "list");

static int
media_get(if_t ifp, struct ifmediareq *request, struct ifmedia *ifm)
{
	struct ifmedia_entry *entry;
	int count = 0, error = 0;

	request->ifm_active = request->ifm_current =
	    ifm->ifm_cur != NULL ? ifm->ifm_cur->ifm_media : IFM_NONE;
	request->ifm_mask = ifm->ifm_mask;
	request->ifm_status = 0;
	ifm->ifm_status(ifp, request);
	if (request->ifm_count < 0)
		return (EINVAL);
	LIST_FOREACH(entry, &ifm->ifm_list, ifm_list) {
		if (count < request->ifm_count && error == 0)
			error = copyout(&entry->ifm_media, request->ifm_ulist + count, sizeof(int));
		count++;
	}
	if (error == 0 && request->ifm_count > 0 && count > request->ifm_count)
		error = E2BIG;
	request->ifm_count = count;
	return (error);
}

int
ifmedia_ioctl(if_t ifp, struct ifreq *ifr, struct ifmedia *ifm, u_long command)
{
	struct ifmedia_entry *entry;
	int error;

	if (!rig_object_check(ifm, MEDIA))
		return (EINVAL);
	rig_may_sleep("ifmedia_ioctl");
	switch (command) {
	case SIOCSIFMEDIA:
		entry = match(ifm, ifr->ifr_media);
		if (entry == NULL)
			return (ENXIO);
		if (entry == ifm->ifm_cur && ifm->ifm_media == ifr->ifr_media)
			return (0);
		{
			struct ifmedia_entry *old = ifm->ifm_cur;
			int old_media = ifm->ifm_media;

			ifm->ifm_cur = entry;
			ifm->ifm_media = ifr->ifr_media;
			error = ifm->ifm_change(ifp);
			if (error != 0) {
				ifm->ifm_cur = old;
				ifm->ifm_media = old_media;
			}
		}
		return (error);
	case SIOCGIFMEDIA:
	case SIOCGIFXMEDIA:
		return (media_get(ifp, (struct ifmediareq *)ifr, ifm));
	default:
		rig_faultf("ifmedia_ioctl: command %#lx", command);
		return (EINVAL);
	}
}
RIG_KPI(ifmedia_ioctl, "list, command, sleeping");
