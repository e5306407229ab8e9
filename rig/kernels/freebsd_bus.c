/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: modules, newbus, sysctl, sbuf, firmware. */
#include "freebsd.h"

#include "device_if.h"

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

#define SOFTC "softc"

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

struct oid {
	SLIST_ENTRY(oid) next;
	struct sysctl_oid oid;
	struct sysctl_ctx_list *ctx;
};

static driver_t *driver; /* the one that the module has brought */
static struct _device *device;
static struct usb_attach_arg uaa;
static bool is_stick_there;
static SLIST_HEAD(, oid) oids = SLIST_HEAD_INITIALIZER(oids);
static unsigned handlers_running;

struct kobjop_desc device_probe_desc, device_attach_desc, device_detach_desc, device_suspend_desc,
    device_resume_desc, device_shutdown_desc, device_identify_desc, device_quiesce_desc;
RIG_KPI(device_probe_desc, "a method that is called");
RIG_KPI(device_attach_desc, "a method that is called");
RIG_KPI(device_detach_desc, "a method that is called");
RIG_KPI(device_suspend_desc, "a method that is called");
RIG_KPI(device_resume_desc, "a method that is called");
RIG_KPI(device_shutdown_desc, "a method that is called");

static device_method_t *
find_method(struct kobjop_desc *desc)
{
	device_method_t *method;

	for (method = driver->methods; method->desc != NULL; method++) {
		RIG_CHECK(rig_is_readable(method, sizeof(*method)) && rig_is_code(method->func),
		    "a table of methods that does not end, or without a function");
		if (method->desc == desc)
			return (method);
	}
	return (NULL);
}

static int
call_method(struct kobjop_desc *desc, int without)
{
	device_method_t *method = find_method(desc);
	int (*func)(device_t);
	int error;

	if (method == NULL)
		return (without);
	func = (int (*)(device_t))method->func;
	error = func(device);
	if (rig_locks_held() != 0)
		rig_faultf("a method returned with lock %s held", rig_lock_other(NULL));
	return (error);
}

static void
free_oids(struct sysctl_ctx_list *ctx)
{
	struct oid *oid, *next;

	SLIST_FOREACH_SAFE(oid, &oids, next, next) {
		if (oid->ctx == ctx) {
			SLIST_REMOVE(&oids, oid, oid, next);
			rig_free(oid, "sysctl", RIG_ANY_SIZE);
		}
	}
}

static void
device_end(void)
{
	/* Those of the device's context go with it. */
	free_oids(&device->sysctl_ctx);
	if (device->softc != NULL)
		rig_free(device->softc, SOFTC, RIG_ANY_SIZE);
	device->softc = NULL;
	fb_usb_detach();
	rig_free(device, "device", RIG_ANY_SIZE);
	device = NULL;
}

static int
device_begin(void)
{
	int priority, error;

	device = rig_alloc(sizeof(*device), 16, "device", RIG_ZERO);
	device->driver = driver;
	device->ivars = &uaa;
	device->state = DS_NOTPRESENT;
	TAILQ_INIT(&device->sysctl_ctx);
	rig_format(device->nameunit, sizeof(device->nameunit), "%s0", driver->name);
	device->softc = rig_alloc(driver->size, 16, SOFTC, RIG_ZERO);
	fb_usb_attach();
	fb_usb_fill(&uaa);
	priority = call_method(&device_probe_desc, ENXIO);
	/* A negative number is a priority, 0 the highest, a positive one an error. */
	if (priority > 0) {
		device_end();
		return (priority);
	}
	/* What probe wrote there is lost. */
	rig_free(device->softc, SOFTC, RIG_ANY_SIZE);
	device->softc = rig_alloc(driver->size, 16, SOFTC, RIG_ZERO);
	device->state = DS_ATTACHING;
	fb_usb_fill(&uaa);
	error = call_method(&device_attach_desc, ENXIO);
	if (error != 0) {
		RIG_CHECK(error > 0, "attach says %d", error);
		device_end();
		return (error);
	}
	device->state = DS_ATTACHED;
	return (0);
}

int
fb_plug(void)
{
	is_stick_there = true;
	if (driver == NULL)
		return (ENXIO);
	if (device != NULL)
		return (EBUSY);
	return (device_begin());
}

