// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* A stick comes and goes: what ioconf.c refers to. */
#include "ids.h"
#include "shim.h"

/* The release that the layouts are of. */
#if defined(OpenBSD7_8)
#define RELEASE "7.8"
#elif defined(OpenBSD7_9)
#define RELEASE "7.9"
#else
#error "struct layouts of this release were not looked at"
#endif

#ifndef WITNESS
/* Only a kernel with option WITNESS has it, and locks that are larger. */
extern const char witness_mtx_init[] __asm__("_mtx_init_flags") __attribute__((weak));
#endif

/* Structs differ between releases and with options: better no driver than a wrong one. */
static bool
fits_kernel(struct tern_dev *dev)
{
	bool fits = strcmp(osrelease, RELEASE) == 0;

#ifndef WITNESS
	fits = fits && witness_mtx_init == NULL;
#endif
	if (!fits)
		printf("%s: built for OpenBSD %s or other options, not for this %s kernel\n",
		       dev->self.dv_xname, RELEASE, osrelease);
	return fits;
}

static int
tern_match(struct device *parent, void *match, void *aux)
{
	struct usb_attach_arg *uaa = aux;

	if (uaa->iface == NULL || uaa->configno != 1)
		return UMATCH_NONE;
	/* One better than urtwn(4), which knows the same sticks. */
#define IS(v, p) if (uaa->vendor == (v) && uaa->product == (p)) \
		return UMATCH_VENDOR_PRODUCT_REV_CONF_IFACE;
	TERN_USB_IDS(IS)
#undef IS
	return UMATCH_NONE;
}

/*
 * Core ends what goes on and answers every waiter; then its thread, the transfers, the callers that
 * are still inside, the interface, and the memory. Whatever was not made is passed over.
 */
static void
dismantle(struct tern_dev *dev)
{
	dev->is_gone = true;
	if (dev->rust != NULL && dev->tq != NULL)
		tern_stop(dev->rust);
	shim_worker_join(dev);
	shim_usb_stop(dev);
	usbd_ref_wait(dev->udev);
	shim_net_detach(dev);
	if (dev->rust != NULL)
		tern_free(dev->rust);
	dev->rust = NULL;
	shim_usb_teardown(dev);
	shim_worker_teardown(dev);
}

static void
start(struct device *self)
{
	struct tern_dev *dev = (struct tern_dev *)self;
	int error = shim_usb_setup(dev);

	if (error == 0)
		dev->rust = tern_probe(dev, dev->vendor, dev->product, dev->n_out, &error);
	if (error == 0)
		error = shim_worker_start(dev);
	if (error == 0)
		error = shim_net_attach(dev);
	if (error != 0) {
		printf("%s: cannot be used: error %d\n", self->dv_xname, error);
		dismantle(dev);
	}
}

static void
tern_attach(struct device *parent, struct device *self, void *aux)
{
	struct tern_dev *dev = (struct tern_dev *)self;
	struct usb_attach_arg *uaa = aux;

	dev->udev = uaa->device;
	dev->iface = uaa->iface;
	dev->vendor = uaa->vendor;
	dev->product = uaa->product;
	dev->is_gone = true;
	if (!fits_kernel(dev))
		return;
	dev->is_gone = false;
	shim_worker_init(dev);
	/* Before there are threads there can be no worker. */
	if (cold)
		config_mountroot(self, start);
	else
		start(self);
}

static int
tern_detach(struct device *self, int flags)
{
	struct tern_dev *dev = (struct tern_dev *)self;

	if (!dev->is_gone)
		dismantle(dev);
	printf("%s: left: allocations %d packets %d transfers %d threads %d\n", self->dv_xname,
	       shim_live(TERN_ALLOCATIONS), shim_live(TERN_PACKETS), shim_live(TERN_TRANSFERS),
	       shim_live(TERN_THREADS));
	return 0;
}

/* QUIESCE and WAKEUP are the steps of a suspend that may sleep. */
static int
tern_activate(struct device *self, int act)
{
	struct tern_dev *dev = (struct tern_dev *)self;
	int error = 0;

	if (dev->is_gone)
		return 0;
	switch (act) {
	case DVACT_QUIESCE:
		error = tern_suspend(dev->rust);
		shim_usb_stop(dev);
		break;
	case DVACT_WAKEUP:
		shim_usb_restart(dev);
		error = tern_resume(dev->rust);
		break;
	}
	if (error != 0)
		printf("%s: error %d while %s\n", self->dv_xname, error,
		       act == DVACT_QUIESCE ? "suspending" : "resuming");
	/* A radio that does not come back is no reason to keep the machine awake. */
	return 0;
}

const struct cfattach tern_ca = {
	sizeof(struct tern_dev), tern_match, tern_attach, tern_detach, tern_activate
};

struct cfdriver tern_cd = { NULL, "tern", DV_IFNET };
