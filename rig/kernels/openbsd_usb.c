/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * OpenBSD: autoconf, usbd_*, soft interrupts. All of USB runs under the kernel lock. A pipe carries out
 * one transfer after the other; callbacks come in a soft interrupt, or from inside usbd_abort_pipe.
 */
#include "openbsd.h"

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

#define USB_CALLBACK "a USB callback"
#define SOFTINTR "a soft interrupt"
#define CONFIG_LEN 256
#define REQUEST_GET_DESCRIPTOR 6
#define DESCRIPTOR_DEVICE 1
#define DESCRIPTOR_CONFIG 2
#define DESCRIPTOR_INTERFACE 4
#define DESCRIPTOR_ENDPOINT 5
#define ENDPOINTS_MAX 16
#define USBD_INVAL_STATUS 4 /* dev/usb/usbdi.h: USBD_INVAL and USBD_TIMEOUT */
#define USBD_TIMEOUT_STATUS 15
#define USBD_SHORT_STATUS 16

struct usbd_interface {
	usb_interface_descriptor_t *descriptor;
	usb_endpoint_descriptor_t *endpoints[ENDPOINTS_MAX];
	unsigned n_endpoints;
};

struct usbd_device {
	uint8_t device[18];
	uint8_t config[CONFIG_LEN];
	struct usbd_interface iface;
	bool is_dying;
	int refs;
};

struct usbd_pipe {
	usb_endpoint_descriptor_t *endpoint;
	SIMPLEQ_HEAD(, usbd_xfer) queue; /* the first is on the bus, if is_running */
	bool is_running, is_aborting;
};

struct usbd_xfer {
	SIMPLEQ_ENTRY(usbd_xfer) next;
	struct usbd_device *device;
	struct usbd_pipe *pipe;
	void *priv, *own_buffer, *buffer;
	uint32_t size, len, actual;
	uint16_t flags;
	usbd_callback callback;
	usbd_status status;
	bool is_queued;
};

static struct usbd_device *udev;

static bool
check_device(const char *kpi, struct usbd_device *device)
{
	ob_check_kernel_locked(kpi);
	if (udev != NULL && device == udev)
		return (true);
	rig_faultf("%s: a USB device that is none", kpi);
	return (false);
}

static bool
check_iface(const char *kpi, struct usbd_interface *iface)
{
	if (udev != NULL && iface == &udev->iface)
		return (true);
	rig_faultf("%s: a USB interface that is none", kpi);
	return (false);
}

static bool
check_pipe(const char *kpi, struct usbd_pipe *pipe)
{
	ob_check_kernel_locked(kpi);
	if (pipe != NULL && rig_size(pipe) == sizeof(*pipe))
		return (true);
	rig_faultf("%s: a pipe that is none", kpi);
	return (false);
}

static bool
check_xfer(const char *kpi, struct usbd_xfer *xfer)
{
	ob_check_kernel_locked(kpi);
	if (xfer != NULL && rig_size(xfer) == sizeof(*xfer))
		return (true);
	rig_faultf("%s: a transfer that is none", kpi);
	return (false);
}

static usbd_status
usb_status(enum rig_usb_status status)
{
	switch (status) {
	case RIG_USB_OK:
		return (USBD_NORMAL_COMPLETION);
	case RIG_USB_STALLED:
		return (USBD_STALLED);
	case RIG_USB_CANCELLED:
		return (USBD_CANCELLED);
	case RIG_USB_TIMEOUT:
		return (USBD_TIMEOUT_STATUS);
	default:
		return (USBD_IOERROR);
	}
}

int
usbd_is_dying(struct usbd_device *device)
{
	return (!check_device("usbd_is_dying", device) || device->is_dying);
}
RIG_KPI(usbd_is_dying, "device, kernel lock");

void
usbd_ref_incr(struct usbd_device *device)
{
	if (check_device("usbd_ref_incr", device))
		device->refs++;
}
RIG_KPI(usbd_ref_incr, "device, kernel lock");

