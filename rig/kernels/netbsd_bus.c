/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* NetBSD: the module's entry point, autoconf(9), pmf(9), sysctl(9). */
#include "netbsd.h"

#define NODES_MAX 8

struct device {
	char name[16];
	void *private;
	struct cfattach *attach;
	bool is_attached, has_pmf;
	bool (*suspend)(device_t, const pmf_qual_t *);
	bool (*resume)(device_t, const pmf_qual_t *);
};

static device_t the_device;
static struct cfattach *attachment;
static struct cfdata *cfdata;
static bool is_stick_there; /* the hub has seen it */

/*
 * Modules.
 */
static int
command(modcmd_t what)
{
	size_t len;
	modinfo_t *const *link = rig_section("link_set_modules", &len);
	modinfo_t *info;

	if (!RIG_CHECK(link != NULL && len == sizeof(*link), "link_set_modules has %zu bytes", len))
		return ENOEXEC;
	info = *link;
	if (!RIG_CHECK(rig_is_readable(info, sizeof(*info)), "no modinfo"))
		return ENOEXEC;
	RIG_CHECK(info->mi_class == MODULE_CLASS_DRIVER, "class %d", (int)info->mi_class);
	RIG_CHECK(info->mi_version == __NetBSD_Version__, "version %u", info->mi_version);
	nb_is_name("module", info->mi_name);
	return info->mi_modcmd(what, NULL);
}

int
nb_load(void)
{
	return command(MODULE_CMD_INIT);
}

int
nb_unload(void)
{
	int error;

	/* A real kernel asks for this too, now and then. */
	error = command(MODULE_CMD_AUTOUNLOAD);
	RIG_CHECK(error != 0, "goes by itself although a device may be there");
	error = command(MODULE_CMD_FINI);
	if (error == 0)
		RIG_CHECK(attachment == NULL, "unloaded with its driver still known");
	return error;
}

/*
 * Drivers: all of it is linked into lists, so none may be in memory that is mapped read-only.
 */
static bool
is_table(const char *kpi, struct cfdriver *const *drivers, const struct cfattachinit *attaches,
    struct cfdata *data)
{
	if (!rig_is_readable(drivers, 2 * sizeof(*drivers)) || drivers[0] == NULL || drivers[1] != NULL)
		rig_faultf("%s: not one driver", kpi);
	else if (!rig_is_writable(drivers[0], sizeof(*drivers[0])) || !rig_is_writable(data, 2 * sizeof(*data)))
		rig_faultf("%s: driver or data cannot be written to", kpi);
	else if (!rig_is_readable(attaches, 2 * sizeof(*attaches)) || attaches[1].cfai_name != NULL ||
	    attaches[0].cfai_list[0] == NULL || attaches[0].cfai_list[1] != NULL)
		rig_faultf("%s: not one attachment", kpi);
	else if (!rig_is_writable(attaches[0].cfai_list[0], sizeof(struct cfattach)))
		rig_faultf("%s: the attachment cannot be written to", kpi);
	else
		return true;
	return false;
}

static void
check_names(const struct cfdriver *driver, const struct cfattachinit *attach, const struct cfdata *data)
{
	nb_is_name("config_init_component", driver->cd_name);
	RIG_CHECK(driver->cd_class == DV_IFNET, "class %d", (int)driver->cd_class);
	RIG_CHECK(strcmp(attach->cfai_name, driver->cd_name) == 0, "an attachment of another driver");
	RIG_CHECK(strcmp(data->cf_name, driver->cd_name) == 0, "data of another driver");
	RIG_CHECK(strcmp(data->cf_atname, attach->cfai_list[0]->ca_name) == 0, "data of another attachment");
	RIG_CHECK(data->cf_fstate == FSTATE_STAR, "state %d", data->cf_fstate);
	RIG_CHECK(data[1].cf_name == NULL, "no end of the data");
	RIG_CHECK(rig_is_readable(data->cf_loc, 6 * sizeof(int)), "not six locators");
	RIG_CHECK(strcmp(data->cf_pspec->cfp_iattr, "usbdevif") == 0, "not at usbdevif");
	RIG_CHECK(data->cf_pspec->cfp_parent == NULL, "at one parent only");
}

int
config_init_component(struct cfdriver *const *drivers, const struct cfattachinit *attaches,
    struct cfdata *data)
{
	struct cfattach *ca;

