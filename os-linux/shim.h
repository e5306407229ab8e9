/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What C and Rust have to say to each other besides tern.h, which every kernel has. src/ffi.rs
 * declares the same; tests/names.rs compares the two lists.
 */
#ifndef TERN_SHIM_H
#define TERN_SHIM_H

#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/netdevice.h>
#include <linux/seq_file.h>
#include <linux/usb.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <net/cfg80211.h>

#include "tern.h"

#define TERN_VIFS_MAX TERN_VAPS_MAX
#define TERN_CHANNELS_MAX 42
#define TERN_RATES_MAX 12
#define TERN_CIPHERS_MAX 8
#define TERN_SSIDS_MAX 8
/* A channel: centre of the primary one, and where a second one lies (0 none, 1 above, -1 below). */
struct tern_tuning {
	u32 mhz;
	s32 width;
};

/* What the wiphy is made of; Rust fills it in. */
struct tern_caps {
	u8 mac[ETH_ALEN];
	u8 rx_chains;
	u8 has_ht;
	u16 ht_cap;
	u8 ht_ampdu;
	u8 n_channels;
	u8 n_rates;
	u8 n_ciphers;
	u8 scan_ssids_max;
	u16 scan_ie_max;
	u16 remain_ms_max;
	u16 rx_stypes;
	u16 channels_mhz[TERN_CHANNELS_MAX];
	u8 rates_half_mbps[TERN_RATES_MAX];
	u32 ciphers[TERN_CIPHERS_MAX];
};

/* What tern_ask asks; from TERN_DOWN on nobody can interrupt it. */
enum tern_question {
	TERN_ABORT_SCAN,
	TERN_ABORT_REMAIN,
	TERN_DEFAULT_KEY, /* number: index */
	TERN_DELETE_KEY, /* mac: peer, if it is pairwise; number: index */
	TERN_CLOSE_PORT, /* mac: peer */
	TERN_OPEN_PORT,
	TERN_SET_CHANNEL, /* tuning */
	TERN_LIMIT_POWER, /* number: dBm */
	TERN_ANY_POWER,
	TERN_DOWN,
	TERN_SUSPEND,
	TERN_RESUME,
};

/* A scan request. */
struct tern_scan {
	u32 n_channels;
	u32 n_ssids;
	u16 channels_mhz[TERN_CHANNELS_MAX];
	const u8 *ssids[TERN_SSIDS_MAX];
	size_t ssid_lens[TERN_SSIDS_MAX];
	const u8 *ie;
	size_t ie_len;
};

/* What core tells; src/events.rs has the same numbers. */
enum tern_told {
	TERN_SCAN_DONE,
	TERN_AUTH_DONE,
	TERN_ASSOC_DONE,
	TERN_MGMT_DONE,
	TERN_REMAIN_DONE,
	TERN_REMAIN_BEGUN,
	TERN_HEARD,
	TERN_MGMT,
	TERN_SENT_AWAY,
	TERN_LEFT,
	TERN_BEACON_LOST,
	TERN_LINK,
};

/* An event: `is_ok` is how a request ended, or whether the link is up. */
struct tern_event {
	u32 kind;
	tern_vap vap;
	u64 cookie;
	u32 ms;
	u32 mhz;
	s32 dbm;
	bool is_ok;
	const u8 *frame;
	size_t len;
};

/* A rate: legacy in units of 500 kb/s, or HT by index; neither is "unknown". */
struct tern_rate {
	u8 half_mbps;
	u8 is_mcs;
	u8 mcs;
	u8 is_wide;
	u8 has_short_gi;
};

/* What tern_station tells of a peer. */
struct tern_station {
	s8 signal_dbm;
	s8 average_dbm;
	u8 has_signal;
	u8 is_authorized;
	struct tern_rate tx;
	struct tern_rate rx;
	u32 inactive_ms;
	u32 tx_retries;
	u32 tx_failed;
	u64 tx_packets;
	u64 rx_packets;
	u64 tx_bytes;
	u64 rx_bytes;
	u64 rx_dropped;
};

/* A transfer with its buffer; kept until the device is gone. */
struct tern_transfer {
	struct tern_dev *dev;
	struct urb *urb;
	u8 *buffer;
	u32 index;
	struct list_head done;
};

struct tern_dev {
	void *rust;
	struct usb_device *udev;
	struct usb_interface *intf;
	u8 *control; /* the worker's buffer for control transfers */

	struct task_struct *thread;
	wait_queue_head_t worker;
	atomic_t woken;
	struct hrtimer timer;
	struct completion attached;
	int attach_error;

	wait_queue_head_t waiters;
	atomic_t answers;
	struct work_struct events;

	u8 out[TERN_ENDPOINTS_MAX]; /* bulk OUT endpoints, in the order of the descriptor */
	u32 n_out;
	u8 in;
	struct tasklet_struct tasklet;
	unsigned long tx_done;
	spinlock_t rx_lock;
	struct list_head rx_done;
	bool is_stopped; /* no transfer starts any more */
	u32 rx_len;
	u32 rx_depth;
	u32 rx_errors;
	struct tern_transfer tx[TERN_TX_MAX];
	struct tern_transfer rx[TERN_RX_MAX];

