// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Network interfaces and packets. */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>

#include "shim.h"

#define QUEUES 4

static struct sk_buff *skb_of(struct tern_packet *packet)
{
	return (struct sk_buff *)packet;
}

struct tern_packet *shim_packet_new(size_t len)
{
	struct sk_buff *skb = dev_alloc_skb(len);

	if (!skb)
		return NULL;
	skb_put_zero(skb, len);
	return (struct tern_packet *)skb;
}

void shim_packet_free(struct tern_packet *packet)
{
	dev_kfree_skb_any(skb_of(packet));
}

size_t shim_packet_len(struct tern_packet *packet, u8 *priority)
{
	*priority = skb_of(packet)->priority & 7;
	return skb_headlen(skb_of(packet));
}

/* A packet is one piece: the interfaces offer no scatter-gather. */
u8 *shim_packet_piece(struct tern_packet *packet, void **at, size_t *len)
{
	struct sk_buff *skb = skb_of(packet);

	if (*at)
		return NULL;
	*at = skb;
	*len = skb_headlen(skb);
	return skb->data;
}

void shim_packet_keep(struct tern_packet *packet, size_t start, size_t len)
{
	skb_pull(skb_of(packet), start);
	skb_trim(skb_of(packet), len);
}

/* Under RCU. */
static struct tern_vif *find(struct tern_dev *dev, tern_vap vap)
{
	struct tern_vif *vif = NULL;

	if ((vap & 0xff) < TERN_VIFS_MAX)
		vif = rcu_dereference(dev->vifs[vap & 0xff]);
	return vif && vif->vap == vap ? vif : NULL;
}

static void hand_up(struct net_device *ndev, struct sk_buff *skb)
{
	skb->dev = ndev;
	DEV_STATS_INC(ndev, rx_packets);
	DEV_STATS_ADD(ndev, rx_bytes, skb->len);
	if (ndev->type == ARPHRD_ETHER) {
		skb->protocol = eth_type_trans(skb, ndev);
	} else {
		skb_reset_mac_header(skb);
		skb->ip_summed = CHECKSUM_UNNECESSARY;
		skb->pkt_type = PACKET_OTHERHOST;
		skb->protocol = htons(ETH_P_802_2);
	}
	/* One way for tasklet and worker alike, or frames would overtake each other. */
	local_bh_disable();
	netif_receive_skb(skb);
	local_bh_enable();
}

void shim_deliver(struct tern_dev *dev, tern_vap vap, struct tern_packet *packet)
{
	struct sk_buff *skb = skb_of(packet);
	struct tern_vif *vif;

	rcu_read_lock();
	vif = find(dev, vap);
	if (vif && skb->len >= ETH_HLEN && vif->wdev.netdev->type == ARPHRD_ETHER)
		hand_up(vif->wdev.netdev, skb);
	else
		kfree_skb(skb);
	rcu_read_unlock();
}

bool shim_is_listening(struct tern_dev *dev, tern_vap vap)
{
	struct tern_vif *vif;
	bool result;

	rcu_read_lock();
	vif = find(dev, vap);
	result = vif && vif->wdev.netdev->type != ARPHRD_ETHER && netif_running(vif->wdev.netdev);
	rcu_read_unlock();
	return result;
}

void shim_capture(struct tern_dev *dev, tern_vap vap, const u8 *radiotap, size_t radiotap_len,
		  const u8 *frame, size_t frame_len)
{
	struct sk_buff *skb = dev_alloc_skb(radiotap_len + frame_len);
	struct tern_vif *vif;

	if (!skb)
		return;
	skb_put_data(skb, radiotap, radiotap_len);
	skb_put_data(skb, frame, frame_len);
	rcu_read_lock();
	vif = find(dev, vap);
	if (vif && vif->wdev.netdev->type != ARPHRD_ETHER)
		hand_up(vif->wdev.netdev, skb);
	else
		kfree_skb(skb);
	rcu_read_unlock();
}

void shim_tx_ready(struct tern_dev *dev, tern_vap vap, u16 queue)
{
	struct tern_vif *vif;

	rcu_read_lock();
	vif = find(dev, vap);
	if (vif && queue < QUEUES)
		netif_wake_subqueue(vif->wdev.netdev, queue);
	rcu_read_unlock();
}

static int net_open(struct net_device *ndev)
{
	struct tern_vif *vif = netdev_priv(ndev);
	int error;

	netif_carrier_off(ndev);
	error = tern_up(vif->dev->rust, vif->vap, ndev->type != ARPHRD_ETHER, ndev->dev_addr);
	if (error)
		return error;
	if (ndev->type != ARPHRD_ETHER)
		netif_carrier_on(ndev);
	netif_tx_start_all_queues(ndev);
	return 0;
}

static int net_stop(struct net_device *ndev)
{
	struct tern_vif *vif = netdev_priv(ndev);

	netif_tx_stop_all_queues(ndev);
	wiphy_lock(vif->wdev.wiphy);
	tern_ask(vif->dev->rust, vif->vap, TERN_DOWN, NULL, 0, NULL);
	/* cfg80211 wants to hear of the end of everything before the interface is down. */
	shim_drain(NULL, vif->dev);
	wiphy_unlock(vif->wdev.wiphy);
	netif_carrier_off(ndev);
	return 0;
}

