/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * FreeBSD: usbdi(9). A transfer's callback runs in the USB thread, under the mutex of its owner, once
 * for each start (USB_ST_SETUP) and once for each end of what it submitted.
 */
#include "freebsd.h"

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>
#include <dev/usb/usbdi_util.h>

#define CONFIG_LEN 256

struct usb_device {
	bool is_attached; /* a driver has it */
	uint8_t config[CONFIG_LEN];
	struct usb_device_descriptor device;
	struct usb_interface_descriptor *interface;
	struct usb_endpoint endpoints[16];
	unsigned n_endpoints;
};

struct usb_xfer {
	struct usb_device *udev;
	struct mtx *mtx;
	void *softc, *priv;
	struct usb_config config;
	uint8_t endpoint;
	uint8_t state;
	usb_error_t error;
	bool is_started; /* usbd_transfer_start, until usbd_transfer_stop */
	bool is_transferring; /* submitted, and no callback has told of the end of it */
	bool is_on_bus;
	bool wants_callback; /* queued for a callback */
	bool is_in_callback;
	bool has_frame;
	void *buffer, *own_buffer;
	usb_frlength_t len, actual;
	struct usb_xfer *next; /* of those that want a callback */
};

static struct usb_device *udev;
static struct usb_interface iface;
static struct usb_xfer *first_ready, **last_ready = &first_ready;

static bool
check_device(const char *kpi, struct usb_device *which)
{
	if (udev != NULL && which == udev)
		return (true);
	rig_faultf("%s: a USB device that is none", kpi);
	return (false);
}

static void
read_descriptors(void)
{
	uint16_t done, at;

	rig_usb_control(UT_READ_DEVICE, UR_GET_DESCRIPTOR, UDESC_DEVICE << 8, 0, &udev->device,
	    sizeof(udev->device), &done);
	rig_usb_control(UT_READ_DEVICE, UR_GET_DESCRIPTOR, UDESC_CONFIG << 8, 0, udev->config,
	    CONFIG_LEN, &done);
	for (at = 0; at + 2 <= done && udev->config[at] != 0; at += udev->config[at]) {
		struct usb_endpoint *ep = &udev->endpoints[udev->n_endpoints];

		switch (udev->config[at + 1]) {
		case UDESC_INTERFACE:
			udev->interface = (struct usb_interface_descriptor *)&udev->config[at];
			break;
		case UDESC_ENDPOINT:
			if (udev->n_endpoints < nitems(udev->endpoints)) {
				ep->edesc = (struct usb_endpoint_descriptor *)&udev->config[at];
				udev->n_endpoints++;
			}
			break;
		}
	}
}

void
fb_usb_attach(void)
{
	udev = rig_alloc(sizeof(*udev), 16, "usb device", RIG_ZERO);
	read_descriptors();
	iface.idesc = udev->interface;
	udev->is_attached = true;
}

void
fb_usb_detach(void)
{
	size_t live = rig_live("usb transfer");

	RIG_CHECK(live == 0, "%zu transfers were not given back (usbd_transfer_unsetup)", live);
	rig_free(udev, "usb device", RIG_ANY_SIZE);
	udev = NULL;
}

void
fb_usb_fill(struct usb_attach_arg *uaa)
{
	memset(uaa, 0, sizeof(*uaa));
	uaa->info.idVendor = UGETW(udev->device.idVendor);
	uaa->info.idProduct = UGETW(udev->device.idProduct);
	uaa->info.bcdDevice = UGETW(udev->device.bcdDevice);
	uaa->info.bInterfaceClass = UICLASS_VENDOR;
	uaa->info.bConfigNum = 1;
	uaa->device = udev;
	uaa->iface = &iface;
	uaa->usb_mode = USB_MODE_HOST;
}

int
usbd_lookup_id_by_uaa(const struct usb_device_id *id, usb_size_t size, struct usb_attach_arg *uaa)
{
	const struct usb_device_id *end;

	RIG_CHECK(size % sizeof(*id) == 0, "a table of %u bytes", (unsigned)size);
	if (!RIG_CHECK(rig_is_readable(id, size), "no table"))
		return (ENXIO);
	for (end = id + size / sizeof(*id); id < end; id++) {
		if (id->match_flag_vendor && id->idVendor != uaa->info.idVendor)
			continue;
		if (id->match_flag_product && id->idProduct != uaa->info.idProduct)
			continue;
		RIG_CHECK(id->match_flag_vendor && id->match_flag_product, "matches too much");
		uaa->driver_info = id->driver_info;
		return (BUS_PROBE_DEFAULT);
	}
	return (ENXIO);
}
RIG_KPI(usbd_lookup_id_by_uaa, "table, each entry names a device");

