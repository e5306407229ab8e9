// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* USB: control transfers, bulk transfers and their completions. */
#include "shim.h"

#define	VENDOR_REQUEST	5
#define	CONTROL_MS	500
#define	TX_MS		5000
/* Errors in a row that end receiving. */
#define	RX_ERRORS_MAX	64

int
shim_usb_control(struct tern_dev *dev, bool is_write, uint16_t addr, uint8_t *data,
    uint16_t len)
{
	struct usb_device_request request;
	usb_error_t error;

	request.bmRequestType = is_write ? UT_WRITE_VENDOR_DEVICE :
	    UT_READ_VENDOR_DEVICE;
	request.bRequest = VENDOR_REQUEST;
	USETW(request.wValue, addr);
	USETW(request.wIndex, 0);
	USETW(request.wLength, len);
	error = usbd_do_request_flags(dev->udev, NULL, &request, data, 0, NULL,
	    CONTROL_MS);
	if (error == USB_ERR_NORMAL_COMPLETION)
		return (TERN_OK);
	if (error == USB_ERR_NOT_CONFIGURED || !usbd_device_attached(dev->udev))
		return (TERN_GONE);
	return (error == USB_ERR_NOMEM ? TERN_NO_MEMORY : TERN_FAILED);
}

static void tx_callback(struct usb_xfer *, usb_error_t);
static void rx_callback(struct usb_xfer *, usb_error_t);

static struct usb_config
out_config(uint32_t index, uint32_t len)
{
	return ((struct usb_config) {
		.type = UE_BULK,
		.endpoint = UE_ADDR_ANY,
		.direction = UE_DIR_OUT,
		.ep_index = index,
		.bufsize = len,
		.flags = { .ext_buffer = 1, .force_short_xfer = 1 },
		.callback = tx_callback,
		.timeout = TX_MS,
	});
}

static struct usb_config
in_config(uint32_t len)
{
	return ((struct usb_config) {
		.type = UE_BULK,
		.endpoint = UE_ADDR_ANY,
		.direction = UE_DIR_IN,
		.bufsize = len,
		.flags = { .ext_buffer = 1, .short_xfer_ok = 1 },
		.callback = rx_callback,
	});
}

/* 0 as well if there is no endpoint to receive from. */
uint32_t
tern_usb_count_out(struct tern_dev *dev)
{
	struct usb_config config = in_config(1);
	uint32_t count = 0;

	if (usbd_get_endpoint(dev->udev, dev->iface, &config) == NULL)
		return (0);
	for (; count < TERN_ENDPOINTS_MAX; count++) {
		config = out_config(count, 1);
		if (usbd_get_endpoint(dev->udev, dev->iface, &config) == NULL)
			break;
	}
	return (count);
}

/*
 * A driver that was there before has left the endpoint somewhere, and the host controller with it: both
 * begin anew. (Without it a controller that had not gone on to the next transfer looks for it in memory
 * that is freed; the first one then times out.)
 */
static int
setup(struct tern_dev *dev, struct usb_xfer **xfer, const struct usb_config *config)
{
	usb_error_t error = usbd_transfer_setup(dev->udev, &dev->iface, xfer, config, 1,
	    dev, &dev->usb);

	if (error == USB_ERR_NORMAL_COMPLETION) {
		mtx_lock(&dev->usb);
		usbd_xfer_set_stall(*xfer);
		mtx_unlock(&dev->usb);
		return (TERN_OK);
	}
	device_printf(dev->self, "no transfers: %s\n", usbd_errstr(error));
	return (error == USB_ERR_NOMEM ? TERN_NO_MEMORY : TERN_FAILED);
}