void
usbd_ref_decr(struct usbd_device *device)
{
	if (!check_device("usbd_ref_decr", device))
		return;
	RIG_CHECK(device->refs > 0, "more than there were");
	if (--device->refs == 0)
		rig_wakeup(&device->refs, UINT32_MAX);
}
RIG_KPI(usbd_ref_decr, "device, kernel lock, count");

void
usbd_ref_wait(struct usbd_device *device)
{
	rig_may_sleep("usbd_ref_wait");
	if (!check_device("usbd_ref_wait", device))
		return;
	while (device->refs > 0)
		ob_sleep(&device->refs, "usbref", RIG_NO_TIMEOUT, 0);
}
RIG_KPI(usbd_ref_wait, "device, kernel lock, sleeping");

usb_interface_descriptor_t *
usbd_get_interface_descriptor(struct usbd_interface *iface)
{
	if (!check_iface("usbd_get_interface_descriptor", iface))
		return (NULL);
	return (iface->descriptor);
}
RIG_KPI(usbd_get_interface_descriptor, "interface");

usb_endpoint_descriptor_t *
usbd_interface2endpoint_descriptor(struct usbd_interface *iface, u_int8_t index)
{
	if (!check_iface("usbd_interface2endpoint_descriptor", iface))
		return (NULL);
	return (index < iface->n_endpoints ? iface->endpoints[index] : NULL);
}
RIG_KPI(usbd_interface2endpoint_descriptor, "interface");

usbd_status
usbd_do_request_flags(struct usbd_device *device, usb_device_request_t *request, void *data,
    u_int16_t flags, int *actual, u_int32_t timeout)
{
	uint16_t len, done = 0;
	usbd_status status;

	if (!check_device("usbd_do_request", device) ||
	    !RIG_CHECK(rig_is_readable(request, sizeof(*request)), "no request"))
		return (USBD_INVAL_STATUS);
	rig_may_sleep("usbd_do_request");
	RIG_CHECK((flags & ~USBD_SHORT_XFER_OK) == 0, "flags %#x", flags);
	RIG_CHECK(timeout > 0 && timeout <= 5000, "%u ms", timeout);
	if (device->is_dying)
		return (USBD_IOERROR);
	len = UGETW(request->wLength);
	RIG_CHECK(len == 0 || (request->bmRequestType & UE_DIR_IN ? rig_is_writable(data, len) :
	    rig_is_readable(data, len)), "%u bytes that are no memory", len);
	/* The transfer waits, and whoever waits gives up the kernel lock. */
	ob_sleep(&done, "usbsyn", 1, 0);
	status = usb_status(rig_usb_control(request->bmRequestType, request->bRequest,
	    UGETW(request->wValue), UGETW(request->wIndex), data, len, &done));
	if (status == USBD_NORMAL_COMPLETION && done != len && (flags & USBD_SHORT_XFER_OK) == 0)
		status = USBD_SHORT_STATUS;
	if (actual != NULL)
		*actual = done;
	return (status);
}
RIG_KPI(usbd_do_request_flags, "device, request, memory, flags, time-out, kernel lock, sleeping");

usbd_status
usbd_open_pipe(struct usbd_interface *iface, u_int8_t address, u_int8_t flags,
    struct usbd_pipe **pipe)
{
	unsigned i;

	rig_may_sleep("usbd_open_pipe");
	if (!check_iface("usbd_open_pipe", iface))
		return (USBD_INVAL_STATUS);
	RIG_CHECK((flags & ~USBD_EXCLUSIVE_USE) == 0, "flags %#x", flags);
	RIG_CHECK(rig_is_writable(pipe, sizeof(*pipe)), "no room");
	if (udev->is_dying)
		return (USBD_IOERROR);
	for (i = 0; i < iface->n_endpoints; i++)
		if (iface->endpoints[i]->bEndpointAddress == address)
			break;
	if (i == iface->n_endpoints)
		return (USBD_INVAL_STATUS);
	*pipe = rig_alloc(sizeof(**pipe), 16, "usb pipe", RIG_ZERO);
	(*pipe)->endpoint = iface->endpoints[i];
	SIMPLEQ_INIT(&(*pipe)->queue);
	return (USBD_NORMAL_COMPLETION);
}
RIG_KPI(usbd_open_pipe, "interface, flags, room, sleeping");

