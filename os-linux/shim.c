// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What only C can say: module glue, macros, memory, locks, the worker's thread and its timer. */
#include <linux/delay.h>
#include <linux/firmware.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "ids.h"
#include "shim.h"

static atomic_t live[TERN_LIVE_COUNT];

void shim_count(u32 what, s32 change)
{
	if (what < TERN_LIVE_COUNT)
		atomic_add(change, &live[what]);
}

u32 shim_live_value(u32 what)
{
	return atomic_read(&live[what]);
}

/* Returns in its type; see panic.rs. */
void shim_panic(const char *file, int file_len, int line)
{
	panic("tern: panic at %.*s:%d", file_len, file, line);
}

void *shim_alloc(size_t len)
{
	void *memory = kvzalloc(len, GFP_KERNEL);

	if (memory)
		shim_count(TERN_ALLOCATIONS, 1);
	return memory;
}

void shim_free(void *memory)
{
	if (!memory)
		return;
	shim_count(TERN_ALLOCATIONS, -1);
	kvfree(memory);
}

void shim_log(struct tern_dev *dev, const u8 *line, size_t len)
{
	dev_info(&dev->intf->dev, "%.*s\n", (int)len, line);
}

u64 shim_now_us(void)
{
	return ktime_to_us(ktime_get());
}

void shim_random(u8 *out, size_t len)
{
	get_random_bytes(out, len);
}

void shim_sleep_us(u32 us)
{
	if (us < 10)
		udelay(us);
	else if (us < 20000)
		usleep_range(us, us + us / 4 + 20);
	else
		msleep(DIV_ROUND_UP(us, 1000));
}

/* One class for each rank: lock checkers tell locks apart by class. */
static struct lock_class_key lock_keys[TERN_RANKS_MAX];

static_assert(sizeof(spinlock_t) <= TERN_LOCK_SIZE);

void shim_lock_init(void *lock, u8 rank, const char *name)
{
	spinlock_t *spin = lock;

	spin_lock_init(spin);
	lockdep_set_class_and_name(spin, &lock_keys[rank % TERN_RANKS_MAX], name);
}

void shim_lock_destroy(void *lock)
{
}

void shim_lock(void *lock)
{
	spin_lock_bh(lock);
}

void shim_unlock(void *lock)
{
	spin_unlock_bh(lock);
}

void shim_worker_wake(struct tern_dev *dev)
{
	atomic_set(&dev->woken, 1);
	wake_up(&dev->worker);
}

void shim_worker_wait(struct tern_dev *dev)
{
	wait_event_idle(dev->worker, atomic_xchg(&dev->woken, 0));
}

static enum hrtimer_restart timer_rings(struct hrtimer *timer)
{
	shim_worker_wake(container_of(timer, struct tern_dev, timer));
	return HRTIMER_NORESTART;
}

void shim_deadline(struct tern_dev *dev, u64 at_us, bool is_set)
{
	if (is_set)
		hrtimer_start(&dev->timer, ns_to_ktime(at_us * NSEC_PER_USEC), HRTIMER_MODE_ABS);
	else
		hrtimer_try_to_cancel(&dev->timer);
}

void shim_caps(struct tern_dev *dev, const struct tern_caps *caps)
{
	dev->caps = *caps;
}

/* The address is one of the capabilities. */
void shim_attached(struct tern_dev *dev, int error, const u8 *mac)
{
	dev->attach_error = error;
	complete(&dev->attached);
}

static int worker_main(void *data)
{
	struct tern_dev *dev = data;

	tern_work(dev->rust);
	shim_count(TERN_THREADS, -1);
	return 0;
}

/* Returns when the worker has attached, or could not. */
int shim_worker_start(struct tern_dev *dev)
{
	struct task_struct *thread;

	init_waitqueue_head(&dev->worker);
	init_completion(&dev->attached);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(&dev->timer, timer_rings, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
#else
	hrtimer_init(&dev->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	dev->timer.function = timer_rings;
#endif
	thread = kthread_create(worker_main, dev, "tern/%s", dev_name(&dev->intf->dev));
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	shim_count(TERN_THREADS, 1);
	get_task_struct(thread);
	dev->thread = thread;
	wake_up_process(thread);
	wait_for_completion(&dev->attached);
	return dev->attach_error;
}

/* The worker has been told to end before: tern_stop, or it could not attach. */
void shim_worker_join(struct tern_dev *dev)
{
	if (!dev->thread)
		return;
	kthread_stop(dev->thread);
	put_task_struct(dev->thread);
	dev->thread = NULL;
	hrtimer_cancel(&dev->timer);
}

u32 shim_answers(struct tern_dev *dev)
{
	return atomic_read_acquire(&dev->answers);
}

void shim_answer(struct tern_dev *dev)
{
	atomic_inc(&dev->answers);
	wake_up_all(&dev->waiters);
}

int shim_wait_answer(struct tern_dev *dev, u32 before, bool can_be_killed)
{
	if (can_be_killed)
		return wait_event_killable(dev->waiters, shim_answers(dev) != before);
	wait_event(dev->waiters, shim_answers(dev) != before);
	return 0;
}

void shim_events_wake(struct tern_dev *dev)
{
	queue_work(system_unbound_wq, &dev->events);
}

/* The image is kept, so that a resume finds it without a file system. */
const u8 *shim_firmware(struct tern_dev *dev, const char *name, size_t *len)
{
	if (dev->firmware && dev->firmware_name != name) {
		release_firmware(dev->firmware);
		dev->firmware = NULL;
	}
	if (!dev->firmware && firmware_request_nowarn(&dev->firmware, name, &dev->intf->dev)) {
		dev->firmware = NULL;
		return NULL;
	}
	dev->firmware_name = name;
	*len = dev->firmware->size;
	return dev->firmware->data;
}

static const struct usb_device_id ids[] = { TERN_USB_IDS {} };
MODULE_DEVICE_TABLE(usb, ids);

static int usb_suspend(struct usb_interface *intf, pm_message_t message)
{
	struct tern_dev *dev = usb_get_intfdata(intf);

	shim_usb_stop(dev);
	return 0;
}

static int usb_resume(struct usb_interface *intf)
{
	struct tern_dev *dev = usb_get_intfdata(intf);

	return dev->rx_depth ? shim_usb_receive(dev, dev->rx_depth, dev->rx_len) : 0;
}

static struct usb_driver driver = {
	.name = "tern",
	.id_table = ids,
	.probe = shim_usb_probe,
	.disconnect = shim_usb_disconnect,
	.suspend = usb_suspend,
	.resume = usb_resume,
	.reset_resume = usb_resume,
	/* The radio is switched off and the access point told while transfers still work. */
	.soft_unbind = 1,
	.disable_hub_initiated_lpm = 1,
};

static int __init module_begin(void)
{
	int error;

	shim_debugfs_init();
	error = usb_register(&driver);
	if (error)
		shim_debugfs_exit();
	return error;
}

static void __exit module_end(void)
{
	usb_deregister(&driver);
	shim_debugfs_exit();
	pr_info("tern: unloaded: allocations %d packets %d transfers %d threads %d\n",
		atomic_read(&live[TERN_ALLOCATIONS]), atomic_read(&live[TERN_PACKETS]),
		atomic_read(&live[TERN_TRANSFERS]), atomic_read(&live[TERN_THREADS]));
}

module_init(module_begin);
module_exit(module_end);
MODULE_LICENSE("Dual BSD/GPL");
MODULE_AUTHOR("Tern contributors");
MODULE_DESCRIPTION("Tern: Realtek rtwn Wi-Fi");