const char *
usbd_errstr(usb_error_t error)
{
	static char text[32];

	RIG_CHECK((unsigned)error < USB_ERR_MAX, "error %d", (int)error);
	rig_format(text, sizeof(text), "USB_ERR %d", (int)error);
	return (text);
}
RIG_KPI(usbd_errstr, "number");

uint8_t
usbd_device_attached(struct usb_device *which)
{
	return (check_device("usbd_device_attached", which) && rig_usb_is_plugged());
}
RIG_KPI(usbd_device_attached, "device");

struct usb_interface *
usbd_get_iface(struct usb_device *which, uint8_t index)
{
	return (check_device("usbd_get_iface", which) && index == 0 ? &iface : NULL);
}
RIG_KPI(usbd_get_iface, "device");

static usb_error_t
usb_error(enum rig_usb_status status)
{
	switch (status) {
	case RIG_USB_OK:
		return (USB_ERR_NORMAL_COMPLETION);
	case RIG_USB_STALLED:
		return (USB_ERR_STALLED);
	case RIG_USB_CANCELLED:
		return (USB_ERR_CANCELLED);
	case RIG_USB_TIMEOUT:
		return (USB_ERR_TIMEOUT);
	default:
		return (USB_ERR_IOERROR);
	}
}

usb_error_t
usbd_do_request_flags(struct usb_device *which, struct mtx *mtx, struct usb_device_request *request,
    void *data, uint16_t flags, uint16_t *actual, usb_timeout_t timeout)
{
	uint16_t len, done = 0;
	usb_error_t error;

	if (!check_device("usbd_do_request", which))
		return (USB_ERR_INVAL);
	if (!RIG_CHECK(rig_is_readable(request, sizeof(*request)), "no request"))
		return (USB_ERR_INVAL);
	RIG_CHECK((flags & ~(USB_SHORT_XFER_OK | USB_DELAY_STATUS_STAGE)) == 0, "flags %#x", flags);
	RIG_CHECK(timeout > 0 && timeout <= USB_DEFAULT_TIMEOUT, "%u ms", (unsigned)timeout);
	if (mtx != NULL) {
		RIG_CHECK(rig_lock_held(mtx), "its mutex is not held");
		mtx_unlock(mtx);
	}
	len = UGETW(request->wLength);
	RIG_CHECK(len == 0 || data != NULL, "%u bytes of nothing", len);
	error = usb_error(rig_usb_control(request->bmRequestType, request->bRequest,
	    UGETW(request->wValue), UGETW(request->wIndex), data, len, &done));
	if (error == 0 && done != len && (flags & USB_SHORT_XFER_OK) == 0)
		error = USB_ERR_SHORT_XFER;
	if (mtx != NULL)
		mtx_lock(mtx);
	if (actual != NULL)
		*actual = done;
	return (error);
}
RIG_KPI(usbd_do_request_flags, "device, request, memory, flags, time-out, mutex, sleeping");

/* The index-th endpoint that a configuration describes; null without. */
struct usb_endpoint *
usbd_get_endpoint(struct usb_device *which, uint8_t iface_index, const struct usb_config *config)
{
	unsigned i, index;

	if (!check_device("usbd_get_endpoint", which) || iface_index != 0)
		return (NULL);
	RIG_CHECK(config->type == UE_BULK, "endpoints of type %u", config->type);
	index = config->ep_index;
	for (i = 0; i < which->n_endpoints; i++) {
		const struct usb_endpoint_descriptor *ed = which->endpoints[i].edesc;

		if ((ed->bmAttributes & UE_XFERTYPE) != config->type)
			continue;
		if (config->direction != UE_DIR_ANY &&
		    (ed->bEndpointAddress & UE_DIR_IN) != (config->direction & UE_DIR_IN))
			continue;
		if (config->endpoint != UE_ADDR_ANY &&
		    (ed->bEndpointAddress & UE_ADDR) != (config->endpoint & UE_ADDR))
			continue;
		if (index-- == 0)
			return (&which->endpoints[i]);
	}
	return (NULL);
}
RIG_KPI(usbd_get_endpoint, "device, type");