struct usbd_xfer *
usbd_alloc_xfer(struct usbd_device *device)
{
	struct usbd_xfer *xfer;

	if (!check_device("usbd_alloc_xfer", device))
		return (NULL);
	xfer = rig_alloc(sizeof(*xfer), 16, "usb transfer", RIG_ZERO | RIG_MAY_FAIL);
	if (xfer != NULL)
		xfer->device = device;
	return (xfer);
}
RIG_KPI(usbd_alloc_xfer, "device, kernel lock");

void *
usbd_alloc_buffer(struct usbd_xfer *xfer, u_int32_t size)
{
	if (!check_xfer("usbd_alloc_buffer", xfer))
		return (NULL);
	RIG_CHECK(xfer->own_buffer == NULL, "it has one");
	RIG_CHECK(size > 0 && size <= 65536, "%u bytes", size);
	xfer->own_buffer = rig_alloc(size, 16, "usb buffer", RIG_ZERO | RIG_MAY_FAIL);
	xfer->size = size;
	return (xfer->own_buffer);
}
RIG_KPI(usbd_alloc_buffer, "transfer, size, twice, kernel lock");

void
usbd_free_xfer(struct usbd_xfer *xfer)
{
	if (!check_xfer("usbd_free_xfer", xfer))
		return;
	if (!RIG_CHECK(!xfer->is_queued, "it is still in a pipe"))
		return;
	if (xfer->own_buffer != NULL)
		rig_free(xfer->own_buffer, "usb buffer", RIG_ANY_SIZE);
	rig_free(xfer, "usb transfer", RIG_ANY_SIZE);
}
RIG_KPI(usbd_free_xfer, "transfer, not in use, kernel lock");

void
usbd_setup_xfer(struct usbd_xfer *xfer, struct usbd_pipe *pipe, void *priv, void *buffer,
    u_int32_t len, u_int16_t flags, u_int32_t timeout, usbd_callback callback)
{
	int known = USBD_NO_COPY | USBD_SHORT_XFER_OK | USBD_FORCE_SHORT_XFER;

	if (!check_xfer("usbd_setup_xfer", xfer) || !check_pipe("usbd_setup_xfer", pipe))
		return;
	RIG_CHECK(!xfer->is_queued, "it is in use");
	RIG_CHECK((flags & ~known) == 0, "flags %#x", flags);
	RIG_CHECK(callback != NULL && rig_is_code(callback), "no callback");
	RIG_CHECK(timeout <= 60000, "%u ms", timeout);
	/* Without USBD_NO_COPY the buffer is copied to memory that the controller reaches, and back. */
	RIG_CHECK((flags & USBD_NO_COPY) == 0 || buffer == xfer->own_buffer,
	    "USBD_NO_COPY, and not the transfer's own buffer");
	RIG_CHECK(len <= xfer->size, "%u bytes, the buffer has %u", len, xfer->size);
	xfer->pipe = pipe;
	xfer->priv = priv;
	xfer->buffer = buffer;
	xfer->len = len;
	xfer->flags = flags;
	xfer->callback = callback;
	xfer->actual = 0;
	xfer->status = 3; /* USBD_NOT_STARTED */
}
RIG_KPI(usbd_setup_xfer, "transfer, pipe, buffer, length, flags, callback, in use, kernel lock");

static void
start_next(struct usbd_pipe *pipe)
{
	struct usbd_xfer *xfer = SIMPLEQ_FIRST(&pipe->queue);

	pipe->is_running = xfer != NULL;
	if (xfer == NULL)
		return;
	xfer->status = USBD_IN_PROGRESS;
	rig_usb_start(xfer, pipe->endpoint->bEndpointAddress, xfer->buffer, xfer->len);
}

