// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What core tells, in the words of cfg80211; all with the wiphy's mutex held. */
#include <linux/etherdevice.h>
#include <linux/ieee80211.h>

#include "shim.h"

/* Least bytes of a beacon, of an answer to authentication or association, of a deauthentication. */
#define BEACON_MIN 36
#define ANSWER_MIN 30
#define GONE_MIN 26

/* Until 6.6 the MLME functions of cfg80211 wanted a mutex of the interface. */
static void mlme_lock(struct tern_vif *vif)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	if (vif->dev->locked != &vif->wdev)
		mutex_lock(&vif->wdev.mtx);
#endif
}

static void mlme_unlock(struct tern_vif *vif)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
	if (vif->dev->locked != &vif->wdev)
		mutex_unlock(&vif->wdev.mtx);
#endif
}

static void scan_done(struct tern_vif *vif, bool is_aborted)
{
	struct cfg80211_scan_info info = { .aborted = is_aborted };

	if (vif->scan)
		cfg80211_scan_done(vif->scan, &info);
	vif->scan = NULL;
}

static void heard(struct tern_vif *vif, const struct tern_event *event)
{
	struct wiphy *wiphy = vif->wdev.wiphy;
	struct ieee80211_mgmt *mgmt = (struct ieee80211_mgmt *)event->frame;
	struct cfg80211_inform_bss info = {
		.chan = ieee80211_get_channel(wiphy, event->mhz),
		.signal = DBM_TO_MBM(event->dbm),
		.boottime_ns = ktime_get_boottime_ns(),
	};

	if (info.chan && event->len >= BEACON_MIN)
		cfg80211_put_bss(wiphy, cfg80211_inform_bss_frame_data(wiphy, &info, mgmt, event->len,
								       GFP_KERNEL));
}

/* Without a frame there was no answer. */
static void auth_done(struct tern_vif *vif, const struct tern_event *event)
{
	if (event->len >= ANSWER_MIN)
		cfg80211_rx_mlme_mgmt(vif->wdev.netdev, event->frame, event->len);
	else
		cfg80211_auth_timeout(vif->wdev.netdev, vif->auth_bssid);
}

static void assoc_answer(struct tern_vif *vif, struct cfg80211_bss *bss,
			 const struct tern_event *event)
{
	struct ieee80211_mgmt *mgmt = (struct ieee80211_mgmt *)event->frame;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
	struct cfg80211_rx_assoc_resp_data answer = {};
#else
	struct cfg80211_rx_assoc_resp answer = {};
#endif

	if (!mgmt->u.assoc_resp.status_code)
		cfg80211_chandef_create(&vif->chandef, bss->channel, NL80211_CHAN_NO_HT);
	answer.buf = event->frame;
	answer.len = event->len;
	answer.uapsd_queues = -1;
	answer.links[0].bss = bss;
	cfg80211_rx_assoc_resp(vif->wdev.netdev, &answer);
}

/*
 * cfg80211 took a reference for us when it called us, and takes it back with either answer. An
 * association that failed here in spite of the access point's consent is one without an answer.
 */
static void assoc_done(struct tern_vif *vif, const struct tern_event *event)
{
	struct ieee80211_mgmt *mgmt = (struct ieee80211_mgmt *)event->frame;
	struct cfg80211_assoc_failure failure = { .timeout = true, .bss[0] = vif->assoc_bss };

	vif->assoc_bss = NULL;
	if (!failure.bss[0])
		return;
	if (event->len >= ANSWER_MIN && (event->is_ok || mgmt->u.assoc_resp.status_code))
		assoc_answer(vif, failure.bss[0], event);
	else
		cfg80211_assoc_failure(vif->wdev.netdev, &failure);
}

/* Deauthentication or disassociation, received or sent. */
static void gone(struct tern_vif *vif, const struct tern_event *event)
{
	struct ieee80211_mgmt *mgmt = (struct ieee80211_mgmt *)event->frame;
	struct wireless_dev *wdev = &vif->wdev;

	if (event->len < GONE_MIN)
		return;
	/* cfg80211 warns of the end of an association that it does not know of. */
	if (!ieee80211_is_deauth(mgmt->frame_control) &&
	    !(wdev->connected && ether_addr_equal(wdev->u.client.connected_addr, mgmt->bssid)))
		return;
	vif->chandef.chan = NULL;
	if (event->kind == TERN_LEFT)
		cfg80211_tx_mlme_mgmt(wdev->netdev, event->frame, event->len, false);
	else
		cfg80211_rx_mlme_mgmt(wdev->netdev, event->frame, event->len);
}

static void link_changed(struct tern_vif *vif, bool is_up)
{
	if (is_up)
		netif_carrier_on(vif->wdev.netdev);
	else
		netif_carrier_off(vif->wdev.netdev);
}

static void remain_begun(struct tern_vif *vif, const struct tern_event *event)
{
	if (vif->remain)
		cfg80211_ready_on_channel(&vif->wdev, event->cookie, vif->remain, event->ms,
					  GFP_KERNEL);
}

static void remain_done(struct tern_vif *vif, const struct tern_event *event)
{
	if (vif->remain)
		cfg80211_remain_on_channel_expired(&vif->wdev, event->cookie, vif->remain,
						   GFP_KERNEL);
	vif->remain = NULL;
}

static void tell(struct tern_vif *vif, const struct tern_event *event)
{
	switch (event->kind) {
	case TERN_SCAN_DONE:
		return scan_done(vif, !event->is_ok);
	case TERN_AUTH_DONE:
		return auth_done(vif, event);
	case TERN_ASSOC_DONE:
		return assoc_done(vif, event);
	case TERN_MGMT_DONE:
		return cfg80211_mgmt_tx_status(&vif->wdev, event->cookie, event->frame, event->len,
					       event->is_ok, GFP_KERNEL);
	case TERN_REMAIN_BEGUN:
		return remain_begun(vif, event);
	case TERN_REMAIN_DONE:
		return remain_done(vif, event);
	case TERN_HEARD:
		return heard(vif, event);
	case TERN_MGMT:
		cfg80211_rx_mgmt(&vif->wdev, event->mhz, event->dbm, event->frame, event->len, 0);
		return;
	case TERN_SENT_AWAY:
	case TERN_LEFT:
		return gone(vif, event);
	case TERN_BEACON_LOST:
		return cfg80211_cqm_beacon_loss_notify(vif->wdev.netdev, GFP_KERNEL);
	case TERN_LINK:
		return link_changed(vif, event->is_ok);
	}
}

void shim_event(struct tern_dev *dev, const struct tern_event *event)
{
	struct tern_vif *vif = NULL;

	if ((event->vap & 0xff) < TERN_VIFS_MAX)
		vif = rcu_dereference_protected(dev->vifs[event->vap & 0xff],
						lockdep_is_held(&dev->wiphy->mtx));
	if (!vif || vif->vap != event->vap)
		return;
	mlme_lock(vif);
	tell(vif, event);
	mlme_unlock(vif);
}
