/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* USB: pipes, control requests, bulk transfers and their completions. */
#include "shim.h"

#define CONFIG	1
#define VENDOR_REQUEST	5
#define CONTROL_MS	500
/* Transfers that one run of the soft interrupt takes, and errors in a row that end receiving. */
#define RX_BUDGET	16
#define RX_ERRORS_MAX	64
/* A stick that takes no frame for so long is stuck. */
#define TX_MS	5000

static int
error_of(struct tern_dev *dev, usbd_status status)
{
	if (status == USBD_NORMAL_COMPLETION)
		return TERN_OK;
	if (dev->is_gone)
		return TERN_GONE;
	return status == USBD_NOMEM ? TERN_NO_MEMORY : TERN_FAILED;
}

int
shim_usb_control(struct tern_dev *dev, bool is_write, uint16_t addr, uint8_t *data, uint16_t len)
{
	usb_device_request_t req;
	usbd_status status;
	int done = 0;

	if (dev->is_gone)
		return TERN_GONE;
	req.bmRequestType = is_write ? UT_WRITE_VENDOR_DEVICE : UT_READ_VENDOR_DEVICE;
	req.bRequest = VENDOR_REQUEST;
	USETW(req.wValue, addr);
	USETW(req.wIndex, 0);
	USETW(req.wLength, len);
	status = usbd_do_request_flags(dev->udev, &req, data, 0, &done, CONTROL_MS);
	if (status == USBD_NORMAL_COMPLETION && done != len)
		return TERN_FAILED;
	return error_of(dev, status);
}

static int
xfer_new(struct tern_dev *dev, struct usbd_pipe *pipe, uint32_t len, struct usbd_xfer **xfer)
{
	if (usbd_create_xfer(pipe, len, 0, 0, xfer) != 0)
		return TERN_NO_MEMORY;
	shim_count(TERN_ALLOCATIONS, 1);
	return TERN_OK;
}

static void
transfer_free(struct tern_transfer *t)
{
	uint32_t i;

	for (i = 0; i < TERN_ENDPOINTS_MAX; i++) {
		if (t->xfer[i] == NULL)
			continue;
		usbd_destroy_xfer(t->xfer[i]);
		shim_count(TERN_ALLOCATIONS, -1);
		t->xfer[i] = NULL;
	}
	shim_free(t->buffer);
	t->buffer = NULL;
}

/* An xfer belongs to a pipe, and which endpoint an index goes to is known only when it is sent. */
int
shim_tx_setup(struct tern_dev *dev, uint32_t count, uint32_t len)
{
	uint32_t i, endpoint;
	int error = TERN_OK;

	if (count > TERN_TX_MAX)
		return TERN_NO_MEMORY;
	dev->tx_len = len;
	for (i = 0; i < count && error == TERN_OK; i++) {
		struct tern_transfer *t = &dev->tx[i];

		t->dev = dev;
		t->index = i;
		t->buffer = shim_alloc(len);
		for (endpoint = 0; endpoint < dev->n_out && error == TERN_OK; endpoint++)
			error = xfer_new(dev, dev->out[endpoint], len, &t->xfer[endpoint]);
		dev->tx_count = i + 1;
	}
	return error;
}

uint8_t *
shim_tx_buffer(struct tern_dev *dev, uint32_t index)
{
	return dev->tx[index].buffer;
}

/* A soft interrupt is the caller's CPU's: it must not be moved to another meanwhile. */
void
shim_soft_schedule(struct tern_dev *dev)
{
	kpreempt_disable();
	softint_schedule(dev->soft);
	kpreempt_enable();
}

/* Under the lock: the transfer is back. */
static void
land(struct tern_transfer *t)
{
	shim_count(TERN_TRANSFERS, t->is_flying ? -1 : 0);
	t->is_flying = false;
}

static void
tx_finish(struct tern_transfer *t)
{
	struct tern_dev *dev = t->dev;

	mutex_enter(&dev->lock);
	land(t);
	dev->tx_done |= UINT64_C(1) << t->index;
	mutex_exit(&dev->lock);
	shim_soft_schedule(dev);
}

static void
tx_callback(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct tern_transfer *t = priv;
	uint32_t endpoint;

	if (status == USBD_STALLED) {
		for (endpoint = 0; endpoint < t->dev->n_out; endpoint++)
			if (t->xfer[endpoint] == xfer)
				usbd_clear_endpoint_stall_async(t->dev->out[endpoint]);
	}
	tx_finish(t);
}

/* Under the lock, so that shim_usb_stop finds in the pipes whatever was started. */
static usbd_status
submit(struct tern_transfer *t, struct usbd_xfer *xfer)
{
	struct tern_dev *dev = t->dev;
	usbd_status status = USBD_CANCELLED;

	mutex_enter(&dev->lock);
	if (!dev->is_stopped)
		status = usbd_transfer(xfer);
	if (status == USBD_IN_PROGRESS) {
		t->is_flying = true;
		shim_count(TERN_TRANSFERS, 1);
	}
	mutex_exit(&dev->lock);
	return status;
}

