// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* cfg80211: the device as it sees it, and its operations in flat words. */
#include <linux/etherdevice.h>
#include <linux/ieee80211.h>
#include <linux/rtnetlink.h>

#include "shim.h"

static struct tern_dev *of_wiphy(struct wiphy *wiphy)
{
	return *(struct tern_dev **)wiphy_priv(wiphy);
}

static struct tern_vif *of_wdev(struct wireless_dev *wdev)
{
	return container_of(wdev, struct tern_vif, wdev);
}

/* Handles waiting events now; `locked` is the interface whose mutex the caller holds. */
void shim_drain(struct wireless_dev *locked, struct tern_dev *dev)
{
	dev->locked = locked;
	tern_events(dev->rust);
	dev->locked = NULL;
}

static int tuning_of(const struct cfg80211_chan_def *chandef, struct tern_tuning *tuning)
{
	tuning->mhz = chandef->chan->center_freq;
	tuning->width = 0;
	switch (chandef->width) {
	case NL80211_CHAN_WIDTH_20_NOHT:
	case NL80211_CHAN_WIDTH_20:
		return 0;
	case NL80211_CHAN_WIDTH_40:
		tuning->width = chandef->center_freq1 > tuning->mhz ? 1 : -1;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

u32 shim_reg_channels(struct tern_dev *dev)
{
	return dev->caps.n_channels;
}

u32 shim_reg_channel(struct tern_dev *dev, u32 at, u32 *flags, s32 *max_dbm)
{
	struct ieee80211_channel *channel = &dev->channels[at];

	*flags = (channel->flags & IEEE80211_CHAN_DISABLED ? 1 : 0) |
		 (channel->flags & IEEE80211_CHAN_NO_IR ? 2 : 0) |
		 (channel->flags & IEEE80211_CHAN_RADAR ? 4 : 0) |
		 (channel->flags & IEEE80211_CHAN_NO_HT40PLUS ? 8 : 0) |
		 (channel->flags & IEEE80211_CHAN_NO_HT40MINUS ? 16 : 0);
	*max_dbm = channel->max_power;
	return channel->center_freq;
}

static struct wireless_dev *op_add_virtual_intf(struct wiphy *wiphy, const char *name,
						unsigned char assign_type,
						enum nl80211_iftype type, struct vif_params *params)
{
	const u8 *mac = is_valid_ether_addr(params->macaddr) ? params->macaddr : NULL;
	struct tern_vif *vif = shim_vif_new(of_wiphy(wiphy), name, assign_type, type, mac);

	return IS_ERR(vif) ? ERR_CAST(vif) : &vif->wdev;
}

static int op_del_virtual_intf(struct wiphy *wiphy, struct wireless_dev *wdev)
{
	shim_vif_unhash(of_wdev(wdev));
	cfg80211_unregister_netdevice(wdev->netdev);
	return 0;
}

static int op_change_virtual_intf(struct wiphy *wiphy, struct net_device *ndev,
				  enum nl80211_iftype type, struct vif_params *params)
{
	struct tern_vif *vif = netdev_priv(ndev);

	if (netif_running(ndev))
		return -EBUSY;
	vif->chandef.chan = NULL;
	shim_vif_set_type(vif, type);
	return 0;
}

static int op_scan(struct wiphy *wiphy, struct cfg80211_scan_request *req)
{
	struct tern_scan scan = { .ie = req->ie, .ie_len = req->ie_len };
	struct tern_vif *vif = of_wdev(req->wdev);
	int error;

	if (req->n_channels > TERN_CHANNELS_MAX || req->n_ssids > TERN_SSIDS_MAX)
		return -EINVAL;
	for (; scan.n_channels < req->n_channels; scan.n_channels++)
		scan.channels_mhz[scan.n_channels] = req->channels[scan.n_channels]->center_freq;
	for (; scan.n_ssids < req->n_ssids; scan.n_ssids++) {
		scan.ssids[scan.n_ssids] = req->ssids[scan.n_ssids].ssid;
		scan.ssid_lens[scan.n_ssids] = req->ssids[scan.n_ssids].ssid_len;
	}
	vif->scan = req;
	error = tern_scan(vif->dev->rust, vif->vap, &scan);
	if (error)
		vif->scan = NULL;
	return error;
}

static void op_abort_scan(struct wiphy *wiphy, struct wireless_dev *wdev)
{
	struct tern_vif *vif = of_wdev(wdev);

	tern_ask(vif->dev->rust, vif->vap, TERN_ABORT_SCAN, NULL, 0, NULL);
}

static int op_auth(struct wiphy *wiphy, struct net_device *ndev, struct cfg80211_auth_request *req)
{
	struct tern_vif *vif = netdev_priv(ndev);
	u32 algorithm;

	switch (req->auth_type) {
	case NL80211_AUTHTYPE_OPEN_SYSTEM:
		algorithm = WLAN_AUTH_OPEN;
		break;
	case NL80211_AUTHTYPE_SHARED_KEY:
		algorithm = WLAN_AUTH_SHARED_KEY;
		break;
	case NL80211_AUTHTYPE_FT:
		algorithm = WLAN_AUTH_FT;
		break;
	case NL80211_AUTHTYPE_SAE:
		algorithm = WLAN_AUTH_SAE;
		break;
	default:
		return -EOPNOTSUPP;
	}
	ether_addr_copy(vif->auth_bssid, req->bss->bssid);
	return tern_auth(vif->dev->rust, vif->vap, req->bss->bssid, req->bss->channel->center_freq,
			 algorithm, req->auth_data, req->auth_data_len, req->ie, req->ie_len);
}

static int op_assoc(struct wiphy *wiphy, struct net_device *ndev,
		    struct cfg80211_assoc_request *req)
{
	struct tern_vif *vif = netdev_priv(ndev);
	u32 pairwise = req->crypto.n_ciphers_pairwise ? req->crypto.ciphers_pairwise[0] : 0;
	int error;

	if (!req->bss || vif->assoc_bss)
		return req->bss ? -EBUSY : -EINVAL;
	error = tern_assoc(vif->dev->rust, vif->vap, req->bss->bssid, req->prev_bssid,
			   req->bss->channel->center_freq, pairwise, req->ie, req->ie_len);
	if (!error)
		vif->assoc_bss = req->bss;
	return error;
}

/* cfg80211 wants to hear of the end before the operation returns. */
static int leave(struct net_device *ndev, bool is_deauth, const u8 *bssid, u16 reason, const u8 *ie,
		 size_t ie_len)
{
	struct tern_vif *vif = netdev_priv(ndev);
	int error = tern_leave(vif->dev->rust, vif->vap, is_deauth, bssid, reason, ie, ie_len);

	shim_drain(&vif->wdev, vif->dev);
	return error;
}

static int op_deauth(struct wiphy *wiphy, struct net_device *ndev,
		     struct cfg80211_deauth_request *req)
{
	return leave(ndev, true, req->bssid, req->reason_code, req->ie, req->ie_len);
}

static int op_disassoc(struct wiphy *wiphy, struct net_device *ndev,
		       struct cfg80211_disassoc_request *req)
{
	return leave(ndev, false, req->ap_addr, req->reason_code, req->ie, req->ie_len);
}

static int op_add_key(struct wiphy *wiphy, struct net_device *ndev, int link_id, u8 index,
		      bool is_pairwise, const u8 *mac, struct key_params *params)
{
	struct tern_vif *vif = netdev_priv(ndev);

	return tern_set_key(vif->dev->rust, vif->vap, is_pairwise ? mac : NULL, index,
			    params->cipher, params->key, params->key_len, params->seq,
			    params->seq_len);
}

static int op_del_key(struct wiphy *wiphy, struct net_device *ndev, int link_id, u8 index,
		      bool is_pairwise, const u8 *mac)
{
	struct tern_vif *vif = netdev_priv(ndev);

	return tern_ask(vif->dev->rust, vif->vap, TERN_DELETE_KEY, is_pairwise ? mac : NULL, index,
			NULL);
}

static int op_set_default_key(struct wiphy *wiphy, struct net_device *ndev, int link_id, u8 index,
			      bool is_unicast, bool is_multicast)
{
	struct tern_vif *vif = netdev_priv(ndev);

	return tern_ask(vif->dev->rust, vif->vap, TERN_DEFAULT_KEY, NULL, index, NULL);
}

static int op_change_station(struct wiphy *wiphy, struct net_device *ndev, const u8 *mac,
			     struct station_parameters *params)
{
	struct tern_vif *vif = netdev_priv(ndev);
	u32 authorized = BIT(NL80211_STA_FLAG_AUTHORIZED);
	int error = cfg80211_check_station_change(wiphy, params, CFG80211_STA_AP_STA);

	if (error || !(params->sta_flags_mask & authorized))
		return error;
	authorized &= params->sta_flags_set;
	return tern_ask(vif->dev->rust, vif->vap, authorized ? TERN_OPEN_PORT : TERN_CLOSE_PORT, mac,
			0, NULL);
}

static bool fill_rate(const struct tern_rate *from, struct rate_info *to)
{
	to->bw = from->is_wide ? RATE_INFO_BW_40 : RATE_INFO_BW_20;
	to->legacy = from->half_mbps * 5;
	if (from->is_mcs) {
		to->mcs = from->mcs;
		to->flags = RATE_INFO_FLAGS_MCS;
		if (from->has_short_gi)
			to->flags |= RATE_INFO_FLAGS_SHORT_GI;
	}
	return from->is_mcs || from->half_mbps;
}

static void fill_station(const struct tern_station *from, struct station_info *to)
{
	to->filled = BIT_ULL(NL80211_STA_INFO_TX_PACKETS) | BIT_ULL(NL80211_STA_INFO_RX_PACKETS) |
		     BIT_ULL(NL80211_STA_INFO_TX_RETRIES) | BIT_ULL(NL80211_STA_INFO_TX_FAILED) |
		     BIT_ULL(NL80211_STA_INFO_TX_BYTES64) | BIT_ULL(NL80211_STA_INFO_RX_BYTES64) |
		     BIT_ULL(NL80211_STA_INFO_RX_DROP_MISC) |
		     BIT_ULL(NL80211_STA_INFO_INACTIVE_TIME) |
		     BIT_ULL(NL80211_STA_INFO_STA_FLAGS);
	to->tx_packets = from->tx_packets;
	to->rx_packets = from->rx_packets;
	to->tx_retries = from->tx_retries;
	to->tx_failed = from->tx_failed;
	to->tx_bytes = from->tx_bytes;
	to->rx_bytes = from->rx_bytes;
	to->rx_dropped_misc = from->rx_dropped;
	to->inactive_time = from->inactive_ms;
	to->sta_flags.mask = BIT(NL80211_STA_FLAG_AUTHORIZED) |
			     BIT(NL80211_STA_FLAG_AUTHENTICATED) |
			     BIT(NL80211_STA_FLAG_ASSOCIATED);
	to->sta_flags.set = to->sta_flags.mask;
	if (!from->is_authorized)
		to->sta_flags.set &= ~BIT(NL80211_STA_FLAG_AUTHORIZED);
	if (from->has_signal) {
		to->filled |= BIT_ULL(NL80211_STA_INFO_SIGNAL) |
			      BIT_ULL(NL80211_STA_INFO_SIGNAL_AVG);
		to->signal = from->signal_dbm;
		to->signal_avg = from->average_dbm;
	}
	if (fill_rate(&from->tx, &to->txrate))
		to->filled |= BIT_ULL(NL80211_STA_INFO_TX_BITRATE);
	if (fill_rate(&from->rx, &to->rxrate))
		to->filled |= BIT_ULL(NL80211_STA_INFO_RX_BITRATE);
}

static int op_get_station(struct wiphy *wiphy, struct net_device *ndev, const u8 *mac,
			  struct station_info *info)
{
	struct tern_vif *vif = netdev_priv(ndev);
	struct tern_station station = {};
	int error = tern_station(vif->dev->rust, vif->vap, mac, &station);

	if (!error)
		fill_station(&station, info);
	return error;
}

/* A station has one peer: its access point. */
static int op_dump_station(struct wiphy *wiphy, struct net_device *ndev, int at, u8 *mac,
			   struct station_info *info)
{
	struct wireless_dev *wdev = ndev->ieee80211_ptr;

	if (at || !wdev->connected)
		return -ENOENT;
	ether_addr_copy(mac, wdev->u.client.connected_addr);
	return op_get_station(wiphy, ndev, mac, info);
}

static int op_mgmt_tx(struct wiphy *wiphy, struct wireless_dev *wdev,
		      struct cfg80211_mgmt_tx_params *params, u64 *cookie)
{
	struct tern_vif *vif = of_wdev(wdev);
	struct tern_tuning tuning = { .mhz = params->chan ? params->chan->center_freq : 0 };

	return tern_mgmt_tx(vif->dev->rust, vif->vap, params->chan ? &tuning : NULL, params->wait,
			    params->dont_wait_for_ack, params->buf, params->len, cookie);
}

static void op_update_mgmt_frame_registrations(struct wiphy *wiphy, struct wireless_dev *wdev,
					       struct mgmt_frame_regs *update)
{
	struct tern_vif *vif = of_wdev(wdev);

	tern_register_frames(vif->dev->rust, vif->vap, update->interface_stypes);
}

static int op_remain_on_channel(struct wiphy *wiphy, struct wireless_dev *wdev,
				struct ieee80211_channel *chan, unsigned int duration, u64 *cookie)
{
	struct tern_tuning tuning = { .mhz = chan->center_freq };
	struct tern_vif *vif = of_wdev(wdev);
	int error;

	if (vif->remain)
		return -EBUSY;
	vif->remain = chan;
	error = tern_remain(vif->dev->rust, vif->vap, &tuning, duration, cookie);
	if (error)
		vif->remain = NULL;
	return error;
}

/* Of a stay, or of the wait for an answer to a frame. */
static int op_cancel_wait(struct wiphy *wiphy, struct wireless_dev *wdev, u64 cookie)
{
	struct tern_vif *vif = of_wdev(wdev);

	return tern_ask(vif->dev->rust, vif->vap, TERN_ABORT_REMAIN, NULL, 0, NULL);
}

static int set_channel(struct tern_vif *vif, struct cfg80211_chan_def *chandef)
{
	struct tern_tuning tuning;
	int error = tuning_of(chandef, &tuning);

	if (!error)
		error = tern_ask(vif->dev->rust, vif->vap, TERN_SET_CHANNEL, NULL, 0, &tuning);
	if (!error)
		vif->chandef = *chandef;
	return error;
}

/* The argument came with 6.13 and was carried back to 6.12's later releases. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
static int op_set_monitor_channel(struct wiphy *wiphy, struct net_device *ndev,
				  struct cfg80211_chan_def *chandef)
{
	return ndev ? set_channel(netdev_priv(ndev), chandef) : -ENODEV;
}
#else
static int op_set_monitor_channel(struct wiphy *wiphy, struct cfg80211_chan_def *chandef)
{
	struct wireless_dev *wdev;

	list_for_each_entry(wdev, &wiphy->wdev_list, list)
		if (wdev->iftype == NL80211_IFTYPE_MONITOR && netif_running(wdev->netdev))
			return set_channel(of_wdev(wdev), chandef);
	return -ENODEV;
}
#endif

static int op_get_channel(struct wiphy *wiphy, struct wireless_dev *wdev, unsigned int link_id,
			  struct cfg80211_chan_def *chandef)
{
	struct tern_vif *vif = of_wdev(wdev);

	if (!vif->chandef.chan)
		return -ENODATA;
	*chandef = vif->chandef;
	return 0;
}

static int op_set_tx_power(struct wiphy *wiphy, struct wireless_dev *wdev,
			   enum nl80211_tx_power_setting type, int mbm)
{
	u32 what = type == NL80211_TX_POWER_AUTOMATIC ? TERN_ANY_POWER : TERN_LIMIT_POWER;

	return tern_ask(of_wiphy(wiphy)->rust, wdev ? of_wdev(wdev)->vap : 0, what, NULL,
			MBM_TO_DBM(mbm), NULL);
}

/* There is none; cfg80211 takes an error for "off". */
static int op_set_power_mgmt(struct wiphy *wiphy, struct net_device *ndev, bool is_enabled,
			     int timeout)
{
	return is_enabled ? -EOPNOTSUPP : 0;
}

static int op_suspend(struct wiphy *wiphy, struct cfg80211_wowlan *wow)
{
	return tern_ask(of_wiphy(wiphy)->rust, 0, TERN_SUSPEND, NULL, 0, NULL);
}

static int op_resume(struct wiphy *wiphy)
{
	return tern_ask(of_wiphy(wiphy)->rust, 0, TERN_RESUME, NULL, 0, NULL);
}

static const struct cfg80211_ops ops = {
	.suspend = op_suspend,
	.resume = op_resume,
	.add_virtual_intf = op_add_virtual_intf,
	.del_virtual_intf = op_del_virtual_intf,
	.change_virtual_intf = op_change_virtual_intf,
	.add_key = op_add_key,
	.del_key = op_del_key,
	.set_default_key = op_set_default_key,
	.change_station = op_change_station,
	.get_station = op_get_station,
	.dump_station = op_dump_station,
	.set_monitor_channel = op_set_monitor_channel,
	.scan = op_scan,
	.abort_scan = op_abort_scan,
	.auth = op_auth,
	.assoc = op_assoc,
	.deauth = op_deauth,
	.disassoc = op_disassoc,
	.set_tx_power = op_set_tx_power,
	.remain_on_channel = op_remain_on_channel,
	.cancel_remain_on_channel = op_cancel_wait,
	.mgmt_tx = op_mgmt_tx,
	.mgmt_tx_cancel_wait = op_cancel_wait,
	.set_power_mgmt = op_set_power_mgmt,
	.update_mgmt_frame_registrations = op_update_mgmt_frame_registrations,
	.get_channel = op_get_channel,
};

static void regulatory_changed(struct wiphy *wiphy, struct regulatory_request *request)
{
	tern_regulatory(of_wiphy(wiphy)->rust);
}

static void fill_ht(struct tern_dev *dev, struct ieee80211_sta_ht_cap *ht)
{
	u8 i;

	ht->ht_supported = dev->caps.has_ht;
	ht->cap = dev->caps.ht_cap;
	ht->ampdu_factor = dev->caps.ht_ampdu & 3;
	ht->ampdu_density = dev->caps.ht_ampdu >> 2 & 7;
	for (i = 0; i < dev->caps.rx_chains && i < IEEE80211_HT_MCS_MASK_LEN; i++)
		ht->mcs.rx_mask[i] = 0xff;
	ht->mcs.tx_params = IEEE80211_HT_MCS_TX_DEFINED;
}

static void fill_bands(struct tern_dev *dev)
{
	const struct tern_caps *caps = &dev->caps;
	u8 i, n_2ghz = 0, n_cck = 0;

	for (i = 0; i < caps->n_rates; i++) {
		dev->rates[i].bitrate = caps->rates_half_mbps[i] * 5;
		dev->rates[i].hw_value = caps->rates_half_mbps[i];
		if (caps->rates_half_mbps[i] == 2)
			n_cck = 4;
		else if (i < n_cck)
			dev->rates[i].flags = IEEE80211_RATE_SHORT_PREAMBLE;
	}
	for (i = 0; i < caps->n_channels; i++) {
		bool is_2ghz = caps->channels_mhz[i] < 3000;

		n_2ghz += is_2ghz;
		dev->channels[i].band = is_2ghz ? NL80211_BAND_2GHZ : NL80211_BAND_5GHZ;
		dev->channels[i].center_freq = caps->channels_mhz[i];
		dev->channels[i].hw_value = i;
		dev->channels[i].max_power = 20;
	}
	dev->band[0].channels = dev->channels;
	dev->band[0].n_channels = n_2ghz;
	dev->band[0].bitrates = dev->rates;
	dev->band[0].n_bitrates = caps->n_rates;
	dev->band[1].channels = dev->channels + n_2ghz;
	dev->band[1].n_channels = caps->n_channels - n_2ghz;
	dev->band[1].bitrates = dev->rates + n_cck;
	dev->band[1].n_bitrates = caps->n_rates - n_cck;
	for (i = 0; i < 2; i++) {
		fill_ht(dev, &dev->band[i].ht_cap);
		if (dev->band[i].n_channels)
			dev->wiphy->bands[i ? NL80211_BAND_5GHZ : NL80211_BAND_2GHZ] =
				&dev->band[i];
	}
}

int shim_wiphy_setup(struct tern_dev *dev)
{
	dev->wiphy = wiphy_new(&ops, sizeof(dev));
	if (!dev->wiphy)
		return -ENOMEM;
	shim_count(TERN_ALLOCATIONS, 1);
	*(struct tern_dev **)wiphy_priv(dev->wiphy) = dev;
	set_wiphy_dev(dev->wiphy, &dev->intf->dev);
	return 0;
}

int shim_wiphy_register(struct tern_dev *dev)
{
	struct wiphy *wiphy = dev->wiphy;

	fill_bands(dev);
	dev->stypes[NL80211_IFTYPE_STATION].tx = 0xffff;
	dev->stypes[NL80211_IFTYPE_STATION].rx = dev->caps.rx_stypes;
	wiphy->mgmt_stypes = dev->stypes;
	ether_addr_copy(wiphy->perm_addr, dev->caps.mac);
	wiphy->interface_modes = BIT(NL80211_IFTYPE_STATION) | BIT(NL80211_IFTYPE_MONITOR);
	wiphy->software_iftypes = BIT(NL80211_IFTYPE_MONITOR);
	wiphy->signal_type = CFG80211_SIGNAL_TYPE_MBM;
	wiphy->cipher_suites = dev->caps.ciphers;
	wiphy->n_cipher_suites = dev->caps.n_ciphers;
	wiphy->max_scan_ssids = dev->caps.scan_ssids_max;
	wiphy->max_scan_ie_len = dev->caps.scan_ie_max;
	wiphy->max_remain_on_channel_duration = dev->caps.remain_ms_max;
	wiphy->flags |= WIPHY_FLAG_HAS_REMAIN_ON_CHANNEL | WIPHY_FLAG_OFFCHAN_TX;
	wiphy->flags &= ~WIPHY_FLAG_PS_ON_BY_DEFAULT;
	wiphy->features |= NL80211_FEATURE_SAE | NL80211_FEATURE_SCAN_FLUSH;
	wiphy->reg_notifier = regulatory_changed;
	return wiphy_register(wiphy);
}
