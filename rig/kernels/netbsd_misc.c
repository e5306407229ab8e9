/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* NetBSD: cprng(9), firmload(9), kauth(9), the user's memory. */
#include "netbsd.h"

#include <sys/cprng.h>
#include <sys/kauth.h>
#include <dev/firmload.h>

static char the_cprng;
cprng_strong_t *kern_cprng = (cprng_strong_t *)&the_cprng;
RIG_KPI(kern_cprng, "a variable");

size_t
cprng_strong(cprng_strong_t *cprng, void *out, size_t len, int flags)
{
	RIG_CHECK(cprng == kern_cprng, "a generator that is none");
	RIG_CHECK(flags == 0, "flags %#x", (unsigned)flags);
	RIG_CHECK(rig_is_writable(out, len), "no memory");
	/* It may give less than was wanted. */
	if (len > 16)
		len = 16;
	rig_random(out, len);
	return len;
}
RIG_KPI(cprng_strong, "generator, memory, flags; gives less than asked for");

struct firmware_handle {
	const char *bytes;
	size_t len;
};

int
firmware_open(const char *driver, const char *name, firmware_handle_t *out)
{
	struct firmware_handle *handle;
	const char *bytes, *at;
	size_t len;

	rig_may_sleep("firmware_open");
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	nb_is_name("firmware_open", driver);
	nb_is_name("firmware_open", name);
	for (at = name; *at != '\0'; at++)
		RIG_CHECK(*at != '/', "%s: images of a driver lie in one directory", name);
	bytes = rig_firmware(name, &len);
	if (bytes == NULL)
		return ENOENT;
	handle = rig_alloc(sizeof(*handle), 16, "firmware", RIG_ZERO);
	handle->bytes = bytes;
	handle->len = len;
	*out = handle;
	return 0;
}
RIG_KPI(firmware_open, "names, no lock held, sleeping");

int
firmware_close(firmware_handle_t handle)
{
	rig_free(handle, "firmware", sizeof(*handle));
	return 0;
}
RIG_KPI(firmware_close, "handle, once");

off_t
firmware_get_size(firmware_handle_t handle)
{
	return RIG_CHECK(rig_is_readable(handle, sizeof(*handle)), "a handle that is none") ? handle->len : 0;
}
RIG_KPI(firmware_get_size, "handle");

int
firmware_read(firmware_handle_t handle, off_t at, void *to, size_t len)
{
	rig_may_sleep("firmware_read");
	if (!RIG_CHECK(rig_is_readable(handle, sizeof(*handle)), "a handle that is none"))
		return EBADF;
	RIG_CHECK(at >= 0 && at + len <= handle->len, "beyond the end");
	RIG_CHECK(rig_is_writable(to, len), "no memory");
	memcpy(to, handle->bytes + at, len);
	return 0;
}
RIG_KPI(firmware_read, "handle, place, memory, sleeping");

static char the_cred;

kauth_cred_t
kauth_cred_get(void)
{
	return (kauth_cred_t)&the_cred;
}
RIG_KPI(kauth_cred_get, "");

int
kauth_authorize_network(kauth_cred_t cred, kauth_action_t action, enum kauth_network_req req, void *a,
    void *b, void *c)
{
	RIG_CHECK(cred == (kauth_cred_t)&the_cred, "credentials that are none");
	RIG_CHECK(action == KAUTH_NETWORK_INTERFACE && req == KAUTH_REQ_NETWORK_INTERFACE_SETPRIV,
	    "action %llu, request %d", (unsigned long long)action, (int)req);
	return rig_is_root() ? 0 : EPERM;
}
RIG_KPI(kauth_authorize_network, "credentials, action, request");

int
copyin(const void *user, void *to, size_t len)
{
	RIG_CHECK(len == 0 || rig_is_writable(to, len), "no memory");
	return rig_copyin((uintptr_t)user, to, len) != 0 ? EFAULT : 0;
}
RIG_KPI(copyin, "memory, sleeping");

int
copyout(const void *from, void *user, size_t len)
{
	RIG_CHECK(len == 0 || rig_is_readable(from, len), "no memory");
	return rig_copyout(from, (uintptr_t)user, len) != 0 ? EFAULT : 0;
}
RIG_KPI(copyout, "memory, sleeping");
