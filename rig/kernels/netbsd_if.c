/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* NetBSD: what the network stack does with ioctls itself: flags, multicast, addresses, ifmedia(9). */
#include "netbsd.h"

/*
 * Media.
 */
static bool
is_media(const char *kpi, struct ifmedia *media)
{
	return rig_object_check(media, "ifmedia");
}

void
ifmedia_init_with_lock(struct ifmedia *media, int mask, ifm_change_cb_t change, ifm_stat_cb_t status,
    kmutex_t *lock)
{
	RIG_CHECK(rig_is_code(change) && rig_is_code(status), "a function is missing");
	RIG_CHECK(lock != NULL && !rig_lock_held(lock), "no lock, or it is held");
	rig_object_begin(media, sizeof(*media), "ifmedia", "media");
	TAILQ_INIT(&media->ifm_list);
	media->ifm_cur = NULL;
	media->ifm_mask = mask;
	media->ifm_change = change;
	media->ifm_status = status;
	media->ifm_lock = lock;
}
RIG_KPI(ifmedia_init_with_lock, "memory, functions, lock, twice");

void
ifmedia_add(struct ifmedia *media, int word, int data, void *aux)
{
	struct ifmedia_entry *entry;

	rig_may_sleep("ifmedia_add");
	if (!is_media("ifmedia_add", media))
		return;
	RIG_CHECK(IFM_TYPE(word) == IFM_IEEE80211, "media %#x", (unsigned)word);
	TAILQ_FOREACH(entry, &media->ifm_list, ifm_list)
		RIG_CHECK(entry->ifm_media != word, "media %#x twice", (unsigned)word);
	entry = rig_alloc(sizeof(*entry), 16, "media entry", RIG_ZERO);
	entry->ifm_media = word;
	mutex_enter(media->ifm_lock);
	TAILQ_INSERT_TAIL(&media->ifm_list, entry, ifm_list);
	mutex_exit(media->ifm_lock);
}
RIG_KPI(ifmedia_add, "known, word, twice, sleeping");

static struct ifmedia_entry *
find(struct ifmedia *media, int word)
{
	struct ifmedia_entry *entry;

	TAILQ_FOREACH(entry, &media->ifm_list, ifm_list)
		if (entry->ifm_media == word)
			return entry;
	return NULL;
}

void
ifmedia_set(struct ifmedia *media, int word)
{
	if (!is_media("ifmedia_set", media))
		return;
	mutex_enter(media->ifm_lock);
	media->ifm_cur = find(media, word);
	media->ifm_media = word;
	mutex_exit(media->ifm_lock);
	RIG_CHECK(media->ifm_cur != NULL, "media %#x is not one of those added", (unsigned)word);
}
RIG_KPI(ifmedia_set, "known, word");

void
ifmedia_fini(struct ifmedia *media)
{
	struct ifmedia_entry *entry;

	if (!is_media("ifmedia_fini", media))
		return;
	while ((entry = TAILQ_FIRST(&media->ifm_list)) != NULL) {
		TAILQ_REMOVE(&media->ifm_list, entry, ifm_list);
		rig_free(entry, "media entry", sizeof(*entry));
	}
	rig_object_end(media, "ifmedia");
}
RIG_KPI(ifmedia_fini, "known");

static int
media_change(struct ifnet *ifp, struct ifmedia *media, int word)
{
	struct ifmedia_entry *old = media->ifm_cur;
	int error;

	mutex_enter(media->ifm_lock);
	media->ifm_cur = find(media, word);
	if (media->ifm_cur == NULL) {
		media->ifm_cur = old;
		mutex_exit(media->ifm_lock);
		return EINVAL;
	}
	error = media->ifm_change(ifp);
	if (error != 0)
		media->ifm_cur = old;
	else
		media->ifm_media = word;
	mutex_exit(media->ifm_lock);
	return error;
}

