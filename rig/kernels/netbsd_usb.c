/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * NetBSD: USB. A pipe carries out one transfer after the other. What waits behind another one is
 * taken back by usbd_abort_pipe without a callback, as in the real kernel.
 */
#include "netbsd.h"

#define CONFIG_LEN 256
#define ENDPOINTS_MAX 16
#define CONTROL_MS_MAX 5000

struct usbd_pipe {
	struct usbd_pipe *next;
	uint8_t address;
	bool is_aborting;
	unsigned n_xfers;
	struct usbd_xfer *first;
	struct usbd_xfer *calling; /* its callback runs */
};

struct usbd_xfer {
	struct usbd_pipe *pipe;
	struct usbd_xfer *next;
	uint8_t *own;
	size_t own_len;
	void *priv, *buffer;
	uint32_t len, actual, timeout;
	uint16_t flags;
	usbd_callback callback;
	usbd_status status;
	bool is_set_up, is_queued, is_on_bus, is_over;
};

struct usbd_interface {
	usb_interface_descriptor_t *descriptor;
	usb_endpoint_descriptor_t *endpoints[ENDPOINTS_MAX];
	unsigned n;
};

struct usbd_device {
	usb_device_descriptor_t descriptor;
	uint8_t config[CONFIG_LEN];
	bool is_configured;
	struct usbd_interface iface;
};

static struct usbd_device *udev;
static struct usbd_pipe *pipes;
static kmutex_t bus_lock;

static bool
is_device(const char *kpi, struct usbd_device *dev)
{
	if (dev != NULL && dev == udev)
		return true;
	rig_faultf("%s: a USB device that is none", kpi);
	return false;
}

static bool
is_interface(const char *kpi, struct usbd_interface *iface)
{
	if (udev != NULL && iface == &udev->iface && udev->is_configured)
		return true;
	rig_faultf("%s: a USB interface that is none", kpi);
	return false;
}

static bool
is_pipe(const char *kpi, struct usbd_pipe *pipe)
{
	struct usbd_pipe *p = pipes;

	while (p != NULL && p != pipe)
		p = p->next;
	if (p == NULL)
		rig_faultf("%s: a pipe that is not open", kpi);
	return p != NULL;
}

static bool
is_xfer(const char *kpi, struct usbd_xfer *xfer)
{
	if (xfer != NULL && rig_size(xfer) == sizeof(*xfer))
		return true;
	rig_faultf("%s: a transfer that is none", kpi);
	return false;
}

void
nb_usb_attach(struct usb_attach_arg *uaa)
{
	uint16_t done;

	udev = rig_alloc(sizeof(*udev), 16, "usb device", RIG_ZERO);
	rig_usb_control(UT_READ_DEVICE, UR_GET_DESCRIPTOR, UDESC_DEVICE << 8, 0, &udev->descriptor,
	    sizeof(udev->descriptor), &done);
	memset(uaa, 0, sizeof(*uaa));
	uaa->uaa_port = 1;
	uaa->uaa_vendor = UGETW(udev->descriptor.idVendor);
	uaa->uaa_product = UGETW(udev->descriptor.idProduct);
	uaa->uaa_release = UGETW(udev->descriptor.bcdDevice);
	uaa->uaa_device = udev;
}

void
nb_usb_detach(void)
{
	RIG_CHECK(rig_live("usb transfer") == 0, "%zu transfers were not given back", rig_live("usb transfer"));
	RIG_CHECK(pipes == NULL, "a pipe is still open");
	RIG_CHECK(rig_live("usb devinfo") == 0, "usbd_devinfo_free is missing");
	rig_free(udev, "usb device", RIG_ANY_SIZE);
	udev = NULL;
}