	rig_may_sleep("config_init_component");
	if (!is_table("config_init_component", drivers, attaches, data))
		return EINVAL;
	if (!RIG_CHECK(attachment == NULL, "twice"))
		return EEXIST;
	check_names(drivers[0], attaches, data);
	ca = attaches[0].cfai_list[0];
	RIG_CHECK((ca->ca_flags & DVF_PRIV_ALLOC) != 0, "a softc that holds the device");
	RIG_CHECK(rig_is_code(ca->ca_match) && rig_is_code(ca->ca_attach) && rig_is_code(ca->ca_detach) &&
	    rig_is_code(ca->ca_activate), "a function is missing");
	attachment = ca;
	cfdata = data;
	/* The bus looks for a driver of what is there already. */
	if (is_stick_there)
		nb_plug();
	return 0;
}
RIG_KPI(config_init_component, "tables, writable, names, flags, functions, once");

static int
detach(int flags)
{
	device_t dev = the_device;
	int error = dev->attach->ca_detach(dev, flags);

	RIG_CHECK(error == 0 || (flags & DETACH_FORCE) == 0, "errno %d, though the device is gone", error);
	if (error != 0)
		return error;
	RIG_CHECK(!dev->has_pmf, "pmf_device_deregister is missing");
	nb_usb_detach();
	the_device = NULL;
	rig_free(dev->private, "softc", RIG_ANY_SIZE);
	rig_free(dev, "device", RIG_ANY_SIZE);
	return 0;
}

int
config_fini_component(struct cfdriver *const *drivers, const struct cfattachinit *attaches,
    struct cfdata *data)
{
	int error;

	rig_may_sleep("config_fini_component");
	if (!is_table("config_fini_component", drivers, attaches, data))
		return EINVAL;
	if (!RIG_CHECK(attachment == attaches[0].cfai_list[0] && cfdata == data, "not what was given"))
		return EINVAL;
	if (the_device != NULL && (error = detach(0)) != 0)
		return error;
	attachment = NULL;
	return 0;
}
RIG_KPI(config_fini_component, "what config_init_component got");

/* A priority above those of the kernel's own drivers. */
static int
match(struct usb_attach_arg *uaa)
{
	int level;
	struct usb_attach_arg other = *uaa;

	level = attachment->ca_match(NULL, cfdata, uaa);
	RIG_CHECK(level == UMATCH_NONE || level > UMATCH_VENDOR_PRODUCT, "match says %d", level);
	other.uaa_product = 0xfffe;
	RIG_CHECK(attachment->ca_match(NULL, cfdata, &other) == UMATCH_NONE, "matches what it does not know");
	return level;
}

int
nb_plug(void)
{
	struct usb_attach_arg uaa;
	device_t dev;

	is_stick_there = true;
	if (attachment == NULL)
		return ENXIO;
	nb_usb_attach(&uaa);
	if (match(&uaa) == UMATCH_NONE) {
		nb_usb_detach();
		return ENXIO;
	}
	dev = rig_alloc(sizeof(*dev), 16, "device", RIG_ZERO);
	rig_format(dev->name, sizeof(dev->name), "tern0");
	dev->attach = attachment;
	dev->private = rig_alloc(attachment->ca_devsize, 16, "softc", RIG_ZERO);
	the_device = dev;
	attachment->ca_attach(NULL, dev, &uaa);
	RIG_CHECK(rig_locks_held() == 0, "%s is held after attach", rig_lock_other(NULL));
	/* attach cannot say that it failed: there is no interface then. */
	if (nb_the_interface() != NULL)
		return 0;
	RIG_CHECK(!dev->has_pmf, "a device that cannot be used has a power handler");
	detach(rig_usb_is_plugged() ? 0 : DETACH_FORCE);
	return ENXIO;
}

int
nb_unplug(bool is_gone)
{
	int error;

	if (is_gone)
		is_stick_there = false;
	if (the_device == NULL)
		return ENXIO;
	if (is_gone) {
		error = the_device->attach->ca_activate(the_device, DVACT_DEACTIVATE);
		RIG_CHECK(error == 0, "deactivating says errno %d", error);
	}
	return detach(is_gone ? DETACH_FORCE : 0);
}

bool
nb_is_device(const char *kpi, device_t dev)
{
	if (dev != NULL && dev == the_device)
		return true;
	rig_faultf("%s: a device that is none", kpi);
	return false;
}

device_t
nb_device(void)
{
	return the_device;
}

void *
device_private(device_t dev)
{
	return nb_is_device("device_private", dev) ? dev->private : NULL;
}
RIG_KPI(device_private, "device");

const char *
device_xname(device_t dev)
{
	return nb_is_device("device_xname", dev) ? dev->name : "?";
}
RIG_KPI(device_xname, "device");

void
nb_check_bus(void)
{
	RIG_CHECK(the_device == NULL, "the device is still attached");
	RIG_CHECK(attachment == NULL, "the driver is still known");
}

/*
 * Power.
 */
