/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What the three BSD shims have besides tern.h: interfaces and ioctls. Every int is 0 or an errno of
 * this kernel, positive. The ioctls' meaning is core's (core/src/abi): C only finds the interface.
 */
#ifndef TERN_BSD_H
#define TERN_BSD_H

/* What Rust calls. User memory: (s) says 0 or EFAULT. */
int shim_copyin(uint64_t user, void *to, size_t len);
int shim_copyout(const void *from, uint64_t user, size_t len);
bool shim_is_privileged(void); /* (s) may the caller change the network? */
/* (a) only queues: the link state of the interface. */
void shim_link(struct tern_dev *dev, tern_vap vap, bool is_up);
/* (a) only queues: a message of this kernel's routing socket; `what` and `data` are that system's. */
void shim_event(struct tern_dev *dev, tern_vap vap, int what, const uint8_t *data, size_t len);
void shim_show(void *sink, const uint8_t *text, size_t len); /* (s) text of tern_show */

/*
 * What C calls, (s) all of them. C makes sure that one call at a time is made for an interface.
 */
/* A new interface. `params` are the system's own clone parameters, or null for the defaults. */
int tern_vap_create(void *rust, const void *params, size_t len, tern_vap *vap);
void tern_vap_destroy(void *rust, tern_vap vap); /* switches it off as well */
/* The address that tern_vap_create chose, or the user's from now on. */
void tern_vap_address(void *rust, tern_vap vap, uint8_t mac[6]);
int tern_vap_set_address(void *rust, tern_vap vap, const uint8_t mac[6]);
int tern_up(void *rust, tern_vap vap); /* IFF_UP: firmware, radio, and the join that was asked for */
int tern_down(void *rust, tern_vap vap);
int tern_suspend(void *rust);
int tern_resume(void *rust);
/*
 * An ioctl with its argument, which is in kernel memory as this kernel's ioctl(2) puts it. ENOTTY:
 * not an 802.11 ioctl, the network stack's own handler is to have it.
 */
int tern_ioctl(void *rust, tern_vap vap, unsigned long command, void *data, size_t len);
/* Media words of ifmedia(4): the index-th one that can be chosen (0 ends), the choice, the state. */
int tern_media(void *rust, tern_vap vap, uint32_t index);
int tern_media_set(void *rust, tern_vap vap, int word);
void tern_media_status(void *rust, tern_vap vap, int *active, int *status);
/*
 * Lines of text: counters (0), the event ring (1), or the registers (2), if the radio is on. Reading
 * registers fills the event ring.
 */
void tern_show(void *rust, uint32_t what, void *sink);

#endif
