// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* USB: control requests, bulk transfers and their completions. */
#include "shim.h"

#define VENDOR_REQUEST 5
/* As long as usbd_do_request(9) waits: a controller's abort of a control request is a last resort. */
#define CONTROL_MS 5000
#define TX_MS 5000
/* Receive transfers that one run of the soft interrupt takes, and errors in a row that end receiving. */
#define RX_BUDGET 16
#define RX_ERRORS_MAX 64
/*
 * A buffer that crosses a multiple of 64 KiB takes two transfer descriptors, and xhci(4) then waits for
 * an event of the second one, which after a short packet not every controller sends (QEMU's does not).
 * One page never crosses; core joins what is longer.
 */
#define RX_LEN_MAX PAGE_SIZE

int
shim_usb_control(struct tern_dev *dev, bool is_write, uint16_t addr, uint8_t *data, uint16_t len)
{
	usb_device_request_t request;
	usbd_status status;
	int done = 0;

	if (usbd_is_dying(dev->udev))
		return TERN_GONE;
	request.bmRequestType = is_write ? UT_WRITE_VENDOR_DEVICE : UT_READ_VENDOR_DEVICE;
	request.bRequest = VENDOR_REQUEST;
	USETW(request.wValue, addr);
	USETW(request.wIndex, 0);
	USETW(request.wLength, len);
	status = usbd_do_request_flags(dev->udev, &request, data, 0, &done, CONTROL_MS);
	if (usbd_is_dying(dev->udev))
		return TERN_GONE;
	return status == USBD_NORMAL_COMPLETION && done == len ? TERN_OK : TERN_FAILED;
}

static int
transfer_init(struct tern_dev *dev, struct tern_transfer *t, uint32_t index, uint32_t len)
{
	t->dev = dev;
	t->index = index;
	t->xfer = usbd_alloc_xfer(dev->udev);
	if (t->xfer == NULL)
		return TERN_NO_MEMORY;
	shim_count(TERN_ALLOCATIONS, 1);
	/* Memory that the controller reaches; usbd_free_xfer frees it. */
	t->buffer = usbd_alloc_buffer(t->xfer, len);
	return t->buffer != NULL ? TERN_OK : TERN_NO_MEMORY;
}

static void
transfer_free(struct tern_transfer *t)
{
	if (t->xfer == NULL)
		return;
	usbd_free_xfer(t->xfer);
	t->xfer = NULL;
	shim_count(TERN_ALLOCATIONS, -1);
}

/*
 * Once for each transfer that was started. One that the controller refused stays in its pipe, and is
 * called back when the pipe is aborted: that is not ours any more.
 */
static bool
is_over(struct tern_transfer *t)
{
	if (!t->is_busy)
		return false;
	t->is_busy = false;
	shim_count(TERN_TRANSFERS, -1);
	return true;
}

static int
transfer_start(struct tern_transfer *t)
{
	usbd_status status;

	t->is_busy = true;
	shim_count(TERN_TRANSFERS, 1);
	status = usbd_transfer(t->xfer);
	if (status == USBD_IN_PROGRESS || status == USBD_NORMAL_COMPLETION)
		return TERN_OK;
	is_over(t);
	return TERN_FAILED;
}

int
shim_tx_setup(struct tern_dev *dev, uint32_t count, uint32_t len)
{
	int error = count > TERN_TX_MAX ? TERN_FAILED : TERN_OK;
	uint32_t i;

	for (i = 0; i < count && error == TERN_OK; i++)
		error = transfer_init(dev, &dev->tx[i], i, len);
	return error;
}

uint8_t *
shim_tx_buffer(struct tern_dev *dev, uint32_t index)
{
	return dev->tx[index].buffer;
}

/* Said to Rust by the soft interrupt, which is never inside a call that starts a transfer. */
static void
tx_is_done(struct tern_transfer *t)
{
	int s = splnet();

	t->dev->tx_done |= 1ULL << t->index;
	splx(s);
	softintr_schedule(t->dev->soft);
}

