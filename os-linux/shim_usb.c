// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* USB: a device comes and goes, control transfers, bulk transfers and their completions. */
#include <linux/firmware.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "shim.h"

#define VENDOR_REQUEST 5
#define CONTROL_MAX 256
#define CONTROL_MS 500
/* Receive transfers that one run of the tasklet takes, and errors in a row that end receiving. */
#define RX_BUDGET 16
#define RX_ERRORS_MAX 64

/* enum tern_error of an errno. */
static int to_tern(int error)
{
	switch (error) {
	case 0:
		return TERN_OK;
	case -ENOMEM:
		return TERN_NO_MEMORY;
	case -ENODEV:
	case -ESHUTDOWN:
	case -ENOENT:
		return TERN_GONE;
	}
	return TERN_FAILED;
}

int shim_usb_control(struct tern_dev *dev, bool is_write, u16 addr, u8 *data, u16 len)
{
	struct usb_device *udev = dev->udev;
	int done;

	if (len > CONTROL_MAX)
		return TERN_FAILED;
	if (is_write) {
		memcpy(dev->control, data, len);
		done = usb_control_msg(udev, usb_sndctrlpipe(udev, 0), VENDOR_REQUEST,
				       USB_DIR_OUT | USB_TYPE_VENDOR, addr, 0, dev->control, len,
				       CONTROL_MS);
	} else {
		done = usb_control_msg(udev, usb_rcvctrlpipe(udev, 0), VENDOR_REQUEST,
				       USB_DIR_IN | USB_TYPE_VENDOR, addr, 0, dev->control, len,
				       CONTROL_MS);
	}
	if (done == -ESHUTDOWN || udev->state == USB_STATE_NOTATTACHED)
		return TERN_GONE;
	if (done < 0)
		return to_tern(done);
	if (done != len)
		return TERN_FAILED;
	if (!is_write)
		memcpy(data, dev->control, len);
	return TERN_OK;
}

static int transfer_init(struct tern_dev *dev, struct tern_transfer *t, u32 index, u32 len)
{
	t->dev = dev;
	t->index = index;
	INIT_LIST_HEAD(&t->done);
	t->urb = usb_alloc_urb(0, GFP_KERNEL);
	if (!t->urb)
		return -ENOMEM;
	shim_count(TERN_ALLOCATIONS, 1);
	t->buffer = kmalloc(len, GFP_KERNEL);
	if (!t->buffer)
		return -ENOMEM;
	shim_count(TERN_ALLOCATIONS, 1);
	return 0;
}

static void transfer_free(struct tern_transfer *t)
{
	if (t->urb)
		shim_count(TERN_ALLOCATIONS, -1);
	usb_free_urb(t->urb);
	if (t->buffer)
		shim_count(TERN_ALLOCATIONS, -1);
	kfree(t->buffer);
	t->urb = NULL;
	t->buffer = NULL;
}

int shim_tx_setup(struct tern_dev *dev, u32 count, u32 len)
{
	int error = count > TERN_TX_MAX ? -EINVAL : 0;
	u32 i;

	for (i = 0; i < count && !error; i++)
		error = transfer_init(dev, &dev->tx[i], i, len);
	return to_tern(error);
}

u8 *shim_tx_buffer(struct tern_dev *dev, u32 index)
{
	return dev->tx[index].buffer;
}

static void tx_complete(struct urb *urb)
{
	struct tern_transfer *t = urb->context;

	shim_count(TERN_TRANSFERS, -1);
	set_bit(t->index, &t->dev->tx_done);
	tasklet_schedule(&t->dev->tasklet);
}

/* An error (a length of 0 is one) is a completion like any other, and comes as late as one. */
void shim_tx_submit(struct tern_dev *dev, u32 index, u32 endpoint, u32 len)
{
	struct tern_transfer *t = &dev->tx[index];

	usb_fill_bulk_urb(t->urb, dev->udev, usb_sndbulkpipe(dev->udev, dev->out[endpoint]),
			  t->buffer, len, tx_complete, t);
	t->urb->transfer_flags |= URB_ZERO_PACKET;
	shim_count(TERN_TRANSFERS, 1);
	if (len && !READ_ONCE(dev->is_stopped) && !usb_submit_urb(t->urb, GFP_ATOMIC))
		return;
	shim_count(TERN_TRANSFERS, -1);
	set_bit(index, &dev->tx_done);
	tasklet_schedule(&dev->tasklet);
}