usbd_status
usbd_transfer(struct usbd_xfer *xfer)
{
	if (!check_xfer("usbd_transfer", xfer))
		return (USBD_INVAL_STATUS);
	if (!RIG_CHECK(xfer->pipe != NULL && !xfer->is_queued,
	    "it is in use, or was not set up (usbd_setup_xfer)"))
		return (USBD_INVAL_STATUS);
	if (xfer->device->is_dying)
		return (USBD_IOERROR);
	if (xfer->pipe->is_aborting)
		return (USBD_CANCELLED);
	xfer->is_queued = true;
	SIMPLEQ_INSERT_TAIL(&xfer->pipe->queue, xfer, next);
	if (!xfer->pipe->is_running)
		start_next(xfer->pipe);
	return (USBD_IN_PROGRESS);
}
RIG_KPI(usbd_transfer, "transfer, set up, in use, kernel lock");

void
usbd_get_xfer_status(struct usbd_xfer *xfer, void **priv, void **buffer, u_int32_t *count,
    usbd_status *status)
{
	if (!check_xfer("usbd_get_xfer_status", xfer))
		return;
	if (priv != NULL)
		*priv = xfer->priv;
	if (buffer != NULL)
		*buffer = xfer->buffer;
	if (count != NULL)
		*count = xfer->actual;
	if (status != NULL)
		*status = xfer->status;
}
RIG_KPI(usbd_get_xfer_status, "transfer");

/* The first transfer of a pipe is over. */
static void
complete(struct usbd_xfer *xfer, usbd_status status, uint32_t actual)
{
	struct usbd_pipe *pipe = xfer->pipe;
	struct ob_call call;

	SIMPLEQ_REMOVE_HEAD(&pipe->queue, next);
	xfer->is_queued = false;
	xfer->actual = actual;
	if (status == USBD_NORMAL_COMPLETION && actual < xfer->len &&
	    (xfer->flags & USBD_SHORT_XFER_OK) == 0)
		status = USBD_SHORT_STATUS;
	xfer->status = status;
	pipe->is_running = false;
	call = ob_call_begin(USB_CALLBACK, RIG_NO_SLEEP);
	xfer->callback(xfer, xfer->priv, status);
	ob_call_end(call, USB_CALLBACK);
	/* The transfer may be gone; a callback may have started another one. */
	if (!pipe->is_running && !pipe->is_aborting)
		start_next(pipe);
}

void
usbd_abort_pipe(struct usbd_pipe *pipe)
{
	struct usbd_xfer *xfer;

	rig_may_sleep("usbd_abort_pipe");
	if (!check_pipe("usbd_abort_pipe", pipe))
		return;
	RIG_CHECK(!rig_in_scope(USB_CALLBACK), "in a callback");
	pipe->is_aborting = true;
	while ((xfer = SIMPLEQ_FIRST(&pipe->queue)) != NULL) {
		if (pipe->is_running) {
			rig_usb_cancel(xfer);
			while (SIMPLEQ_FIRST(&pipe->queue) == xfer && pipe->is_running)
				ob_sleep(pipe, "usbabort", RIG_NO_TIMEOUT, 0);
		} else {
			complete(xfer, USBD_CANCELLED, 0);
		}
	}
	pipe->is_aborting = false;
}
RIG_KPI(usbd_abort_pipe, "pipe, kernel lock, not in a callback, sleeping");

usbd_status
usbd_close_pipe(struct usbd_pipe *pipe)
{
	rig_may_sleep("usbd_close_pipe");
	if (!check_pipe("usbd_close_pipe", pipe))
		return (USBD_INVAL_STATUS);
	RIG_CHECK(SIMPLEQ_EMPTY(&pipe->queue), "transfers are still in it");
	rig_free(pipe, "usb pipe", RIG_ANY_SIZE);
	return (USBD_NORMAL_COMPLETION);
}
RIG_KPI(usbd_close_pipe, "pipe, empty, kernel lock, sleeping");