static void
tx_complete(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct tern_transfer *t = priv;

	if (!is_over(t))
		return;
	if (status == USBD_STALLED)
		usbd_clear_endpoint_stall_async(t->pipe);
	tx_is_done(t);
}

void
shim_tx_submit(struct tern_dev *dev, uint32_t index, uint32_t endpoint, uint32_t len)
{
	struct tern_transfer *t = &dev->tx[index];

	t->pipe = dev->out[endpoint];
	usbd_setup_xfer(t->xfer, t->pipe, t, t->buffer, len, USBD_FORCE_SHORT_XFER | USBD_NO_COPY,
			TX_MS, tx_complete);
	if (len == 0 || dev->is_stopped || transfer_start(t) != TERN_OK)
		tx_is_done(t);
}

static void
rx_complete(struct usbd_xfer *xfer, void *priv, usbd_status status)
{
	struct tern_transfer *t = priv;
	struct tern_dev *dev = t->dev;
	int s;

	if (!is_over(t))
		return;
	t->status = status;
	usbd_get_xfer_status(xfer, NULL, NULL, &t->len, NULL);
	s = splnet();
	SIMPLEQ_INSERT_TAIL(&dev->rx_done, t, done);
	splx(s);
	softintr_schedule(dev->soft);
}

static int
rx_submit(struct tern_transfer *t)
{
	struct tern_dev *dev = t->dev;

	if (dev->is_stopped)
		return TERN_FAILED;
	usbd_setup_xfer(t->xfer, dev->in, t, t->buffer, dev->rx_len,
			USBD_SHORT_XFER_OK | USBD_NO_COPY, USBD_NO_TIMEOUT, rx_complete);
	return transfer_start(t);
}

/*
 * Takes in one transfer and starts it anew, unless it was cancelled or the device is gone. Says
 * whether so much waits to be delivered that the next one should wait too.
 */
static bool
rx_take(struct tern_transfer *t)
{
	struct tern_dev *dev = t->dev;
	bool is_crowded = false;

	if (t->status == USBD_CANCELLED || usbd_is_dying(dev->udev))
		return false;
	if (t->status == USBD_NORMAL_COMPLETION) {
		dev->rx_errors = 0;
		is_crowded = tern_received(dev->rust, t->buffer, t->len);
	} else if (++dev->rx_errors > RX_ERRORS_MAX) {
		printf("%s: receiving fails: USB status %d\n", dev->self.dv_xname, t->status);
		return false;
	} else if (t->status == USBD_STALLED) {
		usbd_clear_endpoint_stall_async(dev->in);
	}
	rx_submit(t);
	return is_crowded;
}

static struct tern_transfer *
rx_next(struct tern_dev *dev)
{
	struct tern_transfer *t;
	int s = splnet();

	t = SIMPLEQ_FIRST(&dev->rx_done);
	if (t != NULL)
		SIMPLEQ_REMOVE_HEAD(&dev->rx_done, done);
	splx(s);
	return t;
}

/*
 * At IPL_SOFTNET with the kernel lock: nothing preempts it, and who holds the kernel lock knows that
 * it does not run.
 */
static void
soft_main(void *arg)
{
	struct tern_dev *dev = arg;
	struct tern_transfer *t;
	int budget = RX_BUDGET, s;
	uint64_t done;

	if (dev->is_stopped)
		return;
	s = splnet();
	done = dev->tx_done;
	dev->tx_done = 0;
	splx(s);
	if (done != 0)
		tern_tx_done(dev->rust, done);
	while (budget-- > 0 && (t = rx_next(dev)) != NULL)
		if (rx_take(t))
			return; /* Until the worker has made room: shim_rx_resume. */
	if (budget < 0)
		softintr_schedule(dev->soft);
}

/* After each run of the worker, which also lets others have their turn. */
void
shim_rx_resume(struct tern_dev *dev)
{
	sched_pause(yield);
	if (!SIMPLEQ_EMPTY(&dev->rx_done))
		softintr_schedule(dev->soft);
}

