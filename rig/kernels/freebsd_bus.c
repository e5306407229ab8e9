/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: modules, newbus. */
#include "freebsd.h"

#include "device_if.h"

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

#include "freebsd_device.h"

#define SOFTC "softc"

static driver_t *driver; /* the one that the module has brought */
struct _device *fb_the_device;
static struct usb_attach_arg uaa;
static bool is_stick_there;

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
	error = func(fb_the_device);
	if (rig_locks_held() != 0)
		rig_faultf("a method returned with lock %s held", rig_lock_other(NULL));
	return (error);
}

static void
device_end(void)
{
	/* Those of the device's context go with it. */
	fb_free_oids(&fb_the_device->sysctl_ctx);
	if (fb_the_device->softc != NULL)
		rig_free(fb_the_device->softc, SOFTC, RIG_ANY_SIZE);
	fb_the_device->softc = NULL;
	fb_usb_detach();
	rig_free(fb_the_device, "device", RIG_ANY_SIZE);
	fb_the_device = NULL;
}

static int
device_begin(void)
{
	int priority, error;

	fb_the_device = rig_alloc(sizeof(*fb_the_device), 16, "device", RIG_ZERO);
	fb_the_device->driver = driver;
	fb_the_device->ivars = &uaa;
	fb_the_device->state = DS_NOTPRESENT;
	TAILQ_INIT(&fb_the_device->sysctl_ctx);
	rig_format(fb_the_device->nameunit, sizeof(fb_the_device->nameunit), "%s0", driver->name);
	fb_the_device->softc = rig_alloc(driver->size, 16, SOFTC, RIG_ZERO);
	fb_usb_attach();
	fb_usb_fill(&uaa);
	priority = call_method(&device_probe_desc, ENXIO);
	/* A negative number is a priority, 0 the highest, a positive one an error. */
	if (priority > 0) {
		device_end();
		return (priority);
	}
	/* What probe wrote there is lost. */
	rig_free(fb_the_device->softc, SOFTC, RIG_ANY_SIZE);
	fb_the_device->softc = rig_alloc(driver->size, 16, SOFTC, RIG_ZERO);
	fb_the_device->state = DS_ATTACHING;
	fb_usb_fill(&uaa);
	error = call_method(&device_attach_desc, ENXIO);
	if (error != 0) {
		RIG_CHECK(error > 0, "attach says %d", error);
		device_end();
		return (error);
	}
	fb_the_device->state = DS_ATTACHED;
	return (0);
}

int
fb_plug(void)
{
	is_stick_there = true;
	if (driver == NULL)
		return (ENXIO);
	if (fb_the_device != NULL)
		return (EBUSY);
	return (device_begin());
}

int
fb_unplug(bool is_gone)
{
	int error;

	if (is_gone)
		is_stick_there = false;
	if (fb_the_device == NULL)
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

	if (fb_the_device == NULL)
		return (ENXIO);
	error = call_method(&device_suspend_desc, ENXIO);
	if (error == 0)
		fb_the_device->state = DS_ATTACHED;
	return (error);
}

int
fb_resume(void)
{
	return (fb_the_device == NULL ? ENXIO : call_method(&device_resume_desc, ENXIO));
}

device_t
fb_device(void)
{
	return (fb_the_device);
}

bool
fb_check_device(const char *kpi, device_t self)
{
	if (fb_the_device != NULL && self == fb_the_device)
		return (true);
	rig_faultf("%s: a device that is none", kpi);
	return (false);
}

void *
device_get_softc(device_t self)
{
	return (fb_check_device("device_get_softc", self) ? self->softc : NULL);
}
RIG_KPI(device_get_softc, "device");

void *
device_get_ivars(device_t self)
{
	return (fb_check_device("device_get_ivars", self) ? self->ivars : NULL);
}
RIG_KPI(device_get_ivars, "device");

const char *
device_get_nameunit(device_t self)
{
	return (fb_check_device("device_get_nameunit", self) ? self->nameunit : "?");
}
RIG_KPI(device_get_nameunit, "device");

const char *
device_get_name(device_t self)
{
	return (fb_check_device("device_get_name", self) ? self->driver->name : "?");
}
RIG_KPI(device_get_name, "device");

int
device_get_unit(device_t self)
{
	fb_check_device("device_get_unit", self);
	return (0);
}
RIG_KPI(device_get_unit, "device");

device_t
device_get_parent(device_t self)
{
	fb_check_device("device_get_parent", self);
	return (NULL);
}
RIG_KPI(device_get_parent, "device");

int
device_is_attached(device_t self)
{
	return (fb_check_device("device_is_attached", self) && self->state >= DS_ATTACHED);
}
RIG_KPI(device_is_attached, "device");

void
device_set_desc(device_t self, const char *text)
{
	if (fb_check_device("device_set_desc", self) && fb_is_name("device_set_desc", text))
		strlcpy(self->desc, text, sizeof(self->desc));
}
RIG_KPI(device_set_desc, "fb_the_device, text");

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

	if (!fb_check_device("device_printf", self))
		return (0);
	printf("%s: ", self->nameunit);
	__builtin_va_start(args, format);
	vprintf(format, args);
	__builtin_va_end(args);
	return (0);
}
RIG_KPI(device_printf, "fb_the_device, format, strings");

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
		if (fb_the_device != NULL) {
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

void
fb_bus_check(void)
{
	RIG_CHECK(fb_the_device == NULL, "the device is still there");
	RIG_CHECK(driver == NULL || data != NULL, "the driver is still there");
	fb_sysctl_check();
}