static void rx_complete(struct urb *urb)
{
	struct tern_transfer *t = urb->context;
	unsigned long flags;

	shim_count(TERN_TRANSFERS, -1);
	spin_lock_irqsave(&t->dev->rx_lock, flags);
	list_add_tail(&t->done, &t->dev->rx_done);
	spin_unlock_irqrestore(&t->dev->rx_lock, flags);
	tasklet_schedule(&t->dev->tasklet);
}

static int rx_submit(struct tern_transfer *t, gfp_t gfp)
{
	struct tern_dev *dev = t->dev;
	int error;

	usb_fill_bulk_urb(t->urb, dev->udev, usb_rcvbulkpipe(dev->udev, dev->in), t->buffer,
			  dev->rx_len, rx_complete, t);
	shim_count(TERN_TRANSFERS, 1);
	error = READ_ONCE(dev->is_stopped) ? -ESHUTDOWN : usb_submit_urb(t->urb, gfp);
	if (error)
		shim_count(TERN_TRANSFERS, -1);
	return error;
}

/*
 * Takes in one transfer and starts it anew, unless it was cancelled or the device is gone. Says
 * whether so much waits to be delivered that the next one should wait too.
 */
static bool rx_take(struct tern_transfer *t)
{
	struct tern_dev *dev = t->dev;
	bool is_crowded = false;

	switch (t->urb->status) {
	case 0:
		dev->rx_errors = 0;
		is_crowded = tern_received(dev->rust, t->buffer, t->urb->actual_length);
		break;
	case -ENOENT:
	case -ECONNRESET:
	case -ESHUTDOWN:
	case -ENODEV:
		return false;
	default:
		if (++dev->rx_errors > RX_ERRORS_MAX) {
			dev_err_ratelimited(&dev->intf->dev, "receiving fails: error %d\n",
					    t->urb->status);
			return false;
		}
	}
	rx_submit(t, GFP_ATOMIC);
	return is_crowded;
}

static struct tern_transfer *rx_next(struct tern_dev *dev)
{
	struct tern_transfer *t;
	unsigned long flags;

	spin_lock_irqsave(&dev->rx_lock, flags);
	t = list_first_entry_or_null(&dev->rx_done, struct tern_transfer, done);
	if (t)
		list_del_init(&t->done);
	spin_unlock_irqrestore(&dev->rx_lock, flags);
	return t;
}

static void tasklet_main(struct tasklet_struct *tasklet)
{
	struct tern_dev *dev = container_of(tasklet, struct tern_dev, tasklet);
	unsigned long done = xchg(&dev->tx_done, 0);
	struct tern_transfer *t;
	int budget = RX_BUDGET;

	if (done)
		tern_tx_done(dev->rust, done);
	while (budget-- && (t = rx_next(dev)))
		if (rx_take(t))
			return; /* Until the worker has made room: shim_rx_resume. */
	if (budget < 0)
		tasklet_schedule(tasklet);
}

/* After each run of the worker, which also lets others have their turn. */
void shim_rx_resume(struct tern_dev *dev)
{
	cond_resched();
	if (!list_empty_careful(&dev->rx_done))
		tasklet_schedule(&dev->tasklet);
}

int shim_usb_receive(struct tern_dev *dev, u32 depth, u32 len)
{
	int error = 0;
	u32 i;

	if (dev->rx_depth && !dev->is_stopped)
		return 0;
	depth = min_t(u32, depth, TERN_RX_MAX);
	WRITE_ONCE(dev->is_stopped, false);
	dev->rx_len = len;
	dev->rx_errors = 0;
	for (i = 0; i < depth && !error; i++) {
		if (!dev->rx[i].urb)
			error = transfer_init(dev, &dev->rx[i], i, len);
		if (!error)
			error = rx_submit(&dev->rx[i], GFP_KERNEL);
	}
	dev->rx_depth = i;
	return error;
}

int shim_rx_start(struct tern_dev *dev, u32 depth, u32 len)
{
	return to_tern(shim_usb_receive(dev, depth, len));
}

/* When this returns, nothing comes any more. */
void shim_usb_stop(struct tern_dev *dev)
{
	u32 i;

	WRITE_ONCE(dev->is_stopped, true);
	for (i = 0; i < TERN_TX_MAX; i++)
		usb_kill_urb(dev->tx[i].urb);
	for (i = 0; i < TERN_RX_MAX; i++)
		usb_kill_urb(dev->rx[i].urb);
	tasklet_kill(&dev->tasklet);
}

static int find_endpoints(struct tern_dev *dev)
{
	struct usb_host_interface *alt = dev->intf->cur_altsetting;
	int i;

	for (i = 0; i < alt->desc.bNumEndpoints; i++) {
		struct usb_endpoint_descriptor *ep = &alt->endpoint[i].desc;

		if (usb_endpoint_is_bulk_out(ep) && dev->n_out < TERN_ENDPOINTS_MAX)
			dev->out[dev->n_out++] = usb_endpoint_num(ep);
		else if (usb_endpoint_is_bulk_in(ep) && !dev->in)
			dev->in = usb_endpoint_num(ep);
	}
	return dev->n_out && dev->in ? 0 : -ENODEV;
}