usbd_status
usbd_clear_endpoint_stall_async(struct usbd_pipe *pipe)
{
	check_pipe("usbd_clear_endpoint_stall_async", pipe);
	return (USBD_NORMAL_COMPLETION);
}
RIG_KPI(usbd_clear_endpoint_stall_async, "pipe, kernel lock");

/* The controller's soft interrupt. */
static void
interrupt_main(void *arg __unused)
{
	for (;;) {
		struct rig_usb_done done;
		struct usbd_xfer *xfer;
		struct usbd_pipe *pipe;

		rig_usb_wait(&done);
		ob_lock_kernel();
		xfer = (struct usbd_xfer *)done.transfer;
		pipe = xfer->pipe;
		complete(xfer, usb_status(done.status), done.len);
		rig_wakeup(pipe, UINT32_MAX);
		ob_unlock_kernel();
		rig_yield();
	}
}

/*
 * Soft interrupts: on one processor nothing of theirs preempts another, and all need the kernel lock.
 */
struct softintr {
	struct softintr *next;
	void (*func)(void *);
	void *arg;
	bool is_pending, is_running;
};

static struct softintr *first_pending;

void *
softintr_establish(int ipl, void (*func)(void *), void *arg)
{
	struct softintr *si;

	RIG_CHECK(ipl == IPL_SOFTNET || ipl == IPL_SOFTCLOCK || ipl == IPL_SOFTTTY, "IPL %#x", ipl);
	RIG_CHECK(rig_is_code(func), "no function");
	si = rig_alloc(sizeof(*si), 16, SOFTINTR, RIG_ZERO | RIG_MAY_FAIL);
	if (si != NULL) {
		si->func = func;
		si->arg = arg;
	}
	return (si);
}
RIG_KPI(softintr_establish, "IPL, function");

static bool
check_softintr(const char *kpi, struct softintr *si)
{
	if (si != NULL && rig_size(si) == sizeof(*si))
		return (true);
	rig_faultf("%s: a soft interrupt that is none", kpi);
	return (false);
}

void
softintr_schedule(void *arg)
{
	struct softintr *si = arg, **last = &first_pending;

	if (!check_softintr("softintr_schedule", si) || si->is_pending)
		return;
	si->is_pending = true;
	si->next = NULL;
	while (*last != NULL)
		last = &(*last)->next;
	*last = si;
	rig_wakeup(&first_pending, UINT32_MAX);
}
RIG_KPI(softintr_schedule, "soft interrupt");

void
softintr_disestablish(void *arg)
{
	struct softintr *si = arg, **at;

	rig_may_sleep("softintr_disestablish");
	if (!check_softintr("softintr_disestablish", si))
		return;
	for (at = &first_pending; *at != NULL; at = &(*at)->next)
		if (*at == si) {
			*at = si->next;
			break;
		}
	while (si->is_running)
		ob_sleep(si, "softintr", RIG_NO_TIMEOUT, 0);
	rig_free(si, SOFTINTR, RIG_ANY_SIZE);
}
RIG_KPI(softintr_disestablish, "soft interrupt, sleeping");

static void
softintr_main(void *arg __unused)
{
	for (;;) {
		struct softintr *si = first_pending;
		struct ob_call call;

		if (si == NULL) {
			rig_idle(&first_pending, "soft interrupts");
			continue;
		}
		first_pending = si->next;
		si->is_pending = false;
		si->is_running = true;
		ob_lock_kernel();
		call = ob_call_begin(SOFTINTR, RIG_NO_SLEEP);
		si->func(si->arg);
		ob_call_end(call, SOFTINTR);
		ob_unlock_kernel();
		si->is_running = false;
		rig_wakeup(si, UINT32_MAX);
		rig_yield();
	}
}