usbd_status
usbd_set_config_no(struct usbd_device *dev, int number, int msg)
{
	struct usbd_interface *iface;
	uint16_t done, at;

	rig_may_sleep("usbd_set_config_no");
	if (!is_device("usbd_set_config_no", dev))
		return USBD_INVAL;
	RIG_CHECK(pipes == NULL, "with a pipe open");
	RIG_CHECK(number == 1, "configuration %d", number);
	if (rig_usb_control(UT_READ_DEVICE, UR_GET_DESCRIPTOR, UDESC_CONFIG << 8, 0, dev->config, CONFIG_LEN,
	    &done) != RIG_USB_OK)
		return USBD_IOERROR;
	iface = &dev->iface;
	iface->n = 0;
	for (at = 0; at + 2 <= done && dev->config[at] != 0; at += dev->config[at]) {
		if (dev->config[at + 1] == UDESC_INTERFACE)
			iface->descriptor = (usb_interface_descriptor_t *)&dev->config[at];
		else if (dev->config[at + 1] == UDESC_ENDPOINT && iface->n < ENDPOINTS_MAX)
			iface->endpoints[iface->n++] = (usb_endpoint_descriptor_t *)&dev->config[at];
	}
	dev->is_configured = true;
	return USBD_NORMAL_COMPLETION;
}
RIG_KPI(usbd_set_config_no, "device, number, no pipe open, sleeping");

usbd_status
usbd_device2interface_handle(struct usbd_device *dev, uint8_t index, struct usbd_interface **out)
{
	if (!is_device("usbd_device2interface_handle", dev) || !dev->is_configured)
		return USBD_NOT_STARTED;
	RIG_CHECK(index == 0, "interface %u", index);
	*out = &dev->iface;
	return USBD_NORMAL_COMPLETION;
}
RIG_KPI(usbd_device2interface_handle, "device, index");

usb_interface_descriptor_t *
usbd_get_interface_descriptor(struct usbd_interface *iface)
{
	return is_interface("usbd_get_interface_descriptor", iface) ? iface->descriptor : NULL;
}
RIG_KPI(usbd_get_interface_descriptor, "interface");

usb_endpoint_descriptor_t *
usbd_interface2endpoint_descriptor(struct usbd_interface *iface, uint8_t index)
{
	if (!is_interface("usbd_interface2endpoint_descriptor", iface) || index >= iface->n)
		return NULL;
	return iface->endpoints[index];
}
RIG_KPI(usbd_interface2endpoint_descriptor, "interface");

char *
usbd_devinfo_alloc(struct usbd_device *dev, int showclass)
{
	char *text;

	rig_may_sleep("usbd_devinfo_alloc");
	if (!is_device("usbd_devinfo_alloc", dev))
		return NULL;
	text = rig_alloc(64, 16, "usb devinfo", RIG_ZERO);
	rig_format(text, 64, "a stick (%#x, %#x)", UGETW(dev->descriptor.idVendor),
	    UGETW(dev->descriptor.idProduct));
	return text;
}
RIG_KPI(usbd_devinfo_alloc, "device, sleeping");

void
usbd_devinfo_free(char *text)
{
	rig_free(text, "usb devinfo", RIG_ANY_SIZE);
}
RIG_KPI(usbd_devinfo_free, "once");

void
usbd_add_drv_event(int type, struct usbd_device *dev, device_t driver)
{
	rig_may_sleep("usbd_add_drv_event");
	is_device("usbd_add_drv_event", dev);
	nb_is_device("usbd_add_drv_event", driver);
	RIG_CHECK(type == USB_EVENT_DRIVER_ATTACH || type == USB_EVENT_DRIVER_DETACH, "event %d", type);
}
RIG_KPI(usbd_add_drv_event, "type, device, driver, sleeping");

const char *
usbd_errstr(usbd_status status)
{
	static char text[32];

	RIG_CHECK(status <= 18, "status %d", (int)status);
	rig_format(text, sizeof(text), "USBD error %d", (int)status);
	return text;
}
RIG_KPI(usbd_errstr, "number");

static usbd_status
status_of(enum rig_usb_status status)
{
	switch (status) {
	case RIG_USB_OK:
		return USBD_NORMAL_COMPLETION;
	case RIG_USB_STALLED:
		return USBD_STALLED;
	case RIG_USB_CANCELLED:
		return USBD_CANCELLED;
	case RIG_USB_TIMEOUT:
		return USBD_TIMEOUT;
	default:
		return USBD_IOERROR;
	}
}