int
fb_unplug(bool is_gone)
{
	int error;

	if (is_gone)
		is_stick_there = false;
	if (device == NULL)
		return (is_gone ? 0 : ENXIO);
	error = call_method(&device_detach_desc, ENXIO);
	if (error != 0) {
		RIG_CHECK(!is_gone, "detach says %d, but the stick is gone", error);
		return (error);
	}
	device_end();
	return (0);
}

int
fb_suspend(void)
{
	int error;

	if (device == NULL)
		return (ENXIO);
	error = call_method(&device_suspend_desc, ENXIO);
	if (error == 0)
		device->state = DS_ATTACHED;
	return (error);
}

int
fb_resume(void)
{
	return (device == NULL ? ENXIO : call_method(&device_resume_desc, ENXIO));
}

device_t
fb_device(void)
{
	return (device);
}

static bool
check_device(const char *kpi, device_t self)
{
	if (device != NULL && self == device)
		return (true);
	rig_faultf("%s: a device that is none", kpi);
	return (false);
}

void *
device_get_softc(device_t self)
{
	return (check_device("device_get_softc", self) ? self->softc : NULL);
}
RIG_KPI(device_get_softc, "device");

void *
device_get_ivars(device_t self)
{
	return (check_device("device_get_ivars", self) ? self->ivars : NULL);
}
RIG_KPI(device_get_ivars, "device");

const char *
device_get_nameunit(device_t self)
{
	return (check_device("device_get_nameunit", self) ? self->nameunit : "?");
}
RIG_KPI(device_get_nameunit, "device");

const char *
device_get_name(device_t self)
{
	return (check_device("device_get_name", self) ? self->driver->name : "?");
}
RIG_KPI(device_get_name, "device");

int
device_get_unit(device_t self)
{
	check_device("device_get_unit", self);
	return (0);
}
RIG_KPI(device_get_unit, "device");

device_t
device_get_parent(device_t self)
{
	check_device("device_get_parent", self);
	return (NULL);
}
RIG_KPI(device_get_parent, "device");

int
device_is_attached(device_t self)
{
	return (check_device("device_is_attached", self) && self->state >= DS_ATTACHED);
}
RIG_KPI(device_is_attached, "device");

void
device_set_desc(device_t self, const char *text)
{
	if (check_device("device_set_desc", self) && fb_is_name("device_set_desc", text))
		strlcpy(self->desc, text, sizeof(self->desc));
}
RIG_KPI(device_set_desc, "device, text");

void
device_set_usb_desc(device_t self)
{
	device_set_desc(self, "a stick");
	printf("%s: <%s>\n", self->nameunit, self->desc);
}
RIG_KPI(device_set_usb_desc, "device");

int
device_printf(device_t self, const char *format, ...)
{
	__builtin_va_list args;

	if (!check_device("device_printf", self))
		return (0);
	printf("%s: ", self->nameunit);
	__builtin_va_start(args, format);
	vprintf(format, args);
	__builtin_va_end(args);
	return (0);
}
RIG_KPI(device_printf, "device, format, strings");

/*
 * Modules.
 */
struct module {
	const char *name;
};

static struct module module;
static const moduledata_t *data;
static int module_error;

int
driver_module_handler(module_t mod, int what, void *arg)
{
	struct driver_module_data *dmd = arg;
	int error = 0;

	RIG_CHECK(mod == &module, "a module that is none");
	RIG_CHECK(strcmp(dmd->dmd_busname, "uhub") == 0, "bus %s", dmd->dmd_busname);
	switch (what) {
	case MOD_LOAD:
		if (dmd->dmd_chainevh != NULL)
			error = dmd->dmd_chainevh(mod, what, dmd->dmd_chainarg);
		if (error != 0)
			return (error);
		driver = (driver_t *)dmd->dmd_driver;
		fb_is_name("driver", driver->name);
		RIG_CHECK(driver->size > 0 && driver->size < 1 << 20, "a softc of %zu bytes",
		    driver->size);
		if (is_stick_there)
			device_begin();
		return (0);
	case MOD_UNLOAD:
		if (device != NULL) {
			error = fb_unplug(false);
			if (error != 0)
				return (error);
		}
		driver = NULL;
		/* FALLTHROUGH */
	default:
		if (dmd->dmd_chainevh != NULL)
			error = dmd->dmd_chainevh(mod, what, dmd->dmd_chainarg);
		return (what == MOD_QUIESCE && error == EOPNOTSUPP ? 0 : error);
	}
}
RIG_KPI(driver_module_handler, "bus, driver, module");