int
shim_tx_setup(struct tern_dev *dev, uint32_t count, uint32_t len)
{
	int error = count > TERN_TX_MAX ? TERN_FAILED : TERN_OK;
	uint32_t i;

	for (i = 0; i < count && error == TERN_OK; i++) {
		dev->tx[i].index = i;
		dev->tx[i].buffer = shim_alloc(len);
	}
	for (i = 0; i < dev->n_out && error == TERN_OK; i++) {
		struct usb_config config = out_config(i, len);

		dev->out[i].last = &dev->out[i].first;
		error = setup(dev, &dev->out[i].xfer, &config);
		if (error == TERN_OK)
			usbd_xfer_set_priv(dev->out[i].xfer, &dev->out[i]);
	}
	dev->is_stopped = error != TERN_OK;
	return (error);
}

uint8_t *
shim_tx_buffer(struct tern_dev *dev, uint32_t index)
{
	return (dev->tx[index].buffer);
}

/* Its callback does the rest, also if nothing can be sent: what comes back comes from there. */
void
shim_tx_submit(struct tern_dev *dev, uint32_t index, uint32_t endpoint, uint32_t len)
{
	struct tern_out *out = &dev->out[endpoint];
	struct tern_tx *tx = &dev->tx[index];

	mtx_lock(&dev->usb);
	tx->len = len;
	tx->next = NULL;
	*out->last = tx;
	out->last = &tx->next;
	usbd_transfer_start(out->xfer);
	mtx_unlock(&dev->usb);
}

/* The next one to send; those that cannot be sent are done. */
static struct tern_tx *
tx_next(struct tern_dev *dev, struct tern_out *out, uint64_t *done)
{
	struct tern_tx *tx;

	while ((tx = out->first) != NULL) {
		out->first = tx->next;
		if (out->first == NULL)
			out->last = &out->first;
		if (!dev->is_stopped && tx->len != 0)
			break;
		*done |= 1ULL << tx->index;
	}
	return (tx);
}

/* Called with the transfers' mutex, which is not held when core is told. */
static void
tx_callback(struct usb_xfer *xfer, usb_error_t error)
{
	struct tern_dev *dev = usbd_xfer_softc(xfer);
	struct tern_out *out = usbd_xfer_get_priv(xfer);
	uint64_t done = 0;

	if (USB_GET_STATE(xfer) != USB_ST_SETUP && out->active != NULL) {
		shim_count(TERN_TRANSFERS, -1);
		done = 1ULL << out->active->index;
		out->active = NULL;
		if (USB_GET_STATE(xfer) == USB_ST_ERROR && error != USB_ERR_CANCELLED)
			usbd_xfer_set_stall(xfer);
	}
	out->active = tx_next(dev, out, &done);
	if (out->active != NULL) {
		shim_count(TERN_TRANSFERS, 1);
		usbd_xfer_set_frame_data(xfer, 0, out->active->buffer, out->active->len);
		usbd_transfer_submit(xfer);
	}
	if (done == 0)
		return;
	mtx_unlock(&dev->usb);
	tern_tx_done(dev->rust, done);
	mtx_lock(&dev->usb);
}

/* Hands bytes to core. The mutex is not held meanwhile: what comes in may well be answered. */
static void
rx_take(struct tern_dev *dev, struct tern_in *in, int len)
{
	struct epoch_tracker et;
	unsigned resumes = dev->resumes;
	bool is_crowded;

	mtx_unlock(&dev->usb);
	NET_EPOCH_ENTER(et);
	is_crowded = tern_received(dev->rust, in->buffer, len);
	NET_EPOCH_EXIT(et);
	mtx_lock(&dev->usb);
	/* Unless the worker was faster. */
	if (is_crowded && dev->resumes == resumes)
		dev->is_crowded = true;
}

