/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: sysctl(9), sbuf(9), firmware(9). */
#include "freebsd.h"

#include "freebsd_device.h"

struct oid {
	SLIST_ENTRY(oid) next;
	struct sysctl_oid oid;
	struct sysctl_ctx_list *ctx;
};

static SLIST_HEAD(, oid) oids = SLIST_HEAD_INITIALIZER(oids);
static unsigned handlers_running;

void
fb_free_oids(struct sysctl_ctx_list *ctx)
{
	struct oid *oid, *next;

	SLIST_FOREACH_SAFE(oid, &oids, next, next) {
		if (oid->ctx == ctx) {
			SLIST_REMOVE(&oids, oid, oid, next);
			rig_free(oid, "sysctl", RIG_ANY_SIZE);
		}
	}
}

/*
 * sysctl.
 */
struct sysctl_ctx_list *
device_get_sysctl_ctx(device_t self)
{
	return (fb_check_device("device_get_sysctl_ctx", self) ? &self->sysctl_ctx : NULL);
}
RIG_KPI(device_get_sysctl_ctx, "device");

struct sysctl_oid *
device_get_sysctl_tree(device_t self)
{
	if (!fb_check_device("device_get_sysctl_tree", self))
		return (NULL);
	return (&self->sysctl_tree);
}
RIG_KPI(device_get_sysctl_tree, "device");

#define CONTEXT "sysctl context"

int
sysctl_ctx_init(struct sysctl_ctx_list *ctx)
{
	if (!RIG_CHECK(rig_is_writable(ctx, sizeof(*ctx)), "no memory"))
		return (EINVAL);
	TAILQ_INIT(ctx);
	rig_object_begin(ctx, sizeof(*ctx), CONTEXT, "of a driver");
	return (0);
}
RIG_KPI(sysctl_ctx_init, "memory, twice");

/* Waits for handlers that run. */
int
sysctl_ctx_free(struct sysctl_ctx_list *ctx)
{
	rig_may_sleep("sysctl_ctx_free");
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	if (!rig_object_check(ctx, CONTEXT))
		return (EINVAL);
	while (handlers_running > 0)
		rig_sleep(&handlers_running, "sysctl", RIG_NO_TIMEOUT, 0);
	fb_free_oids(ctx);
	rig_object_end(ctx, CONTEXT);
	return (0);
}
RIG_KPI(sysctl_ctx_free, "context, no lock held, sleeping");

struct sysctl_oid *
sysctl_add_oid(struct sysctl_ctx_list *ctx, struct sysctl_oid_list *parent, int number,
    const char *name, int kind, void *arg1, intmax_t arg2, int (*handler)(SYSCTL_HANDLER_ARGS),
    const char *format, const char *descr, const char *label __unused)
{
	struct oid *oid;

	if (fb_the_device == NULL)
		return (NULL);
	if (ctx != &fb_the_device->sysctl_ctx && !rig_object_check(ctx, CONTEXT))
		return (NULL);
	RIG_CHECK(parent == SYSCTL_CHILDREN(&fb_the_device->sysctl_tree), "another parent than the device");
	RIG_CHECK(number == OID_AUTO, "number %d", number);
	fb_is_name("sysctl", name);
	fb_is_name("sysctl", descr);
	RIG_CHECK((kind & CTLTYPE) == CTLTYPE_NODE || rig_is_code(handler), "no handler");
	RIG_CHECK((kind & CTLFLAG_MPSAFE) != 0 || (kind & CTLTYPE) == CTLTYPE_NODE, "needs Giant");
	rig_may_sleep("sysctl_add_oid");
	SLIST_FOREACH(oid, &oids, next)
		RIG_CHECK(strcmp(oid->oid.oid_name, name) != 0, "%s is there twice", name);
	oid = rig_alloc(sizeof(*oid), 16, "sysctl", RIG_ZERO);
	oid->ctx = ctx;
	oid->oid.oid_name = name;
	oid->oid.oid_kind = kind;
	oid->oid.oid_arg1 = arg1;
	oid->oid.oid_arg2 = arg2;
	oid->oid.oid_handler = handler;
	oid->oid.oid_fmt = format;
	SLIST_INSERT_HEAD(&oids, oid, next);
	return (&oid->oid);
}
RIG_KPI(sysctl_add_oid, "list, parent, name, kind, handler, sleeping");

static int
sysctl_out(struct sysctl_req *req, const void *text, size_t len)
{
	if (req->oldidx + len > req->oldlen)
		return (ENOMEM);
	if (!RIG_CHECK(rig_is_readable(text, len), "bytes that are none"))
		return (EFAULT);
	memcpy((char *)req->oldptr + req->oldidx, text, len);
	req->oldidx += len;
	return (0);
}