void
ob_usb_boot(void)
{
	rig_thread_create(interrupt_main, NULL, "xhci softintr");
	rig_thread_create(softintr_main, NULL, "softintr");
}

/*
 * Autoconf: one device, of what the kernel was linked with.
 */
#define SOFTC "softc"

static const struct cfattach *attachment;
static struct cfdriver *driver;
static struct device *device, hub = { .dv_xname = "uhub0" };
static struct rwlock usbpalock;

int
ob_load(void)
{
	attachment = rig_symbol("tern_ca");
	driver = (struct cfdriver *)rig_symbol("tern_cd");
	if (attachment == NULL || driver == NULL) {
		rig_fault("link: ioconf.c finds no tern_ca or tern_cd");
		return (ENOEXEC);
	}
	RIG_CHECK(rig_is_writable(driver, sizeof(*driver)), "a cfdriver that cannot be written");
	RIG_CHECK(rig_is_string(driver->cd_name, 16) && strcmp(driver->cd_name, "tern") == 0,
	    "a cfdriver of another name");
	RIG_CHECK(driver->cd_class == DV_IFNET, "device class %d", driver->cd_class);
	RIG_CHECK(attachment->ca_devsize >= sizeof(struct device), "a softc of %zu bytes",
	    attachment->ca_devsize);
	RIG_CHECK(rig_is_code(attachment->ca_match) && rig_is_code(attachment->ca_attach) &&
	    rig_is_code(attachment->ca_detach) && rig_is_code(attachment->ca_activate),
	    "a cfattach without functions");
	if (!rig_object_is(&usbpalock, "lock"))
		_rw_init_flags(&usbpalock, "usbpalock", 0, NULL, 0);
	return (0);
}

/* There are no modules: a kernel without it is another kernel, and devices end with this one. */
int
ob_unload(void)
{
	if (device != NULL)
		ob_unplug(false);
	attachment = NULL;
	driver = NULL;
	return (0);
}

static void
read_descriptors(void)
{
	uint16_t done = 0, at;

	rig_usb_control(UE_DIR_IN, REQUEST_GET_DESCRIPTOR, DESCRIPTOR_DEVICE << 8, 0, udev->device,
	    sizeof(udev->device), &done);
	rig_usb_control(UE_DIR_IN, REQUEST_GET_DESCRIPTOR, DESCRIPTOR_CONFIG << 8, 0, udev->config,
	    CONFIG_LEN, &done);
	for (at = 0; at + 2 <= done && udev->config[at] != 0; at += udev->config[at]) {
		struct usbd_interface *iface = &udev->iface;
		void *descriptor = &udev->config[at];

		if (udev->config[at + 1] == DESCRIPTOR_INTERFACE)
			iface->descriptor = descriptor;
		if (udev->config[at + 1] == DESCRIPTOR_ENDPOINT && iface->n_endpoints < ENDPOINTS_MAX)
			iface->endpoints[iface->n_endpoints++] = descriptor;
	}
}

static int
match(struct usb_attach_arg *uaa)
{
	struct cfdata cf = { .cf_attach = attachment, .cf_driver = driver };
	struct ob_call call = ob_call_begin("a match", RIG_NO_SLEEP);
	int result = attachment->ca_match(&hub, &cf, uaa);

	ob_call_end(call, "a match");
	return (result);
}

static void
attach(struct usb_attach_arg *uaa)
{
	struct ob_call call;

	device = rig_alloc(attachment->ca_devsize, 16, SOFTC, RIG_ZERO);
	device->dv_class = driver->cd_class;
	device->dv_flags = DVF_ACTIVE;
	device->dv_ref = 1;
	device->dv_parent = &hub;
	strlcpy(device->dv_xname, "tern0", sizeof(device->dv_xname));
	printf("tern0 at uhub0 port %d\n", uaa->port);
	call = ob_call_begin(NULL, 0);
	attachment->ca_attach(&hub, device, uaa);
	ob_call_end(call, NULL);
}

