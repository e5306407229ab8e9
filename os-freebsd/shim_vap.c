// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Interfaces: made and destroyed by cloning, up and down, their ioctls and media. */
#include "shim.h"

#include <net80211/ieee80211.h>
#include <net80211/_ieee80211.h>
#include <net80211/ieee80211_ioctl.h>

#define	SEND_QUEUE	128

/*
 * ifconfig(8) treats every name that begins with "wlan" as 802.11. Where net80211 has the name "wlan"
 * (GENERIC has it), ours is the second one.
 */
static const char *const cloner_names[] = { "wlan", "wlant" };
static const char *cloner_name;
static struct if_clone *cloner;

int
shim_copyin(uint64_t user, void *to, size_t len)
{
	return (copyin((const void *)(uintptr_t)user, to, len));
}

int
shim_copyout(const void *from, uint64_t user, size_t len)
{
	return (copyout(from, (void *)(uintptr_t)user, len));
}

bool
shim_is_privileged(void)
{
	return (priv_check(curthread, PRIV_NET80211_VAP_MANAGE) == 0);
}

/* Keeps the interface from being freed. */
static struct tern_vif *
vif_hold(if_t ifp)
{
	struct tern_vif *vif;

	mtx_lock(&tern_registry);
	vif = if_getsoftc(ifp);
	if (vif != NULL)
		vif->users++;
	mtx_unlock(&tern_registry);
	return (vif);
}

static void
vif_rele(struct tern_vif *vif)
{
	mtx_lock(&tern_registry);
	if (--vif->users == 0)
		wakeup(&vif->users);
	mtx_unlock(&tern_registry);
}

/* In an epoch. */
static if_t
find_ifp(struct tern_dev *dev, tern_vap vap)
{
	struct tern_vif *vif = tern_vif_find(dev, vap);

	return (vif != NULL ? vif->ifp : NULL);
}

/* Both only queue, for taskqueue_swi and for netisr. */
void
shim_link(struct tern_dev *dev, tern_vap vap, bool is_up)
{
	struct epoch_tracker et;
	if_t ifp;

	NET_EPOCH_ENTER(et);
	ifp = find_ifp(dev, vap);
	if (ifp != NULL)
		if_link_state_change(ifp, is_up ? LINK_STATE_UP : LINK_STATE_DOWN);
	NET_EPOCH_EXIT(et);
}

void
shim_event(struct tern_dev *dev, tern_vap vap, int what, const uint8_t *data, size_t len)
{
	struct epoch_tracker et;
	if_t ifp;

	NET_EPOCH_ENTER(et);
	ifp = find_ifp(dev, vap);
	if (ifp != NULL) {
		CURVNET_SET(if_getvnet(ifp));
		rt_ieee80211msg(ifp, what, __DECONST(uint8_t *, data), len);
		CURVNET_RESTORE();
	}
	NET_EPOCH_EXIT(et);
}

/* Any context: core only notes it. */
static void
set_filter(struct tern_vif *vif)
{
	int flags = if_getflags(vif->ifp);

	tern_rx_mode(vif->dev->rust, vif->vap, (flags & IFF_PROMISC) != 0,
	    (flags & IFF_ALLMULTI) != 0 || if_llmaddr_count(vif->ifp) != 0);
}

/* Under `control`, as the next one. */
static int
vif_up(struct tern_vif *vif)
{
	const char *lladdr = if_getlladdr(vif->ifp);
	int error = 0;

	if (memcmp(vif->mac, lladdr, sizeof(vif->mac)) != 0) {
		memcpy(vif->mac, lladdr, sizeof(vif->mac));
		error = tern_vap_set_address(vif->dev->rust, vif->vap, vif->mac);
	}
	if (error == 0)
		error = tern_up(vif->dev->rust, vif->vap);
	if (error != 0) {
		if_printf(vif->ifp, "cannot go up: error %d\n", error);
		return (error);
	}
	if_setdrvflagbits(vif->ifp, IFF_DRV_RUNNING, 0);
	return (0);
}

static int
vif_down(struct tern_vif *vif)
{
	int error;

	if_setdrvflagbits(vif->ifp, 0, IFF_DRV_RUNNING);
	error = tern_down(vif->dev->rust, vif->vap);
	tern_net_flush(vif);
	return (error);
}

/* Brings the interface to where its flags want it; sleeps only if they want something new. */
static int
set_flags(struct tern_vif *vif)
{
	bool is_wanted = (if_getflags(vif->ifp) & IFF_UP) != 0;
	int error = 0;

	if (is_wanted != tern_vif_is_running(vif)) {
		sx_xlock(&vif->control);
		if (is_wanted && !tern_vif_is_running(vif))
			error = vif_up(vif);
		else if (!is_wanted && tern_vif_is_running(vif))
			error = vif_down(vif);
		sx_xunlock(&vif->control);
	}
	set_filter(vif);
	return (error);
}