bool
pmf_device_register1(device_t dev, bool (*suspend)(device_t, const pmf_qual_t *),
    bool (*resume)(device_t, const pmf_qual_t *), bool (*shutdown)(device_t, int))
{
	if (!nb_is_device("pmf_device_register1", dev))
		return false;
	RIG_CHECK(!dev->has_pmf, "twice");
	RIG_CHECK(suspend == NULL || rig_is_code(suspend), "no function");
	RIG_CHECK(resume == NULL || rig_is_code(resume), "no function");
	dev->has_pmf = true;
	dev->suspend = suspend;
	dev->resume = resume;
	return true;
}
RIG_KPI(pmf_device_register1, "device, functions, once");

void
pmf_device_deregister(device_t dev)
{
	if (!nb_is_device("pmf_device_deregister", dev))
		return;
	RIG_CHECK(dev->has_pmf, "not registered");
	dev->has_pmf = false;
}
RIG_KPI(pmf_device_deregister, "device, registered");

int
nb_suspend(void)
{
	if (the_device == NULL || !the_device->has_pmf)
		return ENXIO;
	return the_device->suspend == NULL || the_device->suspend(the_device, NULL) ? 0 : EIO;
}

int
nb_resume(void)
{
	if (the_device == NULL || !the_device->has_pmf)
		return ENXIO;
	return the_device->resume == NULL || the_device->resume(the_device, NULL) ? 0 : EIO;
}

/*
 * sysctl: the nodes of one log, below hw.
 */
struct sysctllog {
	struct sysctlnode nodes[NODES_MAX];
	unsigned n;
};

static struct sysctllog *the_log;
static char *shown;
static size_t room;

#undef sysctl_createv
int
sysctl_createv(struct sysctllog **log, int cflags, const struct sysctlnode **root,
    const struct sysctlnode **out, int flags, int type, const char *name, const char *description,
    sysctlfn function, u_quad_t value, void *data, size_t size, ...)
{
	struct sysctlnode *node;

	rig_may_sleep("sysctl_createv");
	nb_is_name("sysctl_createv", name);
	RIG_CHECK(log != NULL, "without a log: nobody removes it");
	RIG_CHECK(type == CTLTYPE_NODE ? function == NULL : rig_is_code(function), "no function");
	RIG_CHECK(type == CTLTYPE_NODE ? root == NULL : root != NULL && *root != NULL, "in the wrong place");
	RIG_CHECK((flags & ~CTLFLAG_READWRITE) == 0, "flags %#x", (unsigned)flags);
	if (*log == NULL)
		*log = the_log = rig_alloc(sizeof(**log), 16, "sysctl log", RIG_ZERO);
	if (!RIG_CHECK((*log)->n < NODES_MAX, "too many"))
		return ENOMEM;
	node = &(*log)->nodes[(*log)->n++];
	strlcpy(node->sysctl_name, name, sizeof(node->sysctl_name));
	node->sysctl_flags = SYSCTL_VERSION | type | flags;
	node->sysctl_func = function;
	node->sysctl_data = data;
	node->sysctl_size = size;
	if (out != NULL)
		*out = node;
	return 0;
}
RIG_KPI(sysctl_createv, "log, names, function, place, flags, sleeping");

void
sysctl_teardown(struct sysctllog **log)
{
	rig_may_sleep("sysctl_teardown");
	if (*log == NULL)
		return;
	RIG_CHECK(*log == the_log, "a log that is none");
	rig_free(*log, "sysctl log", RIG_ANY_SIZE);
	*log = the_log = NULL;
}
RIG_KPI(sysctl_teardown, "log, sleeping");

int
sysctl_lookup(SYSCTLFN_ARGS)
{
	size_t len = rnode->sysctl_size;

	RIG_CHECK(SYSCTL_TYPE(rnode->sysctl_flags) == CTLTYPE_STRING, "a type that nobody asked for");
	RIG_CHECK(rig_is_readable(rnode->sysctl_data, len), "%zu bytes that are not there", len);
	RIG_CHECK(len > 0 && ((char *)rnode->sysctl_data)[len - 1] == '\0', "a string without an end");
	RIG_CHECK(oldp == shown && newp == NULL, "not what the user asked");
	if (len > room)
		len = room;
	memcpy(shown, rnode->sysctl_data, len);
	*oldlenp = len;
	return 0;
}
RIG_KPI(sysctl_lookup, "node, memory, end of the text");

int
nb_show(const char *what, char *text, size_t *len)
{
	unsigned i;

	for (i = 0; the_log != NULL && i < the_log->n; i++) {
		struct sysctlnode *node = &the_log->nodes[i];
		int error;

		if (strcmp(node->sysctl_name, what) != 0)
			continue;
		shown = text;
		room = *len;
		error = node->sysctl_func(NULL, 0, text, len, NULL, 0, NULL, NULL, node);
		/* The text's end is no part of it. */
		if (error == 0 && *len > 0 && text[*len - 1] == '\0')
			(*len)--;
		return error;
	}
	return ENOENT;
}