int
fb_show(const char *what, char *text, size_t *len)
{
	struct sysctl_req req = {
		.td = curthread,
		.oldptr = text,
		.oldlen = *len,
		.oldfunc = sysctl_out,
	};
	struct oid *oid;
	int error;

	*len = 0;
	SLIST_FOREACH(oid, &oids, next)
		if (strcmp(oid->oid.oid_name, what) == 0)
			break;
	if (oid == NULL)
		return (ENOENT);
	handlers_running++;
	error = oid->oid.oid_handler(&oid->oid, oid->oid.oid_arg1, oid->oid.oid_arg2, &req);
	if (--handlers_running == 0)
		rig_wakeup(&handlers_running, UINT32_MAX);
	RIG_CHECK(rig_locks_held() == 0, "a handler returned with a lock held");
	*len = req.oldidx;
	while (*len > 0 && text[*len - 1] == '\0')
		--*len;
	return (error);
}

/*
 * sbuf(9).
 */
#define SBUF "sbuf"
#define SBUF_MAX (256 * 1024)

static int
sbuf_out(struct sbuf *s, const char *text, size_t len)
{
	if (!rig_object_check(s, SBUF))
		return (-1);
	RIG_CHECK((s->s_flags & SBUF_FINISHED) == 0, "it is finished");
	if (!RIG_CHECK(s->s_len + len < SBUF_MAX, "too much text"))
		return (-1);
	memcpy(s->s_buf + s->s_len, text, len);
	s->s_len += len;
	return (0);
}

struct sbuf *
sbuf_new_for_sysctl(struct sbuf *s, char *room, int len, struct sysctl_req *req)
{
	if (!RIG_CHECK(s != NULL && rig_is_writable(s, sizeof(*s)), "no memory"))
		return (NULL);
	RIG_CHECK(room == NULL && len >= 0, "room of its own");
	rig_may_sleep("sbuf_new");
	memset(s, 0, sizeof(*s));
	s->s_buf = rig_alloc(SBUF_MAX, 16, SBUF, 0);
	s->s_drain_arg = req;
	rig_object_begin(s, sizeof(*s), SBUF, "sysctl");
	return (s);
}
RIG_KPI(sbuf_new_for_sysctl, "memory, sleeping");

int
sbuf_bcat(struct sbuf *s, const void *text, size_t len)
{
	if (!RIG_CHECK(rig_is_readable(text, len), "no text"))
		return (-1);
	return (sbuf_out(s, text, len));
}
RIG_KPI(sbuf_bcat, "buffer, text");

int
sbuf_cat(struct sbuf *s, const char *text)
{
	return (sbuf_bcat(s, text, strlen(text)));
}
RIG_KPI(sbuf_cat, "buffer, text");

int
sbuf_printf(struct sbuf *s, const char *format, ...)
{
	char text[512];
	__builtin_va_list args;
	int len;

	__builtin_va_start(args, format);
	len = rig_vformat(text, sizeof(text), format, args);
	__builtin_va_end(args);
	return (sbuf_out(s, text, MIN(len, (int)sizeof(text) - 1)));
}
RIG_KPI(sbuf_printf, "buffer, format, strings");

int
sbuf_finish(struct sbuf *s)
{
	if (!rig_object_check(s, SBUF))
		return (EINVAL);
	s->s_flags |= SBUF_FINISHED;
	return (SYSCTL_OUT(((struct sysctl_req *)s->s_drain_arg), s->s_buf, s->s_len));
}
RIG_KPI(sbuf_finish, "buffer");

void
sbuf_delete(struct sbuf *s)
{
	if (!rig_object_check(s, SBUF))
		return;
	rig_object_end(s, SBUF);
	rig_free(s->s_buf, SBUF, RIG_ANY_SIZE);
}
RIG_KPI(sbuf_delete, "buffer");

/*
 * firmware(9).
 */
struct image {
	struct firmware fw;
	unsigned refs;
};

const struct firmware *
firmware_get_flags(const char *name, uint32_t flags)
{
	struct image *image;
	const void *bytes;
	size_t len;

	RIG_CHECK((flags & ~FIRMWARE_GET_NOWARN) == 0, "flags %#x", flags);
	if (!fb_is_name("firmware_get", name))
		return (NULL);
	rig_may_sleep("firmware_get");
	bytes = rig_firmware(name, &len);
	if (bytes == NULL) {
		if ((flags & FIRMWARE_GET_NOWARN) == 0)
			printf("%s: could not load firmware image\n", name);
		return (NULL);
	}
	image = rig_alloc(sizeof(*image), 16, "firmware", RIG_ZERO);
	image->fw.name = name;
	image->fw.data = bytes;
	image->fw.datasize = len;
	image->refs = 1;
	return (&image->fw);
}
RIG_KPI(firmware_get_flags, "name, flags, sleeping");

const struct firmware *
firmware_get(const char *name)
{
	return (firmware_get_flags(name, 0));
}
RIG_KPI(firmware_get, "name, sleeping");

void
firmware_put(const struct firmware *fw, int flags)
{
	RIG_CHECK((flags & ~FIRMWARE_UNLOAD) == 0, "flags %#x", flags);
	if (RIG_CHECK(rig_size(fw) == sizeof(struct image), "no image"))
		rig_free(__DECONST(void *, fw), "firmware", RIG_ANY_SIZE);
}
RIG_KPI(firmware_put, "image, flags, twice");

void
fb_sysctl_check(void)
{
	RIG_CHECK(SLIST_EMPTY(&oids), "sysctls are still there");
}