/* Stops a queue, unless a completion was faster. */
static void stop_queue(struct tern_vif *vif, u16 queue)
{
	netif_stop_subqueue(vif->wdev.netdev, queue);
	smp_mb__after_atomic();
	if (!tern_is_stopped(vif->dev->rust, vif->vap, queue))
		netif_wake_subqueue(vif->wdev.netdev, queue);
}

static netdev_tx_t net_xmit(struct sk_buff *skb, struct net_device *ndev)
{
	struct tern_vif *vif = netdev_priv(ndev);
	u16 queue = skb_get_queue_mapping(skb);
	u32 len = skb->len, sent;

	if (skb_linearize(skb)) {
		dev_kfree_skb_any(skb);
		DEV_STATS_INC(ndev, tx_dropped);
		return NETDEV_TX_OK;
	}
	skb_tx_timestamp(skb);
	sent = tern_xmit(vif->dev->rust, vif->vap, (struct tern_packet *)skb, ndev->type != ARPHRD_ETHER);
	if (sent == TERN_FULL) {
		stop_queue(vif, queue);
		return NETDEV_TX_BUSY;
	}
	if (sent == TERN_DROPPED) {
		DEV_STATS_INC(ndev, tx_dropped);
		return NETDEV_TX_OK;
	}
	DEV_STATS_INC(ndev, tx_packets);
	DEV_STATS_ADD(ndev, tx_bytes, len);
	if (sent == TERN_SENT_LAST)
		stop_queue(vif, queue);
	return NETDEV_TX_OK;
}

static u16 net_select_queue(struct net_device *ndev, struct sk_buff *skb,
			    struct net_device *sb_dev)
{
	if (ndev->type == ARPHRD_ETHER)
		skb->priority = cfg80211_classify8021d(skb, NULL);
	return tern_queue(skb->priority & 7);
}

/* Under a spin lock: only posts. */
static void net_set_rx_mode(struct net_device *ndev)
{
	struct tern_vif *vif = netdev_priv(ndev);

	tern_rx_mode(vif->dev->rust, vif->vap, ndev->flags & IFF_PROMISC,
		     (ndev->flags & IFF_ALLMULTI) || !netdev_mc_empty(ndev));
}

const struct net_device_ops shim_net_ops = {
	.ndo_open = net_open,
	.ndo_stop = net_stop,
	.ndo_start_xmit = net_xmit,
	.ndo_select_queue = net_select_queue,
	.ndo_set_rx_mode = net_set_rx_mode,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static void count_freed(struct net_device *ndev)
{
	shim_count(TERN_ALLOCATIONS, -1);
}

static void net_setup(struct net_device *ndev)
{
	ether_setup(ndev);
	ndev->netdev_ops = &shim_net_ops;
	ndev->needs_free_netdev = true;
	ndev->priv_destructor = count_freed;
	ndev->priv_flags &= ~IFF_TX_SKB_SHARING;
	ndev->needed_headroom = 0;
	ndev->watchdog_timeo = 5 * HZ;
}

void shim_vif_set_type(struct tern_vif *vif, enum nl80211_iftype type)
{
	vif->wdev.iftype = type;
	vif->wdev.netdev->type =
		type == NL80211_IFTYPE_MONITOR ? ARPHRD_IEEE80211_RADIOTAP : ARPHRD_ETHER;
}

static int free_place(struct tern_dev *dev)
{
	int i;

	for (i = 0; i < TERN_VIFS_MAX; i++)
		if (!rtnl_dereference(dev->vifs[i]))
			return i;
	return -ENFILE;
}

/* Under RTNL and the wiphy's mutex. */
struct tern_vif *shim_vif_new(struct tern_dev *dev, const char *name, unsigned char assign_type,
			      enum nl80211_iftype type, const u8 *mac)
{
	int place = free_place(dev), error;
	struct net_device *ndev;
	struct tern_vif *vif;

	if (dev->is_gone)
		return ERR_PTR(-ENODEV);
	if (place < 0)
		return ERR_PTR(place);
	ndev = alloc_netdev_mqs(sizeof(*vif), name, assign_type, net_setup, QUEUES, 1);
	if (!ndev)
		return ERR_PTR(-ENOMEM);
	shim_count(TERN_ALLOCATIONS, 1);
	vif = netdev_priv(ndev);
	vif->dev = dev;
	vif->vap = place | (u32)dev->generations[place]++ << 16;
	vif->wdev.wiphy = dev->wiphy;
	vif->wdev.netdev = ndev;
	ndev->ieee80211_ptr = &vif->wdev;
	SET_NETDEV_DEV(ndev, wiphy_dev(dev->wiphy));
	eth_hw_addr_set(ndev, mac ? mac : dev->caps.mac);
	shim_vif_set_type(vif, type);
	rcu_assign_pointer(dev->vifs[place], vif);
	error = cfg80211_register_netdevice(ndev);
	if (error) {
		RCU_INIT_POINTER(dev->vifs[place], NULL);
		synchronize_net();
		shim_count(TERN_ALLOCATIONS, -1);
		free_netdev(ndev);
		return ERR_PTR(error);
	}
	return vif;
}

/* No upcall finds it any more; unregistering waits for those that have. */
void shim_vif_unhash(struct tern_vif *vif)
{
	RCU_INIT_POINTER(vif->dev->vifs[vif->vap & 0xff], NULL);
}