static void events_main(struct work_struct *work)
{
	struct tern_dev *dev = container_of(work, struct tern_dev, events);

	wiphy_lock(dev->wiphy);
	tern_events(dev->rust);
	wiphy_unlock(dev->wiphy);
}

int shim_usb_setup(struct tern_dev *dev)
{
	init_waitqueue_head(&dev->waiters);
	INIT_WORK(&dev->events, events_main);
	spin_lock_init(&dev->rx_lock);
	INIT_LIST_HEAD(&dev->rx_done);
	tasklet_setup(&dev->tasklet, tasklet_main);
	dev->control = kmalloc(CONTROL_MAX, GFP_KERNEL);
	if (!dev->control)
		return -ENOMEM;
	shim_count(TERN_ALLOCATIONS, 1);
	return find_endpoints(dev);
}

void shim_usb_teardown(struct tern_dev *dev)
{
	u32 i;

	for (i = 0; i < TERN_TX_MAX; i++)
		transfer_free(&dev->tx[i]);
	for (i = 0; i < TERN_RX_MAX; i++)
		transfer_free(&dev->rx[i]);
	if (dev->control)
		shim_count(TERN_ALLOCATIONS, -1);
	kfree(dev->control);
	release_firmware(dev->firmware);
	usb_put_dev(dev->udev);
}

static void remove_interfaces(struct tern_dev *dev)
{
	u32 i;

	rtnl_lock();
	dev->is_gone = true;
	for (i = 0; i < TERN_VIFS_MAX; i++) {
		struct tern_vif *vif = rtnl_dereference(dev->vifs[i]);

		if (!vif)
			continue;
		dev_close(vif->wdev.netdev);
		shim_vif_unhash(vif);
		unregister_netdevice(vif->wdev.netdev);
	}
	rtnl_unlock();
}

/*
 * Core ends what goes on and answers every waiter; then its thread, the transfers, the events that
 * it left, the interfaces (which waits for every caller), and the memory.
 */
static void remove(struct tern_dev *dev)
{
	bool is_registered = dev->wiphy && dev->wiphy->registered;

	if (dev->rust && dev->thread)
		tern_stop(dev->rust);
	shim_worker_join(dev);
	shim_usb_stop(dev);
	if (is_registered) {
		flush_work(&dev->events);
		remove_interfaces(dev);
		debugfs_remove_recursive(dev->debugfs);
		wiphy_unregister(dev->wiphy);
	}
	cancel_work_sync(&dev->events);
	tasklet_kill(&dev->tasklet);
	if (dev->rust)
		tern_free(dev->rust);
	if (dev->wiphy) {
		wiphy_free(dev->wiphy);
		shim_count(TERN_ALLOCATIONS, -1);
	}
	shim_usb_teardown(dev);
	shim_free(dev);
}

static int add_first_interface(struct tern_dev *dev)
{
	struct tern_vif *vif;

	rtnl_lock();
	wiphy_lock(dev->wiphy);
	vif = shim_vif_new(dev, "wlan%d", NET_NAME_ENUM, NL80211_IFTYPE_STATION, NULL);
	wiphy_unlock(dev->wiphy);
	rtnl_unlock();
	return PTR_ERR_OR_ZERO(vif);
}

int shim_usb_probe(struct usb_interface *intf, const struct usb_device_id *id)
{
	struct tern_dev *dev = shim_alloc(sizeof(*dev));
	int error;

	if (!dev)
		return -ENOMEM;
	dev->intf = intf;
	dev->udev = usb_get_dev(interface_to_usbdev(intf));
	error = shim_usb_setup(dev);
	if (!error)
		error = shim_wiphy_setup(dev);
	if (!error)
		dev->rust = tern_probe(dev, id->idVendor, id->idProduct, dev->n_out, &error);
	if (!error)
		error = shim_worker_start(dev);
	if (!error)
		error = shim_wiphy_register(dev);
	if (!error)
		error = add_first_interface(dev);
	if (error) {
		dev_err(&intf->dev, "cannot be used: error %d\n", error);
		remove(dev);
		return error;
	}
	shim_debugfs_add(dev);
	usb_set_intfdata(intf, dev);
	return 0;
}

void shim_usb_disconnect(struct usb_interface *intf)
{
	remove(usb_get_intfdata(intf));
}
