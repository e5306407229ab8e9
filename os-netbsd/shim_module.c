/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* The module, and devices that come and go. */
#include "shim.h"

#include <sys/module.h>
#include <sys/pmf.h>

#include "ids.h"

#define USB_LOCATORS	6

MODULE(MODULE_CLASS_DRIVER, tern, NULL);

static int tern_match(device_t, cfdata_t, void *);
static void tern_attach(device_t, device_t, void *);
static int tern_detach(device_t, int);
static int tern_activate(device_t, enum devact);

/* What config(1) would write into ioconf.c. The kernel links all of it into lists: none is const. */
CFDRIVER_DECL(tern, DV_IFNET, NULL);
CFATTACH_DECL_NEW(tern, sizeof(struct tern_dev), tern_match, tern_attach, tern_detach, tern_activate);

static struct cfdriver *drivers[] = { &tern_cd, NULL };
static struct cfattach *attachments[] = { &tern_ca, NULL };
static const struct cfattachinit attach_init[] = { { "tern", attachments }, { NULL, NULL } };
static int any_place[USB_LOCATORS] = { -1, -1, -1, -1, -1, -1 };
static const struct cfparent parent = { "usbdevif", NULL, DVUNIT_ANY };
static struct cfdata devices[] = {
	{
		.cf_name = "tern",
		.cf_atname = "tern",
		.cf_unit = 0,
		.cf_fstate = FSTATE_STAR,
		.cf_loc = any_place,
		.cf_pspec = &parent,
	},
	{ .cf_name = NULL },
};

/* One above what drivers of the kernel's say to the same ids. */
static int
tern_match(device_t up, cfdata_t match, void *aux)
{
#define ID(vendor, product) { vendor, product },
	static const uint16_t ids[][2] = { TERN_USB_IDS(ID) };
#undef ID
	const struct usb_attach_arg *uaa = aux;
	size_t i;

	for (i = 0; i < __arraycount(ids); i++)
		if (ids[i][0] == uaa->uaa_vendor && ids[i][1] == uaa->uaa_product)
			return UMATCH_VENDOR_PRODUCT_REV;
	return UMATCH_NONE;
}

static bool
tern_sleep(device_t self, const pmf_qual_t *qual)
{
	struct tern_dev *dev = device_private(self);

	return tern_suspend(dev->rust) == 0;
}

static bool
tern_wake(device_t self, const pmf_qual_t *qual)
{
	struct tern_dev *dev = device_private(self);

	return tern_resume(dev->rust) == 0;
}

static int
start(struct tern_dev *dev, const struct usb_attach_arg *uaa)
{
	int error = shim_usb_open(dev);

	if (error == 0)
		dev->rust = tern_probe(dev, uaa->uaa_vendor, uaa->uaa_product, dev->n_out, &error);
	if (error == 0)
		error = shim_worker_start(dev);
	if (error == 0)
		error = shim_worker_ready(dev);
	if (error == 0)
		error = shim_interface_add(dev);
	return error;
}

/*
 * Core ends what goes on and answers every waiter; then its thread, the transfers, the interface
 * (which waits for every caller), and the memory.
 */
static void
finish(struct tern_dev *dev)
{
	shim_worker_join(dev);
	shim_usb_stop(dev);
	sysctl_teardown(&dev->log);
	shim_interface_remove(dev);
	shim_usb_close(dev);
	if (dev->rust != NULL)
		tern_free(dev->rust);
	dev->rust = NULL;
}

static void
tern_attach(device_t up, device_t self, void *aux)
{
	struct tern_dev *dev = device_private(self);
	const struct usb_attach_arg *uaa = aux;
	char *info;
	int error;

	dev->self = self;
	dev->udev = uaa->uaa_device;
	aprint_naive("\n");
	aprint_normal("\n");
	info = usbd_devinfo_alloc(dev->udev, 0);
	aprint_normal_dev(self, "%s\n", info);
	usbd_devinfo_free(info);
	shim_setup(dev);
	error = start(dev, uaa);
	if (error != 0) {
		aprint_error_dev(self, "cannot be used: error %d\n", error);
		finish(dev);
		return;
	}
	shim_sysctl_add(dev);
	if (!pmf_device_register(self, tern_sleep, tern_wake))
		aprint_error_dev(self, "no power handler\n");
	usbd_add_drv_event(USB_EVENT_DRIVER_ATTACH, dev->udev, self);
}

/* Also of a device that could not be used: its locks are still there. */
static int
tern_detach(device_t self, int flags)
{
	struct tern_dev *dev = device_private(self);
	bool was_used = dev->rust != NULL;

	dev->is_gone = (flags & DETACH_FORCE) != 0;
	if (was_used)
		pmf_device_deregister(self);
	finish(dev);
	if (was_used)
		usbd_add_drv_event(USB_EVENT_DRIVER_DETACH, dev->udev, self);
	shim_teardown(dev);
	return 0;
}

static int
tern_activate(device_t self, enum devact act)
{
	struct tern_dev *dev = device_private(self);

	if (act != DVACT_DEACTIVATE)
		return EOPNOTSUPP;
	dev->is_gone = true;
	if (dev->has_interface)
		if_deactivate(&dev->ec.ec_if);
	return 0;
}

static int
unload(void)
{
	unsigned int live[TERN_LIVE_COUNT];
	int error = config_fini_component(drivers, attach_init, devices);

	if (error != 0)
		return error;
	shim_live(live);
	printf("tern: unloaded: %u allocations, %u packets, %u transfers, %u threads left\n",
	    live[TERN_ALLOCATIONS], live[TERN_PACKETS], live[TERN_TRANSFERS], live[TERN_THREADS]);
	return 0;
}

static int
tern_modcmd(modcmd_t command, void *arg)
{
	switch (command) {
	case MODULE_CMD_INIT:
		return config_init_component(drivers, attach_init, devices);
	case MODULE_CMD_FINI:
		return unload();
	case MODULE_CMD_AUTOUNLOAD:
		return EBUSY;	/* a stick may be plugged in at any time */
	default:
		return ENOTTY;
	}
}