static int
media_status(struct ifnet *ifp, struct ifmedia *media, struct ifmediareq *req)
{
	struct ifmedia_entry *entry;
	int count = 0, error = 0;

	if (req->ifm_count < 0)
		return EINVAL;
	mutex_enter(media->ifm_lock);
	req->ifm_active = req->ifm_current = media->ifm_cur != NULL ? media->ifm_cur->ifm_media : IFM_NONE;
	req->ifm_mask = media->ifm_mask;
	req->ifm_status = 0;
	media->ifm_status(ifp, req);
	mutex_exit(media->ifm_lock);
	TAILQ_FOREACH(entry, &media->ifm_list, ifm_list) {
		if (count < req->ifm_count && error == 0)
			error = copyout(&entry->ifm_media, req->ifm_ulist + count, sizeof(int));
		count++;
	}
	req->ifm_count = count;
	return error;
}

/*
 * Flags.
 */
void
ether_set_ifflags_cb(struct ethercom *ec, ether_cb_t callback)
{
	RIG_CHECK(rig_is_code(callback), "no function");
	ec->ec_ifflags_cb = callback;
}
RIG_KPI(ether_set_ifflags_cb, "function");

static int
set_flags(struct ethercom *ec, unsigned flags)
{
	struct ifnet *ifp = &ec->ec_if;

	flags = ((unsigned)ifp->if_flags & IFF_CANTCHANGE) | (flags & ~IFF_CANTCHANGE);
	ifp->if_flags = flags;
	switch (flags & (IFF_UP | IFF_RUNNING)) {
	case IFF_RUNNING:
		ifp->if_stop(ifp, 1);
		RIG_CHECK((ifp->if_flags & IFF_RUNNING) == 0, "if_stop left IFF_RUNNING");
		return 0;
	case IFF_UP:
		return ifp->if_init(ifp);
	case IFF_UP | IFF_RUNNING:
		return ec->ec_ifflags_cb(ec);
	}
	return 0;
}

static int
change_groups(struct ethercom *ec, int change)
{
	ec->ec_multicnt += change;
	/* The first and the last one are told of. */
	return ec->ec_multicnt == (change > 0 ? 1 : 0) ? ENETRESET : 0;
}

int
ether_ioctl(struct ifnet *ifp, u_long command, void *data)
{
	struct ethercom *ec = (struct ethercom *)ifp;
	struct ifreq *ifr = data;

	rig_may_sleep("ether_ioctl");
	if (!nb_is_interface("ether_ioctl", ifp))
		return ENXIO;
	RIG_CHECK(rig_lock_held(ifp->if_ioctl_lock), "without the interface's lock");
	switch (command) {
	case SIOCSIFFLAGS:
		return set_flags(ec, (unsigned short)ifr->ifr_flags);
	case SIOCGIFFLAGS:
		ifr->ifr_flags = ifp->if_flags;
		return 0;
	case SIOCSIFMTU:
		if (ifr->ifr_mtu < ETHERMIN || ifr->ifr_mtu > ETHERMTU)
			return EINVAL;
		ifp->if_mtu = ifr->ifr_mtu;
		return (ifp->if_flags & IFF_UP) != 0 ? ifp->if_init(ifp) : 0;
	case SIOCGIFMTU:
		ifr->ifr_mtu = ifp->if_mtu;
		return 0;
	case SIOCADDMULTI:
		return change_groups(ec, 1);
	case SIOCDELMULTI:
		return ec->ec_multicnt > 0 ? change_groups(ec, -1) : ENXIO;
	case SIOCSIFMEDIA:
		return media_change(ifp, ec->ec_ifmedia, ifr->ifr_media);
	case SIOCGIFMEDIA:
		return media_status(ifp, ec->ec_ifmedia, data);
	case SIOCALIFADDR:
		memcpy(__UNCONST(CLLADDR(ifp->if_sadl)),
		    CLLADDR((struct sockaddr_dl *)&((struct if_laddrreq *)data)->addr), ETHER_ADDR_LEN);
		return 0;
	default:
		return ENOTTY;
	}
}
RIG_KPI(ether_ioctl, "interface, lock held, sleeping");