usbd_status
usbd_do_request_flags(struct usbd_device *dev, usb_device_request_t *req, void *data, uint16_t flags,
    int *actual, uint32_t timeout)
{
	uint16_t len, done = 0;
	usbd_status status;

	rig_may_sleep("usbd_do_request_flags");
	if (!is_device("usbd_do_request_flags", dev))
		return USBD_INVAL;
	if (!RIG_CHECK(rig_is_readable(req, sizeof(*req)), "no request"))
		return USBD_INVAL;
	RIG_CHECK((flags & ~USBD_SHORT_XFER_OK) == 0, "flags %#x", flags);
	RIG_CHECK(timeout > 0 && timeout <= CONTROL_MS_MAX, "%u ms", timeout);
	len = UGETW(req->wLength);
	RIG_CHECK(len == 0 || rig_is_writable(data, len), "%u bytes of nothing", len);
	status = status_of(rig_usb_control(req->bmRequestType, req->bRequest, UGETW(req->wValue),
	    UGETW(req->wIndex), data, len, &done));
	if (status == USBD_NORMAL_COMPLETION && done != len && (flags & USBD_SHORT_XFER_OK) == 0)
		status = USBD_SHORT_XFER;
	if (actual != NULL)
		*actual = done;
	return status;
}
RIG_KPI(usbd_do_request_flags, "device, request, memory, flags, time-out, sleeping");

/*
 * Pipes.
 */
usbd_status
usbd_open_pipe(struct usbd_interface *iface, uint8_t address, uint8_t flags, struct usbd_pipe **out)
{
	struct usbd_pipe *pipe;
	unsigned i;

	rig_may_sleep("usbd_open_pipe");
	if (!is_interface("usbd_open_pipe", iface))
		return USBD_INVAL;
	RIG_CHECK(flags == (USBD_EXCLUSIVE_USE | USBD_MPSAFE), "flags %#x: takes the kernel lock", flags);
	for (i = 0; i < iface->n && iface->endpoints[i]->bEndpointAddress != address; i++)
		;
	if (!RIG_CHECK(i < iface->n, "endpoint %#x is not there", address))
		return USBD_INVAL;
	for (pipe = pipes; pipe != NULL; pipe = pipe->next)
		RIG_CHECK(pipe->address != address, "endpoint %#x twice", address);
	pipe = rig_alloc(sizeof(*pipe), 16, "usb pipe", RIG_ZERO);
	pipe->address = address;
	pipe->next = pipes;
	pipes = pipe;
	*out = pipe;
	return USBD_NORMAL_COMPLETION;
}
RIG_KPI(usbd_open_pipe, "interface, endpoint, flags, once, sleeping");

void
usbd_close_pipe(struct usbd_pipe *pipe)
{
	struct usbd_pipe **at = &pipes;

	rig_may_sleep("usbd_close_pipe");
	if (!is_pipe("usbd_close_pipe", pipe))
		return;
	RIG_CHECK(pipe->first == NULL, "with transfers under way: usbd_abort_pipe first");
	RIG_CHECK(pipe->n_xfers == 0, "%u transfers of it are left", pipe->n_xfers);
	while (*at != pipe)
		at = &(*at)->next;
	*at = pipe->next;
	rig_free(pipe, "usb pipe", RIG_ANY_SIZE);
}
RIG_KPI(usbd_close_pipe, "open, nothing under way, no transfers left, sleeping");

static void
unqueue(struct usbd_pipe *pipe, struct usbd_xfer *xfer)
{
	struct usbd_xfer **at = &pipe->first;

	while (*at != xfer)
		at = &(*at)->next;
	*at = xfer->next;
	xfer->is_queued = false;
}