usb_error_t
usbd_transfer_setup(struct usb_device *which, const uint8_t *ifaces, struct usb_xfer **xfers,
    const struct usb_config *configs, uint16_t count, void *softc, struct mtx *mtx)
{
	uint16_t i;

	if (!check_device("usbd_transfer_setup", which))
		return (USB_ERR_INVAL);
	rig_may_sleep("usbd_transfer_setup");
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	RIG_CHECK(rig_is_writable(xfers, count * sizeof(*xfers)), "no room for them");
	RIG_CHECK(mtx != NULL && fb_is_mtx(mtx), "no mutex");
	for (i = 0; i < count; i++) {
		const struct usb_config *config = &configs[i];
		struct usb_endpoint *ep = usbd_get_endpoint(which, ifaces[config->if_index], config);
		struct usb_xfer *xfer;

		xfers[i] = NULL;
		RIG_CHECK(rig_is_code(config->callback), "no callback");
		RIG_CHECK(config->bufsize > 0, "no length");
		RIG_CHECK(config->frames <= 1, "%u frames", (unsigned)config->frames);
		if (ep == NULL)
			return (USB_ERR_NO_PIPE);
		xfer = rig_alloc(sizeof(*xfer), 16, "usb transfer", RIG_ZERO);
		xfer->udev = which;
		xfer->mtx = mtx;
		xfer->softc = softc;
		xfer->config = *config;
		xfer->endpoint = ep->edesc->bEndpointAddress;
		if (!config->flags.ext_buffer)
			xfer->own_buffer = rig_alloc(config->bufsize, 16, "usb buffer", RIG_ZERO);
		xfer->buffer = xfer->own_buffer;
		xfers[i] = xfer;
	}
	return (USB_ERR_NORMAL_COMPLETION);
}
RIG_KPI(usbd_transfer_setup, "device, mutex, callbacks, lengths, room, sleeping");

static bool
check_xfer(const char *kpi, struct usb_xfer *xfer)
{
	if (xfer != NULL && rig_size(xfer) == sizeof(*xfer))
		return (true);
	rig_faultf("%s: a transfer that is none", kpi);
	return (false);
}

/* With its mutex held. */
static bool
check_held(const char *kpi, struct usb_xfer *xfer)
{
	if (!check_xfer(kpi, xfer))
		return (false);
	if (!rig_lock_held(xfer->mtx))
		rig_faultf("%s: without the transfer's mutex", kpi);
	return (true);
}

/* In its callback. */
static bool
check_inside(const char *kpi, struct usb_xfer *xfer)
{
	if (!check_held(kpi, xfer))
		return (false);
	if (!xfer->is_in_callback)
		rig_faultf("%s: not in the transfer's callback", kpi);
	return (true);
}

static void
want_callback(struct usb_xfer *xfer)
{
	if (xfer->wants_callback)
		return;
	xfer->wants_callback = true;
	xfer->next = NULL;
	*last_ready = xfer;
	last_ready = &xfer->next;
	rig_wakeup(&first_ready, UINT32_MAX);
}

void
usbd_transfer_start(struct usb_xfer *xfer)
{
	/* A transfer that could not be set up because the pipe is not there. */
	if (xfer == NULL)
		return;
	if (!check_held("usbd_transfer_start", xfer))
		return;
	xfer->is_started = true;
	/* Also from another thread while the callback runs: it is called once more then. */
	if (!xfer->is_transferring)
		want_callback(xfer);
}
RIG_KPI(usbd_transfer_start, "transfer, mutex held");

void
usbd_transfer_stop(struct usb_xfer *xfer)
{
	if (xfer == NULL)
		return;
	if (!check_held("usbd_transfer_stop", xfer))
		return;
	/* A start whose callback has not come yet is forgotten. */
	xfer->is_started = false;
	if (xfer->is_on_bus)
		rig_usb_cancel(xfer);
}
RIG_KPI(usbd_transfer_stop, "transfer, mutex held");