	struct tern_caps caps;
	struct wiphy *wiphy;
	bool is_gone; /* no new interfaces; under RTNL */
	struct tern_vif __rcu *vifs[TERN_VIFS_MAX];
	u16 generations[TERN_VIFS_MAX];
	struct wireless_dev *locked; /* 6.1: whose mutex the op that drains events holds */
	struct ieee80211_supported_band band[2];
	struct ieee80211_channel channels[TERN_CHANNELS_MAX];
	struct ieee80211_rate rates[TERN_RATES_MAX];
	struct ieee80211_txrx_stypes stypes[NUM_NL80211_IFTYPES];

	const struct firmware *firmware;
	const char *firmware_name;
	struct dentry *debugfs;
};

/* An interface; the private part of its net_device. */
struct tern_vif {
	struct wireless_dev wdev;
	struct tern_dev *dev;
	tern_vap vap;
	struct cfg80211_scan_request *scan;
	struct cfg80211_bss *assoc_bss;
	u8 auth_bssid[ETH_ALEN];
	struct ieee80211_channel *remain;
	struct cfg80211_chan_def chandef; /* of a monitor */
};

/* Within the C side. */
extern const struct net_device_ops shim_net_ops;
extern struct dentry *shim_debugfs_root;
void shim_debugfs_init(void);
void shim_debugfs_exit(void);
void shim_debugfs_add(struct tern_dev *dev);
int shim_usb_setup(struct tern_dev *dev);
void shim_usb_teardown(struct tern_dev *dev);
int shim_usb_receive(struct tern_dev *dev, u32 depth, u32 len); /* a negative errno */
int shim_wiphy_setup(struct tern_dev *dev);
int shim_wiphy_register(struct tern_dev *dev);
struct tern_vif *shim_vif_new(struct tern_dev *dev, const char *name, unsigned char assign_type,
			      enum nl80211_iftype type, const u8 *mac);
void shim_vif_unhash(struct tern_vif *vif);
void shim_vif_set_type(struct tern_vif *vif, enum nl80211_iftype type);
void shim_drain(struct wireless_dev *locked, struct tern_dev *dev);
u32 shim_live_value(u32 what);
int shim_worker_start(struct tern_dev *dev);
void shim_worker_join(struct tern_dev *dev);
int shim_usb_probe(struct usb_interface *intf, const struct usb_device_id *id);
void shim_usb_disconnect(struct usb_interface *intf);

/* What Rust calls: shim.c. */
void shim_caps(struct tern_dev *dev, const struct tern_caps *caps); /* before shim_attached */
void shim_events_wake(struct tern_dev *dev);
void shim_seq_write(struct seq_file *out, const u8 *text, size_t len);

/* shim_wiphy.c */
u32 shim_reg_channels(struct tern_dev *dev);
u32 shim_reg_channel(struct tern_dev *dev, u32 at, u32 *flags, s32 *max_dbm);

/* shim_events.c; with the wiphy's mutex held */
void shim_event(struct tern_dev *dev, const struct tern_event *event);

/* What C calls. */
void tern_events(void *rust);
int tern_up(void *rust, tern_vap vap, bool is_monitor, const u8 *mac);
void tern_regulatory(void *rust);
int tern_ask(void *rust, tern_vap vap, u32 what, const u8 *mac, s32 number,
	     const struct tern_tuning *tuning);
int tern_scan(void *rust, tern_vap vap, const struct tern_scan *scan);
int tern_auth(void *rust, tern_vap vap, const u8 *bssid, u32 mhz, u32 algorithm, const u8 *data,
	      size_t data_len, const u8 *ie, size_t ie_len);
int tern_assoc(void *rust, tern_vap vap, const u8 *bssid, const u8 *previous, u32 mhz, u32 pairwise,
	       const u8 *ie, size_t ie_len);
int tern_leave(void *rust, tern_vap vap, bool is_deauth, const u8 *bssid, u16 reason, const u8 *ie,
	       size_t ie_len);
int tern_set_key(void *rust, tern_vap vap, const u8 *peer, u8 index, u32 suite, const u8 *key,
		 size_t key_len, const u8 *seq, size_t seq_len);
int tern_mgmt_tx(void *rust, tern_vap vap, const struct tern_tuning *tuning, u32 wait_ms, bool no_ack,
		 const u8 *frame, size_t len, u64 *cookie);
int tern_remain(void *rust, tern_vap vap, const struct tern_tuning *tuning, u32 ms, u64 *cookie);
void tern_register_frames(void *rust, tern_vap vap, u32 stypes);
void tern_show(void *rust, struct seq_file *out, bool events);
int tern_station(void *rust, tern_vap vap, const u8 *peer, struct tern_station *out);

#endif