int
shim_rx_start(struct tern_dev *dev, uint32_t depth, uint32_t len)
{
	int error = TERN_OK;
	uint32_t i;

	if (dev->rx_depth != 0 && !dev->is_stopped)
		return TERN_OK;
	depth = MIN(depth, TERN_RX_MAX);
	SIMPLEQ_INIT(&dev->rx_done);
	dev->tx_done = 0;
	dev->is_stopped = false;
	dev->rx_len = MIN(len, RX_LEN_MAX);
	dev->rx_errors = 0;
	for (i = 0; i < depth && error == TERN_OK; i++) {
		if (dev->rx[i].xfer == NULL)
			error = transfer_init(dev, &dev->rx[i], i, dev->rx_len);
		if (error == TERN_OK)
			error = rx_submit(&dev->rx[i]);
	}
	dev->rx_depth = i;
	return error;
}

/*
 * When this returns, nothing comes any more: aborting calls every transfer back, and the soft
 * interrupt, which needs the kernel lock that we hold, has seen the flag or is over.
 */
void
shim_usb_stop(struct tern_dev *dev)
{
	uint32_t i;

	dev->is_stopped = true;
	for (i = 0; i < dev->n_out; i++)
		usbd_abort_pipe(dev->out[i]);
	if (dev->in != NULL)
		usbd_abort_pipe(dev->in);
}

/* After a suspend: as it was before shim_usb_stop. */
void
shim_usb_restart(struct tern_dev *dev)
{
	if (dev->rx_depth == 0)
		dev->is_stopped = false;
	else if (shim_rx_start(dev, dev->rx_depth, dev->rx_len) != TERN_OK)
		printf("%s: receiving does not start again\n", dev->self.dv_xname);
}

static int
open_endpoint(struct tern_dev *dev, usb_endpoint_descriptor_t *ep)
{
	struct usbd_pipe **pipe = NULL;

	if (UE_GET_XFERTYPE(ep->bmAttributes) != UE_BULK)
		return 0;
	if (UE_GET_DIR(ep->bEndpointAddress) == UE_DIR_IN) {
		if (dev->in == NULL)
			pipe = &dev->in;
	} else if (dev->n_out < TERN_ENDPOINTS_MAX) {
		pipe = &dev->out[dev->n_out];
	}
	if (pipe == NULL)
		return 0;
	if (usbd_open_pipe(dev->iface, ep->bEndpointAddress, USBD_EXCLUSIVE_USE, pipe) != 0)
		return EIO;
	if (pipe != &dev->in)
		dev->n_out++;
	return 0;
}

int
shim_usb_setup(struct tern_dev *dev)
{
	usb_interface_descriptor_t *id = usbd_get_interface_descriptor(dev->iface);
	usb_endpoint_descriptor_t *ep;
	int error = 0, i;

	SIMPLEQ_INIT(&dev->rx_done);
	dev->soft = softintr_establish(IPL_SOFTNET, soft_main, dev);
	if (dev->soft == NULL)
		return ENOMEM;
	for (i = 0; id != NULL && i < id->bNumEndpoints && error == 0; i++) {
		ep = usbd_interface2endpoint_descriptor(dev->iface, i);
		if (ep != NULL)
			error = open_endpoint(dev, ep);
	}
	if (error == 0 && (dev->n_out == 0 || dev->in == NULL))
		error = ENXIO;
	return error;
}

/* After shim_usb_stop. */
void
shim_usb_teardown(struct tern_dev *dev)
{
	uint32_t i;

	if (dev->soft != NULL)
		softintr_disestablish(dev->soft);
	dev->soft = NULL;
	for (i = 0; i < TERN_TX_MAX; i++)
		transfer_free(&dev->tx[i]);
	for (i = 0; i < TERN_RX_MAX; i++)
		transfer_free(&dev->rx[i]);
	while (dev->n_out > 0)
		usbd_close_pipe(dev->out[--dev->n_out]);
	if (dev->in != NULL)
		usbd_close_pipe(dev->in);
	dev->in = NULL;
}