void
usbd_transfer_drain(struct usb_xfer *xfer)
{
	if (xfer == NULL)
		return;
	rig_may_sleep("usbd_transfer_drain");
	if (!check_xfer("usbd_transfer_drain", xfer))
		return;
	RIG_CHECK(!rig_lock_held(xfer->mtx), "with the transfer's mutex held");
	RIG_CHECK(!rig_in_scope(USB_CALLBACK), "in a callback");
	mtx_lock(xfer->mtx);
	usbd_transfer_stop(xfer);
	while (xfer->is_transferring || xfer->wants_callback || xfer->is_in_callback) {
		mtx_unlock(xfer->mtx);
		rig_sleep(xfer, "usbdrain", RIG_NO_TIMEOUT, 0);
		mtx_lock(xfer->mtx);
	}
	mtx_unlock(xfer->mtx);
}
RIG_KPI(usbd_transfer_drain, "transfer, mutex not held, not in a callback, sleeping");

void
usbd_transfer_unsetup(struct usb_xfer **xfers, uint16_t count)
{
	uint16_t i;

	rig_may_sleep("usbd_transfer_unsetup");
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	for (i = 0; i < count; i++) {
		struct usb_xfer *xfer = xfers[i];

		if (xfer == NULL)
			continue;
		if (!check_xfer("usbd_transfer_unsetup", xfer))
			continue;
		usbd_transfer_drain(xfer);
		if (xfer->own_buffer != NULL)
			rig_free(xfer->own_buffer, "usb buffer", RIG_ANY_SIZE);
		rig_free(xfer, "usb transfer", RIG_ANY_SIZE);
		xfers[i] = NULL;
	}
}
RIG_KPI(usbd_transfer_unsetup, "transfers, no lock held, sleeping");

void
usbd_transfer_submit(struct usb_xfer *xfer)
{
	if (!check_inside("usbd_transfer_submit", xfer))
		return;
	RIG_CHECK(!xfer->is_transferring, "twice in one callback");
	RIG_CHECK(xfer->has_frame, "without a frame");
	RIG_CHECK(xfer->len > 0, "a length of 0");
	RIG_CHECK(xfer->len <= xfer->config.bufsize, "%u bytes, set up for %u", (unsigned)xfer->len,
	    (unsigned)xfer->config.bufsize);
	xfer->is_transferring = true;
}
RIG_KPI(usbd_transfer_submit, "transfer, mutex, in its callback, frame, length, once");

uint8_t
usbd_transfer_pending(struct usb_xfer *xfer)
{
	if (!check_held("usbd_transfer_pending", xfer))
		return (0);
	return (xfer->is_transferring || xfer->wants_callback);
}
RIG_KPI(usbd_transfer_pending, "transfer, mutex held");

void *
usbd_xfer_softc(struct usb_xfer *xfer)
{
	return (check_xfer("usbd_xfer_softc", xfer) ? xfer->softc : NULL);
}
RIG_KPI(usbd_xfer_softc, "transfer");

void *
usbd_xfer_get_priv(struct usb_xfer *xfer)
{
	return (check_xfer("usbd_xfer_get_priv", xfer) ? xfer->priv : NULL);
}
RIG_KPI(usbd_xfer_get_priv, "transfer");

void
usbd_xfer_set_priv(struct usb_xfer *xfer, void *priv)
{
	if (check_xfer("usbd_xfer_set_priv", xfer))
		xfer->priv = priv;
}
RIG_KPI(usbd_xfer_set_priv, "transfer");

uint8_t
usbd_xfer_state(struct usb_xfer *xfer)
{
	return (check_inside("usbd_xfer_state", xfer) ? xfer->state : USB_ST_ERROR);
}
RIG_KPI(usbd_xfer_state, "transfer, in its callback");

void
usbd_xfer_status(struct usb_xfer *xfer, int *actual, int *sum, int *aframes, int *frames)
{
	if (!check_inside("usbd_xfer_status", xfer))
		return;
	if (actual != NULL)
		*actual = xfer->actual;
	if (sum != NULL)
		*sum = xfer->len;
	if (aframes != NULL)
		*aframes = 1;
	if (frames != NULL)
		*frames = 1;
}
RIG_KPI(usbd_xfer_status, "transfer, in its callback");

void
usbd_xfer_set_frame_data(struct usb_xfer *xfer, usb_frcount_t index, void *data, usb_frlength_t len)
{
	if (!check_inside("usbd_xfer_set_frame_data", xfer))
		return;
	RIG_CHECK(index == 0, "frame %u", (unsigned)index);
	RIG_CHECK(xfer->config.flags.ext_buffer, "the transfer has a buffer of its own");
	RIG_CHECK(rig_is_writable(data, len), "no memory");
	xfer->buffer = data;
	xfer->len = len;
	xfer->has_frame = true;
}
RIG_KPI(usbd_xfer_set_frame_data, "transfer, in its callback, frame, memory");