void
shim_tx_submit(struct tern_dev *dev, uint32_t index, uint32_t endpoint, uint32_t len)
{
	struct tern_transfer *t = &dev->tx[index];

	if (len == 0 || len > dev->tx_len || endpoint >= dev->n_out) {
		tx_finish(t);
		return;
	}
	usbd_setup_xfer(t->xfer[endpoint], t, t->buffer, len, USBD_FORCE_SHORT_XFER, TX_MS, tx_callback);
	if (submit(t, t->xfer[endpoint]) != USBD_IN_PROGRESS)
		tx_finish(t);
}

static void
rx_finish(struct tern_transfer *t, usbd_status status, uint32_t len)
{
	struct tern_dev *dev = t->dev;

	mutex_enter(&dev->lock);
	land(t);
	t->status = status;
	t->len = len;
	SIMPLEQ_INSERT_TAIL(&dev->rx_done, t, next);
	mutex_exit(&dev->lock);
	shim_soft_schedule(dev);
}

static void
rx_callback(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct tern_transfer *t = priv;
	uint32_t len = 0;

	if (status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(t->dev->in);
	if (status == USBD_NORMAL_COMPLETION)
		usbd_get_xfer_status(xfer, NULL, NULL, &len, NULL);
	rx_finish(t, status, len);
}

static void
rx_submit(struct tern_transfer *t)
{
	struct tern_dev *dev = t->dev;
	usbd_status status;

	usbd_setup_xfer(t->xfer[0], t, NULL, dev->rx_len, USBD_SHORT_XFER_OK, USBD_NO_TIMEOUT, rx_callback);
	status = submit(t, t->xfer[0]);
	if (status != USBD_IN_PROGRESS)
		rx_finish(t, status, 0);
}

/*
 * Takes in one transfer and starts it anew, unless it was cancelled or nothing comes but errors.
 * Says whether so much waits to be delivered that the next one should wait too.
 */
static bool
rx_take(struct tern_transfer *t)
{
	struct tern_dev *dev = t->dev;
	bool is_crowded = false;

	if (t->status == USBD_CANCELLED || dev->is_gone)
		return false;
	if (t->status == USBD_NORMAL_COMPLETION) {
		dev->rx_errors = 0;
		is_crowded = tern_received(dev->rust, usbd_get_buffer(t->xfer[0]), t->len);
	} else if (++dev->rx_errors > RX_ERRORS_MAX) {
		printf("%s: receiving fails: %s\n", device_xname(dev->self), usbd_errstr(t->status));
		return false;
	}
	rx_submit(t);
	return is_crowded;
}

/* The next received transfer, unless they wait for the worker; null ends a run. */
static struct tern_transfer *
rx_next(struct tern_dev *dev, bool is_crowded)
{
	struct tern_transfer *t = NULL;

	mutex_enter(&dev->lock);
	dev->is_held |= is_crowded;
	if (!dev->is_held)
		t = SIMPLEQ_FIRST(&dev->rx_done);
	if (t != NULL)
		SIMPLEQ_REMOVE_HEAD(&dev->rx_done, next);
	mutex_exit(&dev->lock);
	return t;
}

/* Hands core what came back. Says whether there is more. */
static bool
soft_work(struct tern_dev *dev)
{
	struct tern_transfer *t;
	bool is_crowded = false, can_send;
	int budget = RX_BUDGET;
	uint64_t done;

	mutex_enter(&dev->lock);
	done = dev->tx_done;
	dev->tx_done = 0;
	can_send = dev->can_send;
	dev->can_send = false;
	mutex_exit(&dev->lock);
	if (done != 0)
		tern_tx_done(dev->rust, done);
	if (can_send)
		shim_send(dev);
	while (budget-- > 0 && (t = rx_next(dev, is_crowded)) != NULL)
		is_crowded = rx_take(t);
	return budget < 0;
}

/*
 * Every CPU may run the soft interrupt, and whoever stops the pipes does its work too: one at a time
 * goes through, and does what the others came for.
 */
static void
soft_main(void *arg)
{
	struct tern_dev *dev = arg;
	bool has_more;

	mutex_enter(&dev->lock);
	if (dev->soft_busy) {
		dev->soft_again = true;
		mutex_exit(&dev->lock);
		return;
	}
	dev->soft_busy = true;
	do {
		dev->soft_again = false;
		mutex_exit(&dev->lock);
		has_more = soft_work(dev);
		mutex_enter(&dev->lock);
	} while (dev->soft_again || (has_more && dev->is_stopped));
	dev->soft_busy = false;
	cv_broadcast(&dev->soft_idle);
	mutex_exit(&dev->lock);
	if (has_more)
		shim_soft_schedule(dev);
}

void
shim_rx_resume(struct tern_dev *dev)
{
	bool has_waiting;

	mutex_enter(&dev->lock);
	has_waiting = dev->is_held;
	dev->is_held = false;
	mutex_exit(&dev->lock);
	if (has_waiting)
		shim_soft_schedule(dev);
}

int
shim_rx_start(struct tern_dev *dev, uint32_t depth, uint32_t len)
{
	int error = TERN_OK;
	uint32_t i;

	if (dev->rx_depth != 0 && !dev->is_stopped)
		return TERN_OK;
	if (depth > TERN_RX_MAX)
		depth = TERN_RX_MAX;
	mutex_enter(&dev->lock);
	dev->is_stopped = false;
	dev->is_held = false;
	SIMPLEQ_INIT(&dev->rx_done);
	mutex_exit(&dev->lock);
	dev->rx_len = len;
	dev->rx_errors = 0;
	for (i = 0; i < depth; i++) {
		dev->rx[i].dev = dev;
		if (dev->rx[i].xfer[0] == NULL)
			error = xfer_new(dev, dev->in, len, &dev->rx[i].xfer[0]);
		if (error != TERN_OK)
			break;
		rx_submit(&dev->rx[i]);
	}
	dev->rx_depth = i;
	return error;
}

/* What waited behind another transfer of its pipe comes back without a callback. */
static void
land_all(struct tern_dev *dev)
{
	uint32_t i;

	mutex_enter(&dev->lock);
	for (i = 0; i < TERN_TX_MAX; i++) {
		if (dev->tx[i].is_flying)
			dev->tx_done |= UINT64_C(1) << i;
		land(&dev->tx[i]);
	}
	for (i = 0; i < TERN_RX_MAX; i++)
		land(&dev->rx[i]);
	mutex_exit(&dev->lock);
}

/* usbd_abort_pipe waits for the callbacks; what they left is worked off here. */
void
shim_usb_stop(struct tern_dev *dev)
{
	uint32_t i;

	mutex_enter(&dev->lock);
	dev->is_stopped = true;
	dev->is_held = false;
	mutex_exit(&dev->lock);
	if (dev->in != NULL)
		usbd_abort_pipe(dev->in);
	for (i = 0; i < dev->n_out; i++)
		usbd_abort_pipe(dev->out[i]);
	land_all(dev);
	soft_main(dev);
	mutex_enter(&dev->lock);
	while (dev->soft_busy)
		cv_wait(&dev->soft_idle, &dev->lock);
	mutex_exit(&dev->lock);
}

static int
open_pipe(struct tern_dev *dev, uint8_t address, struct usbd_pipe **pipe)
{
	usbd_status status = usbd_open_pipe(dev->iface, address, USBD_EXCLUSIVE_USE | USBD_MPSAFE, pipe);

	return status == USBD_NORMAL_COMPLETION ? 0 : EIO;
}

/* Every bulk OUT endpoint in the descriptor's order, and the first bulk IN endpoint. */
static int
open_pipes(struct tern_dev *dev)
{
	usb_interface_descriptor_t *id = usbd_get_interface_descriptor(dev->iface);
	usb_endpoint_descriptor_t *ed;
	int i, error = 0;

	for (i = 0; i < id->bNumEndpoints && error == 0; i++) {
		ed = usbd_interface2endpoint_descriptor(dev->iface, i);
		if (ed == NULL || UE_GET_XFERTYPE(ed->bmAttributes) != UE_BULK)
			continue;
		if (UE_GET_DIR(ed->bEndpointAddress) == UE_DIR_IN) {
			if (dev->in == NULL)
				error = open_pipe(dev, ed->bEndpointAddress, &dev->in);
		} else if (dev->n_out < TERN_ENDPOINTS_MAX) {
			error = open_pipe(dev, ed->bEndpointAddress, &dev->out[dev->n_out]);
			if (error == 0)
				dev->n_out++;
		}
	}
	if (error == 0 && (dev->in == NULL || dev->n_out == 0))
		error = ENXIO;
	return error;
}

int
shim_usb_open(struct tern_dev *dev)
{
	dev->soft = softint_establish(SOFTINT_NET | SOFTINT_MPSAFE, soft_main, dev);
	if (dev->soft == NULL)
		return ENOMEM;
	if (usbd_set_config_no(dev->udev, CONFIG, 0) != USBD_NORMAL_COMPLETION ||
	    usbd_device2interface_handle(dev->udev, 0, &dev->iface) != USBD_NORMAL_COMPLETION)
		return EIO;
	return open_pipes(dev);
}

/* After shim_usb_stop, when nobody sends any more. */
void
shim_usb_close(struct tern_dev *dev)
{
	uint32_t i;

	if (dev->soft != NULL)
		softint_disestablish(dev->soft);
	dev->soft = NULL;
	for (i = 0; i < TERN_TX_MAX; i++)
		transfer_free(&dev->tx[i]);
	for (i = 0; i < TERN_RX_MAX; i++)
		transfer_free(&dev->rx[i]);
	for (i = 0; i < dev->n_out; i++)
		usbd_close_pipe(dev->out[i]);
	dev->n_out = 0;
	if (dev->in != NULL)
		usbd_close_pipe(dev->in);
	dev->in = NULL;
}