void
module_register_init(const void *arg)
{
	const moduledata_t *md = arg;

	RIG_CHECK(data == NULL, "more than one module");
	data = md;
	module.name = md->name;
	module_error = md->evhand(&module, MOD_LOAD, md->priv);
	if (module_error != 0)
		md->evhand(&module, MOD_UNLOAD, md->priv);
}
RIG_KPI(module_register_init, "called by SYSINIT, once");

/* Entries in their order: subsystem, then order within it. */
static void
run_set(const char *name, bool is_backwards)
{
	struct sysinit *const *set, *last = NULL, *next, *candidate;
	size_t len, i;

	set = rig_section(name, &len);
	if (set == NULL)
		return;
	for (;;) {
		next = NULL;
		for (i = 0; i < len / sizeof(*set); i++) {
			bool is_after, is_before;

			candidate = set[i];
#define KEY(s) ((uint64_t)(s)->subsystem << 32 | (uint32_t)(s)->order)
			if (last == candidate)
				continue;
			is_after = last == NULL || (is_backwards ? KEY(candidate) < KEY(last) :
			    KEY(candidate) > KEY(last)) ||
			    (KEY(candidate) == KEY(last) && candidate > last);
			is_before = next == NULL || (is_backwards ? KEY(candidate) > KEY(next) :
			    KEY(candidate) < KEY(next)) ||
			    (KEY(candidate) == KEY(next) && candidate < next);
			if (is_after && is_before)
				next = candidate;
		}
		if (next == NULL)
			break;
		next->func(next->udata);
		last = next;
	}
}

static void
check_metadata(void)
{
	const struct mod_metadata *const *set;
	size_t len, i;
	bool has_module = false, has_usb = false, has_version = false, has_pnp = false;

	set = rig_section("set_modmetadata_set", &len);
	for (i = 0; set != NULL && i < len / sizeof(*set); i++) {
		const struct mod_metadata *md = set[i];

		RIG_CHECK(md->md_version == MDT_STRUCT_VERSION, "metadata of version %d",
		    md->md_version);
		has_module |= md->md_type == MDT_MODULE;
		has_version |= md->md_type == MDT_VERSION;
		has_pnp |= md->md_type == MDT_PNP_INFO;
		has_usb |= md->md_type == MDT_DEPEND && strcmp(md->md_cval, "usb") == 0;
	}
	RIG_CHECK(has_module && has_version, "the module does not say what it is");
	RIG_CHECK(has_usb, "the module does not depend on usb");
	RIG_CHECK(has_pnp, "devmatch(8) will not find the module");
}

int
fb_load(void)
{
	data = NULL;
	module_error = 0;
	check_metadata();
	run_set("set_sysinit_set", false);
	if (data == NULL) {
		rig_fault("load: no module registered itself");
		return (ENOEXEC);
	}
	return (module_error);
}

int
fb_unload(void)
{
	int error;

	error = data->evhand(&module, MOD_QUIESCE, data->priv);
	if (error != 0 && error != EOPNOTSUPP)
		return (error);
	error = data->evhand(&module, MOD_UNLOAD, data->priv);
	if (error != 0)
		return (error);
	run_set("set_sysuninit_set", true);
	data = NULL;
	return (0);
}

/*
 * sysctl.
 */
struct sysctl_ctx_list *
device_get_sysctl_ctx(device_t self)
{
	return (check_device("device_get_sysctl_ctx", self) ? &self->sysctl_ctx : NULL);
}
RIG_KPI(device_get_sysctl_ctx, "device");

struct sysctl_oid *
device_get_sysctl_tree(device_t self)
{
	if (!check_device("device_get_sysctl_tree", self))
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
	free_oids(ctx);
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

	if (device == NULL)
		return (NULL);
	if (ctx != &device->sysctl_ctx && !rig_object_check(ctx, CONTEXT))
		return (NULL);
	RIG_CHECK(parent == SYSCTL_CHILDREN(&device->sysctl_tree), "another parent than the device");
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
fb_bus_check(void)
{
	RIG_CHECK(device == NULL, "the device is still there");
	RIG_CHECK(driver == NULL || data != NULL, "the driver is still there");
	RIG_CHECK(SLIST_EMPTY(&oids), "sysctls are still there");
}