void
usbd_abort_pipe(struct usbd_pipe *pipe)
{
	rig_may_sleep("usbd_abort_pipe");
	if (!is_pipe("usbd_abort_pipe", pipe))
		return;
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held: a callback may want it", rig_lock_other(NULL));
	RIG_CHECK(!pipe->is_aborting, "by two at once");
	pipe->is_aborting = true;
	while (pipe->first != NULL || pipe->calling != NULL) {
		struct usbd_xfer *xfer = pipe->first;

		if (xfer != NULL && !xfer->is_on_bus) {
			unqueue(pipe, xfer);
			continue;
		}
		if (xfer != NULL)
			rig_usb_cancel(xfer);
		rig_sleep(pipe, "usbd_abort_pipe", RIG_NO_TIMEOUT, 0);
	}
	pipe->is_aborting = false;
}
RIG_KPI(usbd_abort_pipe, "open, no lock held, one at a time, sleeping");

void
usbd_clear_endpoint_stall_async(struct usbd_pipe *pipe)
{
	is_pipe("usbd_clear_endpoint_stall_async", pipe);
}
RIG_KPI(usbd_clear_endpoint_stall_async, "open");

/*
 * Transfers.
 */
int
usbd_create_xfer(struct usbd_pipe *pipe, size_t len, unsigned int flags, unsigned int nframes,
    struct usbd_xfer **out)
{
	struct usbd_xfer *xfer;

	rig_may_sleep("usbd_create_xfer");
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	if (!is_pipe("usbd_create_xfer", pipe))
		return EINVAL;
	RIG_CHECK(len > 0 && flags == 0 && nframes == 0, "%zu bytes, flags %#x, %u frames", len, flags, nframes);
	xfer = rig_alloc(sizeof(*xfer), 16, "usb transfer", RIG_ZERO | RIG_MAY_FAIL);
	if (xfer == NULL)
		return ENOMEM;
	xfer->own = rig_alloc(len, 16, "usb buffer", RIG_ZERO | RIG_MAY_FAIL);
	if (xfer->own == NULL) {
		rig_free(xfer, "usb transfer", sizeof(*xfer));
		return ENOMEM;
	}
	xfer->own_len = len;
	xfer->pipe = pipe;
	pipe->n_xfers++;
	*out = xfer;
	return 0;
}
RIG_KPI(usbd_create_xfer, "pipe, length, flags, no lock held, sleeping");

void
usbd_destroy_xfer(struct usbd_xfer *xfer)
{
	rig_may_sleep("usbd_destroy_xfer");
	if (!is_xfer("usbd_destroy_xfer", xfer) || !is_pipe("usbd_destroy_xfer", xfer->pipe))
		return;
	RIG_CHECK(!xfer->is_queued && xfer->pipe->calling != xfer, "it is under way");
	xfer->pipe->n_xfers--;
	rig_free(xfer->own, "usb buffer", xfer->own_len);
	rig_free(xfer, "usb transfer", sizeof(*xfer));
}
RIG_KPI(usbd_destroy_xfer, "its pipe is open, not under way, sleeping");

void *
usbd_get_buffer(struct usbd_xfer *xfer)
{
	return is_xfer("usbd_get_buffer", xfer) ? xfer->own : NULL;
}
RIG_KPI(usbd_get_buffer, "transfer");

void
usbd_setup_xfer(struct usbd_xfer *xfer, void *priv, void *buffer, uint32_t len, uint16_t flags,
    uint32_t timeout, usbd_callback callback)
{
	bool is_in;

	if (!is_xfer("usbd_setup_xfer", xfer))
		return;
	is_in = (xfer->pipe->address & UE_DIR_IN) != 0;
	RIG_CHECK(!xfer->is_queued, "it is under way");
	RIG_CHECK(len > 0 && len <= xfer->own_len, "%u bytes, made for %zu", len, xfer->own_len);
	RIG_CHECK(buffer == NULL || (is_in ? rig_is_writable(buffer, len) : rig_is_readable(buffer, len)),
	    "no memory");
	RIG_CHECK(flags == (is_in ? USBD_SHORT_XFER_OK : USBD_FORCE_SHORT_XFER), "flags %#x", flags);
	RIG_CHECK(is_in || timeout > 0, "frames that may take for ever");
	RIG_CHECK(rig_is_code(callback), "no callback");
	xfer->priv = priv;
	xfer->buffer = buffer;
	xfer->len = len;
	xfer->actual = 0;
	xfer->flags = flags;
	xfer->timeout = timeout;
	xfer->callback = callback;
	xfer->is_set_up = true;
}
RIG_KPI(usbd_setup_xfer, "not under way, length, memory, flags, time-out, callback");

