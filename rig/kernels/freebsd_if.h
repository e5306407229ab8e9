/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* An interface of the fake FreeBSD kernel, whose inside no driver sees. */
#ifndef RIG_FREEBSD_IF_H
#define RIG_FREEBSD_IF_H

#define IFNETS_MAX 8

struct ifnet {
	char name[IFNAMSIZ];
	int unit, index, mtu, link;
	unsigned refs;
	bool is_attached, is_freed, is_ready;
	void *softc;
	int flags, drv_flags;
	uint8_t lladdr[8];
	unsigned n_multi;
	if_init_fn_t init;
	if_ioctl_fn_t ioctl;
	if_start_fn_t start;
	if_output_fn_t output;
	if_transmit_fn_t transmit;
	if_qflush_fn_t qflush;
	struct mbuf *send_head;
	int n_queued, send_max;
	int64_t counters[IFCOUNTERS];
	struct bpf_if *bpf; /* the first one */
	struct bpf_if *bpfs;
};

extern struct sx fb_detach_sx;
bool fb_check_ifp(const char *kpi, const struct ifnet *ifp);
#define CHECK(ifp) fb_check_ifp(__func__, ifp)
void fb_clone_check(void);
struct ifnet *fb_ifunit(const char *name);
int fb_clone_create(char *name, size_t room, void *params);
int fb_clone_destroy(const char *name);
struct mbuf *fb_packet(const void *bytes, size_t len, size_t first);

#endif