int
ob_plug(void)
{
	struct usb_attach_arg uaa = { .port = 1, .configno = -1, .ifaceno = -1 };
	int level;

	if (attachment == NULL)
		return (ENXIO);
	ob_lock_kernel();
	rw_enter(&usbpalock, RW_WRITE);
	udev = rig_alloc(sizeof(*udev), 16, "usb device", RIG_ZERO);
	read_descriptors();
	uaa.device = udev;
	uaa.vendor = udev->device[8] | udev->device[9] << 8;
	uaa.product = udev->device[10] | udev->device[11] << 8;
	/* First the drivers of whole devices are asked, then those of interfaces. */
	RIG_CHECK(match(&uaa) == UMATCH_NONE, "takes the device before it is configured");
	uaa.configno = udev->config[5];
	uaa.iface = &udev->iface;
	uaa.ifaceno = 0;
	level = match(&uaa);
	/* urtwn(4) says UMATCH_VENDOR_PRODUCT_CONF_IFACE, one less. */
	RIG_CHECK(level == UMATCH_NONE || level > UMATCH_VENDOR_PRODUCT_REV_CONF_IFACE - 1,
	    "urtwn(4) would take the device");
	if (level != UMATCH_NONE)
		attach(&uaa);
	memset(&uaa, 0xa5, sizeof(uaa)); /* it was only lent */
	if (level == UMATCH_NONE) {
		rig_free(udev, "usb device", RIG_ANY_SIZE);
		udev = NULL;
	}
	rw_exit(&usbpalock);
	ob_unlock_kernel();
	return (level != UMATCH_NONE ? 0 : ENXIO);
}

static int
activate(int act)
{
	struct ob_call call;
	int error;

	ob_lock_kernel();
	call = ob_call_begin(NULL, 0);
	error = attachment->ca_activate(device, act);
	ob_call_end(call, NULL);
	ob_unlock_kernel();
	return (error);
}

static void
check_given_back(const char *tag)
{
	if (rig_live(tag) != 0)
		rig_faultf("detach: %zu of %s were not given back", rig_live(tag), tag);
}

int
ob_unplug(bool is_gone)
{
	struct ob_call call;
	int error;

	if (device == NULL)
		return (ENXIO);
	ob_lock_kernel();
	udev->is_dying = is_gone;
	error = activate(DVACT_DEACTIVATE);
	RIG_CHECK(error == 0, "it does not let itself be deactivated: %d", error);
	call = ob_call_begin(NULL, 0);
	error = attachment->ca_detach(device, DETACH_FORCE);
	ob_call_end(call, NULL);
	if (error != 0)
		rig_dief("panic: config_detach: forced detach of tern0 failed (%d)", error);
	printf("tern0 detached\n");
	rig_free(device, SOFTC, RIG_ANY_SIZE);
	device = NULL;
	check_given_back("usb pipe");
	check_given_back("usb transfer");
	check_given_back(SOFTINTR);
	RIG_CHECK(udev->refs == 0, "references to the USB device are left");
	rig_free(udev, "usb device", RIG_ANY_SIZE);
	udev = NULL;
	ob_unlock_kernel();
	return (0);
}

int
ob_suspend(void)
{
	int error = activate(DVACT_QUIESCE);

	return (error != 0 ? error : activate(DVACT_SUSPEND));
}

int
ob_resume(void)
{
	int error = activate(DVACT_RESUME);

	return (error != 0 ? error : activate(DVACT_WAKEUP));
}

void
config_mountroot(struct device *self, void (*func)(struct device *))
{
	RIG_CHECK(self == device, "another device");
	RIG_CHECK(rig_is_code(func), "no function");
	func(self);
}
RIG_KPI(config_mountroot, "device, function");

const char *
ob_device_name(void)
{
	return (device != NULL ? device->dv_xname : NULL);
}

void
ob_usb_check(void)
{
	RIG_CHECK(device == NULL, "the device is still there");
	RIG_CHECK(first_pending == NULL, "a soft interrupt is still to come");
}
