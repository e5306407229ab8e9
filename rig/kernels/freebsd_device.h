/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A device of the fake FreeBSD kernel, whose inside no driver sees. */
#ifndef RIG_FREEBSD_DEVICE_H
#define RIG_FREEBSD_DEVICE_H

/*
 * A device, of which there can be one: what a driver made of the stick.
 */
struct _device {
	driver_t *driver;
	void *softc;
	void *ivars;
	device_state_t state;
	char nameunit[32];
	char desc[128];
	struct sysctl_ctx_list sysctl_ctx;
	struct sysctl_oid sysctl_tree;
	struct sysctl_oid_list children;
};

extern struct _device *fb_the_device;
bool fb_check_device(const char *kpi, device_t self);
void fb_free_oids(struct sysctl_ctx_list *ctx);
void fb_sysctl_check(void);

#endif