void
usbd_xfer_set_frame_len(struct usb_xfer *xfer, usb_frcount_t index, usb_frlength_t len)
{
	if (!check_inside("usbd_xfer_set_frame_len", xfer))
		return;
	RIG_CHECK(index == 0, "frame %u", (unsigned)index);
	RIG_CHECK(xfer->buffer != NULL, "no buffer");
	xfer->len = len;
	xfer->has_frame = true;
}
RIG_KPI(usbd_xfer_set_frame_len, "transfer, in its callback, frame");

void
usbd_xfer_set_stall(struct usb_xfer *xfer)
{
	if (!check_held("usbd_xfer_set_stall", xfer))
		return;
	RIG_CHECK(!xfer->is_transferring, "on its way");
	RIG_CHECK(!xfer->is_in_callback || xfer->state == USB_ST_ERROR, "without an error");
}
RIG_KPI(usbd_xfer_set_stall, "transfer, mutex; in its callback only after an error");

usb_frlength_t
usbd_xfer_max_len(struct usb_xfer *xfer)
{
	return (check_xfer("usbd_xfer_max_len", xfer) ? xfer->config.bufsize : 0);
}
RIG_KPI(usbd_xfer_max_len, "transfer");

/* It ends without having been on the bus. */
static void
end_early(struct usb_xfer *xfer, usb_error_t error)
{
	xfer->error = error;
	xfer->actual = 0;
	want_callback(xfer);
}

/* With the mutex held: one callback, and what it asks for. */
static void
call_back(struct usb_xfer *xfer)
{
	if (xfer->is_transferring)
		xfer->state = xfer->error == 0 ? USB_ST_TRANSFERRED : USB_ST_ERROR;
	else if (xfer->is_started)
		xfer->state = USB_ST_SETUP;
	else
		return; /* stopped before it was started */
	if (xfer->state == USB_ST_SETUP)
		xfer->error = 0;
	xfer->is_transferring = false;
	xfer->is_in_callback = true;
	xfer->has_frame = false;
	rig_scope_enter(USB_CALLBACK, RIG_NO_SLEEP);
	xfer->config.callback(xfer, xfer->error);
	rig_scope_leave(USB_CALLBACK);
	xfer->is_in_callback = false;
	RIG_CHECK(rig_lock_held(xfer->mtx), "it returned without the mutex");
	if (!xfer->is_transferring)
		return;
	/* Submitted while it is being stopped, or by a device that is gone: it ends at once. */
	if (!xfer->is_started)
		return (end_early(xfer, USB_ERR_CANCELLED));
	if (!rig_usb_is_plugged())
		return (end_early(xfer, USB_ERR_NOT_CONFIGURED));
	xfer->is_on_bus = true;
	rig_usb_start(xfer, xfer->endpoint, xfer->buffer, xfer->len);
}

static void
callback_main(void *arg __unused)
{
	for (;;) {
		struct usb_xfer *xfer = first_ready;
		struct mtx *mtx;

		if (xfer == NULL) {
			rig_idle(&first_ready, "USB callbacks");
			continue;
		}
		mtx = xfer->mtx;
		mtx_lock(mtx);
		first_ready = xfer->next;
		if (first_ready == NULL)
			last_ready = &first_ready;
		xfer->wants_callback = false;
		call_back(xfer);
		rig_wakeup(xfer, UINT32_MAX);
		mtx_unlock(mtx);
		rig_yield();
	}
}

static void
interrupt_main(void *arg __unused)
{
	for (;;) {
		struct rig_usb_done done;
		struct usb_xfer *xfer;

		rig_usb_wait(&done);
		xfer = __DECONST(struct usb_xfer *, done.transfer);
		xfer->is_on_bus = false;
		xfer->actual = done.len;
		xfer->error = usb_error(done.status);
		want_callback(xfer);
	}
}

void
fb_usb_boot(void)
{
	rig_thread_create(interrupt_main, NULL, "USB interrupt");
	rig_thread_create(callback_main, NULL, "USB callbacks");
}

void
fb_usb_check(void)
{
	RIG_CHECK(first_ready == NULL, "a callback is still to come");
}