/* ether_ioctl wants the interface up, for an address that it is given. */
static void
vif_init(void *arg)
{
	set_flags(arg);
}

static int
media_change(if_t ifp)
{
	struct tern_vif *vif = if_getsoftc(ifp);

	if (vif == NULL)
		return (ENXIO);
	return (tern_media_set(vif->dev->rust, vif->vap, vif->media.ifm_media));
}

static void
media_status(if_t ifp, struct ifmediareq *request)
{
	struct tern_vif *vif = if_getsoftc(ifp);

	if (vif != NULL)
		tern_media_status(vif->dev->rust, vif->vap, &request->ifm_active,
		    &request->ifm_status);
}

static void
media_init(struct tern_vif *vif)
{
	uint32_t i;
	int word;

	ifmedia_init(&vif->media, 0, media_change, media_status);
	for (i = 0; (word = tern_media(vif->dev->rust, vif->vap, i)) != 0; i++)
		ifmedia_add(&vif->media, word, 0, NULL);
	if (i != 0)
		ifmedia_set(&vif->media, tern_media(vif->dev->rust, vif->vap, 0));
}

/* 802.11 is core's; what it does not know goes to the network stack's own handler. */
static int
control(struct tern_vif *vif, u_long command, caddr_t data)
{
	int error = sx_xlock_sig(&vif->control);

	if (error != 0)
		return (error);
	switch (command) {
	case SIOCSIFMEDIA:
	case SIOCGIFMEDIA:
	case SIOCGIFXMEDIA:
		error = ifmedia_ioctl(vif->ifp, (struct ifreq *)data, &vif->media, command);
		break;
	default:
		error = tern_ioctl(vif->dev->rust, vif->vap, command, data,
		    IOCPARM_LEN(command));
	}
	sx_xunlock(&vif->control);
	return (error == ENOTTY ? ether_ioctl(vif->ifp, command, data) : error);
}

static int
vif_ioctl(if_t ifp, u_long command, caddr_t data)
{
	struct tern_vif *vif = vif_hold(ifp);
	int error = 0;

	if (vif == NULL)
		return (ENXIO);
	switch (command) {
	case SIOCSIFFLAGS:
		error = set_flags(vif);
		break;
	case SIOCADDMULTI:
	case SIOCDELMULTI:
		set_filter(vif);
		break;
	case SIOCSIFADDR: /* its argument is no user's; and perhaps in an epoch */
		error = ether_ioctl(ifp, command, data);
		break;
	default:
		error = control(vif, command, data);
	}
	vif_rele(vif);
	return (error);
}

static void
vif_attach(struct tern_vif *vif, int unit)
{
	if_t ifp = if_alloc(IFT_ETHER);

	vif->ifp = ifp;
	if_initname(ifp, cloner_name, unit);
	if_setsoftc(ifp, vif);
	if_setflags(ifp, IFF_BROADCAST | IFF_SIMPLEX | IFF_MULTICAST);
	if_setinitfn(ifp, vif_init);
	if_setioctlfn(ifp, vif_ioctl);
	if_setstartfn(ifp, tern_net_start);
	if_setsendqlen(ifp, SEND_QUEUE);
	if_setsendqready(ifp);
	media_init(vif);
	ether_ifattach(ifp, vif->mac);
	if_setoutputfn(ifp, tern_net_output);
	bpfattach2(ifp, DLT_IEEE802_11_RADIO, sizeof(struct ieee80211_frame), &vif->radio);
	if_link_state_change(ifp, LINK_STATE_DOWN);
}

static int
vif_create(struct tern_dev *dev, const struct ieee80211_clone_params *params, int unit,
    if_t *ifpp)
{
	struct tern_vif *vif;
	tern_vap vap;
	int error;

	error = tern_vap_create(dev->rust, params, sizeof(*params), &vap);
	if (error != 0)
		return (error);
	KASSERT(PLACE(vap) < TERN_VAPS_MAX, ("tern: no place for %x", vap));
	vif = shim_alloc(sizeof(*vif));
	vif->dev = dev;
	vif->vap = vap;
	sx_init(&vif->control, "tern control");
	mtx_init(&vif->tx, "tern send", NULL, MTX_DEF);
	TASK_INIT(&vif->restart, 0, tern_net_restart, vif);
	tern_vap_address(dev->rust, vap, vif->mac);
	vif_attach(vif, unit);
	mtx_lock(&tern_registry);
	dev->n_vifs++;
	atomic_store_rel_ptr((uintptr_t *)&dev->vifs[PLACE(vap)], (uintptr_t)vif);
	mtx_unlock(&tern_registry);
	*ifpp = vif->ifp;
	return (0);
}