static void
start(struct usbd_xfer *xfer)
{
	xfer->is_on_bus = true;
	rig_usb_start(xfer, xfer->pipe->address, xfer->own, xfer->len);
}

usbd_status
usbd_transfer(struct usbd_xfer *xfer)
{
	struct usbd_xfer **at;
	struct usbd_pipe *pipe;

	if (!is_xfer("usbd_transfer", xfer) || !is_pipe("usbd_transfer", xfer->pipe))
		return USBD_INVAL;
	if (!RIG_CHECK(xfer->is_set_up && !xfer->is_queued, "not set up anew, or under way"))
		return USBD_INVAL;
	pipe = xfer->pipe;
	xfer->is_set_up = false;
	xfer->is_over = false;
	if (xfer->buffer != NULL && (pipe->address & UE_DIR_IN) == 0)
		memcpy(xfer->own, xfer->buffer, xfer->len);
	mutex_enter(&bus_lock);
	/* No callback comes of what is said here. */
	if (pipe->is_aborting || !rig_usb_is_plugged()) {
		mutex_exit(&bus_lock);
		return pipe->is_aborting ? USBD_CANCELLED : USBD_IOERROR;
	}
	for (at = &pipe->first; *at != NULL; at = &(*at)->next)
		;
	*at = xfer;
	xfer->next = NULL;
	xfer->is_queued = true;
	xfer->is_on_bus = false;
	if (pipe->first == xfer && pipe->calling == NULL)
		start(xfer);
	mutex_exit(&bus_lock);
	return USBD_IN_PROGRESS;
}
RIG_KPI(usbd_transfer, "pipe open, set up each time, not under way, no spin mutex");

void
usbd_get_xfer_status(struct usbd_xfer *xfer, void **priv, void **buffer, uint32_t *len, usbd_status *status)
{
	if (!is_xfer("usbd_get_xfer_status", xfer))
		return;
	RIG_CHECK(xfer->is_over, "it has not come back");
	if (priv != NULL)
		*priv = xfer->priv;
	if (buffer != NULL)
		*buffer = xfer->buffer;
	if (len != NULL)
		*len = xfer->actual;
	if (status != NULL)
		*status = xfer->status;
}
RIG_KPI(usbd_get_xfer_status, "transfer, after its end");

/* A transfer has come back: its callback, then the next one of the pipe. */
static void
complete(struct usbd_xfer *xfer, const struct rig_usb_done *done)
{
	struct usbd_pipe *pipe = xfer->pipe;

	unqueue(pipe, xfer);
	xfer->status = status_of(done->status);
	xfer->actual = xfer->status == USBD_NORMAL_COMPLETION ? done->len : 0;
	xfer->is_over = true;
	if (xfer->buffer != NULL && (pipe->address & UE_DIR_IN) != 0)
		memcpy(xfer->buffer, xfer->own, xfer->actual);
	pipe->calling = xfer;
	rig_scope_enter(USB_CALLBACK, RIG_NO_SLEEP);
	xfer->callback(xfer, xfer->priv, xfer->status);
	rig_scope_leave(USB_CALLBACK);
	RIG_CHECK(rig_locks_held() == 0, "%s is held after the callback", rig_lock_other(NULL));
	pipe->calling = NULL;
	if (pipe->first != NULL && !pipe->first->is_on_bus && !pipe->is_aborting)
		start(pipe->first);
	rig_wakeup(pipe, UINT32_MAX);
}

static void
usb_main(void *arg)
{
	for (;;) {
		struct rig_usb_done done;

		rig_usb_wait(&done);
		complete((struct usbd_xfer *)(uintptr_t)done.transfer, &done);
	}
}

void
nb_usb_boot(void)
{
	mutex_init(&bus_lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	rig_thread_create(usb_main, NULL, "usb");
}