/* Also after shim_rx_resume, for what was held. All callbacks run in one thread. */
static void
rx_callback(struct usb_xfer *xfer, usb_error_t error)
{
	struct tern_dev *dev = usbd_xfer_softc(xfer);
	struct tern_in *in = usbd_xfer_get_priv(xfer);

	switch (USB_GET_STATE(xfer)) {
	case USB_ST_SETUP:
		break;
	case USB_ST_TRANSFERRED:
		shim_count(TERN_TRANSFERS, -1);
		dev->rx_errors = 0;
		usbd_xfer_status(xfer, &in->held, NULL, NULL, NULL);
		break;
	default:
		shim_count(TERN_TRANSFERS, -1);
		if (error == USB_ERR_CANCELLED)
			return;
		if (++dev->rx_errors > RX_ERRORS_MAX) {
			device_printf(dev->self, "receiving fails: %s\n",
			    usbd_errstr(error));
			return;
		}
		usbd_xfer_set_stall(xfer);
	}
	if (dev->is_crowded || dev->is_stopped)
		return;
	if (in->held >= 0) {
		int len = in->held;

		in->held = -1;
		rx_take(dev, in, len);
		if (dev->is_crowded || dev->is_stopped)
			return;
	}
	shim_count(TERN_TRANSFERS, 1);
	usbd_xfer_set_frame_data(xfer, 0, in->buffer, dev->rx_len);
	usbd_transfer_submit(xfer);
}

static void
rx_start_all(struct tern_dev *dev)
{
	int i;

	dev->is_crowded = false;
	for (i = 0; i < TERN_RX_XFERS; i++)
		usbd_transfer_start(dev->in[i].xfer);
}

/* After each run of the worker. */
void
shim_rx_resume(struct tern_dev *dev)
{
	mtx_lock(&dev->usb);
	dev->resumes++;
	if (dev->is_crowded)
		rx_start_all(dev);
	mtx_unlock(&dev->usb);
}

/* `depth` is a wish: see TERN_RX_XFERS. The length is that of the first call. */
int
shim_rx_start(struct tern_dev *dev, uint32_t depth __unused, uint32_t len)
{
	struct usb_config config = in_config(len);
	int error = TERN_OK, i;

	if (dev->rx_len == 0)
		dev->rx_len = len;
	for (i = 0; i < TERN_RX_XFERS && error == TERN_OK; i++) {
		struct tern_in *in = &dev->in[i];

		if (in->xfer != NULL)
			continue;
		in->held = -1;
		if (in->buffer == NULL)
			in->buffer = shim_alloc(len);
		error = setup(dev, &in->xfer, &config);
		if (error == TERN_OK)
			usbd_xfer_set_priv(in->xfer, in);
	}
	if (error != TERN_OK)
		return (error);
	mtx_lock(&dev->usb);
	dev->rx_errors = 0;
	dev->is_stopped = false;
	rx_start_all(dev);
	mtx_unlock(&dev->usb);
	return (TERN_OK);
}

/* What waits behind nothing comes back from here: no callback is left to do it. */
void
shim_usb_stop(struct tern_dev *dev)
{
	uint64_t done = 0;
	uint32_t i;

	mtx_lock(&dev->usb);
	dev->is_stopped = true;
	mtx_unlock(&dev->usb);
	for (i = 0; i < TERN_ENDPOINTS_MAX; i++)
		usbd_transfer_drain(dev->out[i].xfer);
	for (i = 0; i < TERN_RX_XFERS; i++)
		usbd_transfer_drain(dev->in[i].xfer);
	mtx_lock(&dev->usb);
	for (i = 0; i < TERN_ENDPOINTS_MAX; i++)
		tx_next(dev, &dev->out[i], &done);
	for (i = 0; i < TERN_RX_XFERS; i++)
		dev->in[i].held = -1;
	mtx_unlock(&dev->usb);
	if (done != 0)
		tern_tx_done(dev->rust, done);
}

void
tern_usb_teardown(struct tern_dev *dev)
{
	uint32_t i;

	for (i = 0; i < TERN_ENDPOINTS_MAX; i++)
		usbd_transfer_unsetup(&dev->out[i].xfer, 1);
	for (i = 0; i < TERN_RX_XFERS; i++) {
		usbd_transfer_unsetup(&dev->in[i].xfer, 1);
		shim_free(dev->in[i].buffer);
		dev->in[i].buffer = NULL;
	}
	for (i = 0; i < TERN_TX_MAX; i++) {
		shim_free(dev->tx[i].buffer);
		dev->tx[i].buffer = NULL;
	}
}