static int
clone_create(struct if_clone *ifc __unused, char *name __unused, size_t len __unused,
    struct ifc_data *ifd, if_t *ifpp)
{
	struct ieee80211_clone_params params;
	struct tern_dev *dev;
	int error;

	error = priv_check(curthread, PRIV_NET80211_CREATE_VAP);
	if (error == 0)
		error = ifc_copyin(ifd, &params, sizeof(params));
	if (error != 0)
		return (error);
	params.icp_parent[sizeof(params.icp_parent) - 1] = '\0';
	dev = tern_dev_hold(params.icp_parent);
	if (dev == NULL)
		return (ENXIO);
	sx_xlock(&dev->cloning);
	error = vif_create(dev, &params, ifd->unit, ifpp);
	sx_xunlock(&dev->cloning);
	tern_dev_rele(dev);
	return (error);
}

/*
 * No call finds it any more and those inside have left; no upcall finds it; then the stack lets go of
 * it. What is left of the epochs ends before the memory does.
 */
static int
clone_destroy(struct if_clone *ifc __unused, if_t ifp, uint32_t flags __unused)
{
	struct tern_vif *vif = if_getsoftc(ifp);
	struct tern_dev *dev = vif->dev;

	mtx_lock(&tern_registry);
	if_setsoftc(ifp, NULL);
	while (vif->users != 0)
		msleep(&vif->users, &tern_registry, 0, "tern", 0);
	atomic_store_rel_ptr((uintptr_t *)&dev->vifs[PLACE(vif->vap)], 0);
	mtx_unlock(&tern_registry);
	if_setdrvflagbits(ifp, 0, IFF_DRV_RUNNING);
	tern_vap_destroy(dev->rust, vif->vap);
	NET_EPOCH_WAIT();
	taskqueue_drain(taskqueue_swi, &vif->restart);
	tern_net_flush(vif);
	ether_ifdetach(ifp);
	ifmedia_removeall(&vif->media);
	if_free(ifp);
	mtx_destroy(&vif->tx);
	sx_destroy(&vif->control);
	shim_free(vif);
	mtx_lock(&tern_registry);
	dev->n_vifs--;
	wakeup(&dev->n_vifs);
	mtx_unlock(&tern_registry);
	return (0);
}

/* A reference to any interface of the device. */
static if_t
any_ifp(struct tern_dev *dev)
{
	if_t ifp = NULL;
	int i;

	mtx_assert(&tern_registry, MA_OWNED);
	for (i = 0; i < TERN_VAPS_MAX && ifp == NULL; i++)
		if (dev->vifs[i] != NULL)
			ifp = dev->vifs[i]->ifp;
	if (ifp != NULL)
		if_ref(ifp);
	return (ifp);
}

/* After a resume: the radio of those that are up is on again; what they were joined to is not there. */
void
tern_vap_rejoin_all(struct tern_dev *dev)
{
	struct tern_vif *vif;
	int i;

	for (i = 0; i < TERN_VAPS_MAX; i++) {
		mtx_lock(&tern_registry);
		vif = dev->vifs[i];
		if (vif != NULL)
			vif->users++;
		mtx_unlock(&tern_registry);
		if (vif == NULL)
			continue;
		sx_xlock(&vif->control);
		if (tern_vif_is_running(vif))
			vif_up(vif);
		sx_xunlock(&vif->control);
		vif_rele(vif);
	}
}

/*
 * The device goes. An interface may be on its way in, not yet in the cloner's list, or be destroyed by
 * its user just now: so until none is left.
 */
void
tern_vap_remove_all(struct tern_dev *dev)
{
	if_t ifp;

	mtx_lock(&tern_registry);
	while (dev->n_vifs != 0) {
		ifp = any_ifp(dev);
		mtx_unlock(&tern_registry);
		if (ifp != NULL) {
			CURVNET_SET(if_getvnet(ifp));
			if_clone_destroyif(cloner, ifp);
			CURVNET_RESTORE();
			if_rele(ifp);
		}
		mtx_lock(&tern_registry);
		if (dev->n_vifs != 0)
			msleep(&dev->n_vifs, &tern_registry, 0, "tern", MAX(hz / 20, 1));
	}
	mtx_unlock(&tern_registry);
}

int
tern_vap_begin(void)
{
	struct if_clone_addreq request = {
		.flags = IFC_F_AUTOUNIT,
		.create_f = clone_create,
		.destroy_f = clone_destroy,
	};
	size_t i;

	for (i = 0; i < nitems(cloner_names) && cloner == NULL; i++) {
		cloner_name = cloner_names[i];
		cloner = ifc_attach_cloner(cloner_name, &request);
	}
	return (cloner == NULL ? EEXIST : 0);
}

void
tern_vap_end(void)
{
	ifc_detach_cloner(cloner);
	cloner = NULL;
}
