// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The module and the device: memory, locks, time, the worker's thread, attach and detach. */
#include "shim.h"
#include "ids.h"

#define	WAIT_NAME	"tern"

MALLOC_DEFINE(M_TERN, "tern", "Tern Wi-Fi");

static unsigned live[TERN_LIVE_COUNT];

static LIST_HEAD(, tern_dev) devices = LIST_HEAD_INITIALIZER(devices);
struct mtx tern_registry;
MTX_SYSINIT(tern_registry, &tern_registry, "tern registry", MTX_DEF);

void
shim_count(uint32_t what, int32_t change)
{
	if (what < TERN_LIVE_COUNT)
		atomic_add_int(&live[what], change);
}

/* Returns in its type; see panic.rs. */
void
shim_panic(const char *file, int file_len, int line)
{
	panic("tern: panic at %.*s:%d", file_len, file, line);
}

void *
shim_alloc(size_t len)
{
	shim_count(TERN_ALLOCATIONS, 1);
	return (malloc(len, M_TERN, M_WAITOK | M_ZERO));
}

void
shim_free(void *memory)
{
	if (memory == NULL)
		return;
	shim_count(TERN_ALLOCATIONS, -1);
	free(memory, M_TERN);
}

void
shim_log(struct tern_dev *dev, const uint8_t *line, size_t len)
{
	device_printf(dev->self, "%.*s\n", (int)len, line);
}

uint64_t
shim_now_us(void)
{
	return (sbttous(sbinuptime()));
}

void
shim_random(uint8_t *out, size_t len)
{
	arc4random_buf(out, len);
}

void
shim_sleep_us(uint32_t us)
{
	/* Setting a timer up costs about as much. */
	if (us < 50)
		DELAY(us);
	else
		pause_sbt(WAIT_NAME, ustosbt(us), ustosbt(us) >> 3, C_PREL(3));
}

_Static_assert(sizeof(struct mtx) <= TERN_LOCK_SIZE, "a lock must fit");

/* WITNESS tells locks apart by name: one for each rank. */
void
shim_lock_init(void *lock, uint8_t rank __unused, const char *name)
{
	mtx_init((struct mtx *)lock, name, NULL, MTX_DEF);
}

void
shim_lock_destroy(void *lock)
{
	mtx_destroy((struct mtx *)lock);
}

void
shim_lock(void *lock)
{
	mtx_lock((struct mtx *)lock);
}

void
shim_unlock(void *lock)
{
	mtx_unlock((struct mtx *)lock);
}

void
shim_worker_wake(struct tern_dev *dev)
{
	mtx_lock(&dev->wake);
	dev->is_woken = true;
	wakeup(&dev->is_woken);
	mtx_unlock(&dev->wake);
}

void
shim_worker_wait(struct tern_dev *dev)
{
	mtx_lock(&dev->wake);
	while (!dev->is_woken)
		msleep(&dev->is_woken, &dev->wake, 0, WAIT_NAME, 0);
	dev->is_woken = false;
	mtx_unlock(&dev->wake);
}

static void
timer_rings(void *arg)
{
	shim_worker_wake(arg);
}

void
shim_deadline(struct tern_dev *dev, uint64_t at_us, bool is_set)
{
	if (is_set)
		callout_reset_sbt(&dev->timer, ustosbt(at_us), 0, timer_rings, dev,
		    C_ABSOLUTE);
	else
		callout_stop(&dev->timer);
}

void
shim_attached(struct tern_dev *dev, int error, const uint8_t *mac __unused)
{
	mtx_lock(&dev->wake);
	dev->attach_error = error;
	dev->is_attached = true;
	wakeup(&dev->is_attached);
	mtx_unlock(&dev->wake);
}

uint32_t
shim_answers(struct tern_dev *dev)
{
	return (atomic_load_acq_32(&dev->answers));
}

void
shim_answer(struct tern_dev *dev)
{
	mtx_lock(&dev->wake);
	atomic_add_rel_32(&dev->answers, 1);
	wakeup(&dev->answers);
	mtx_unlock(&dev->wake);
}

int
shim_wait_answer(struct tern_dev *dev, uint32_t before, bool can_be_killed)
{
	int error = 0;

	mtx_lock(&dev->wake);
	while (dev->answers == before && error == 0)
		error = msleep(&dev->answers, &dev->wake, can_be_killed ? PCATCH : 0,
		    WAIT_NAME, 0);
	mtx_unlock(&dev->wake);
	return (error);
}

/* The names of FreeBSD's own images, for systems that have no other. */
static const char *
native_firmware(const char *name)
{
	if (strcmp(name, "rtlwifi/rtl8192cufw_TMSC.bin") == 0)
		return ("rtwn-rtl8192cfwT");
	if (strncmp(name, "rtlwifi/rtl8192cufw_", 20) == 0)
		return ("rtwn-rtl8192cfwU");
	return (NULL);
}

/* The image is kept, so that a resume finds it without a file system. */
const uint8_t *
shim_firmware(struct tern_dev *dev, const char *name, size_t *len)
{
	const char *native = native_firmware(name);

	if (dev->firmware != NULL && dev->firmware_name != name) {
		firmware_put(dev->firmware, FIRMWARE_UNLOAD);
		dev->firmware = NULL;
	}
	if (dev->firmware == NULL)
		dev->firmware = firmware_get_flags(name, FIRMWARE_GET_NOWARN);
	if (dev->firmware == NULL && native != NULL)
		dev->firmware = firmware_get(native);
	if (dev->firmware == NULL)
		return (NULL);
	dev->firmware_name = name;
	*len = dev->firmware->datasize;
	return (dev->firmware->data);
}

void
shim_show(void *sink, const uint8_t *text, size_t len)
{
	sbuf_bcat(sink, text, len);
}

/* arg2: what tern_show shows. */
static int
sysctl_show(SYSCTL_HANDLER_ARGS)
{
	struct tern_dev *dev = arg1;
	struct sbuf text;
	int error;

	sbuf_new_for_sysctl(&text, NULL, 256, req);
	tern_show(dev->rust, arg2, &text);
	error = sbuf_finish(&text);
	sbuf_delete(&text);
	return (error);
}

static int
sysctl_live(SYSCTL_HANDLER_ARGS)
{
	struct sbuf text;
	int error;

	sbuf_new_for_sysctl(&text, NULL, 128, req);
	sbuf_printf(&text, "allocations %d packets %d transfers %d threads %d",
	    live[TERN_ALLOCATIONS], live[TERN_PACKETS], live[TERN_TRANSFERS],
	    live[TERN_THREADS]);
	error = sbuf_finish(&text);
	sbuf_delete(&text);
	return (error);
}

/* In a list of our own: the device's is emptied after detach only. */
static void
add_sysctls(struct tern_dev *dev)
{
	struct sysctl_ctx_list *ctx = &dev->sysctls;
	struct sysctl_oid_list *list =
	    SYSCTL_CHILDREN(device_get_sysctl_tree(dev->self));
	const int flags = CTLTYPE_STRING | CTLFLAG_RD | CTLFLAG_MPSAFE;

	SYSCTL_ADD_PROC(ctx, list, OID_AUTO, "counters", flags, dev, 0, sysctl_show,
	    "A", "What was counted");
	SYSCTL_ADD_PROC(ctx, list, OID_AUTO, "events", flags, dev, 1, sysctl_show,
	    "A", "What happened last");
	SYSCTL_ADD_PROC(ctx, list, OID_AUTO, "registers", flags, dev, 2, sysctl_show,
	    "A", "What the chip's registers hold, while an interface is up");
	SYSCTL_ADD_PROC(ctx, list, OID_AUTO, "live", flags, NULL, 0, sysctl_live,
	    "A", "What the driver has of the kernel, all devices together");
}

struct tern_dev *
tern_dev_hold(const char *name)
{
	struct tern_dev *dev;

	mtx_lock(&tern_registry);
	LIST_FOREACH(dev, &devices, next)
		if (strcmp(device_get_nameunit(dev->self), name) == 0)
			break;
	if (dev != NULL)
		dev->users++;
	mtx_unlock(&tern_registry);
	return (dev);
}

void
tern_dev_rele(struct tern_dev *dev)
{
	mtx_lock(&tern_registry);
	if (--dev->users == 0)
		wakeup(&dev->users);
	mtx_unlock(&tern_registry);
}

static void
worker_main(void *arg, int pending __unused)
{
	struct tern_dev *dev = arg;

	tern_work(dev->rust);
	shim_count(TERN_THREADS, -1);
}

/* Returns when the worker has attached, or could not. */
static int
worker_start(struct tern_dev *dev)
{
	int error;

	dev->queue = taskqueue_create("tern", M_WAITOK, taskqueue_thread_enqueue,
	    &dev->queue);
	error = taskqueue_start_threads(&dev->queue, 1, PI_NET, "%s worker",
	    device_get_nameunit(dev->self));
	if (error != 0)
		return (error);
	shim_count(TERN_THREADS, 1);
	taskqueue_enqueue(dev->queue, &dev->task);
	mtx_lock(&dev->wake);
	while (!dev->is_attached)
		msleep(&dev->is_attached, &dev->wake, 0, WAIT_NAME, 0);
	mtx_unlock(&dev->wake);
	return (dev->attach_error);
}

/* The worker has been told to end before: tern_stop, or it could not attach. */
static void
worker_join(struct tern_dev *dev)
{
	if (dev->queue == NULL)
		return;
	taskqueue_drain(dev->queue, &dev->task);
	taskqueue_free(dev->queue);
	dev->queue = NULL;
}

static STRUCT_USB_HOST_ID tern_ids[] = {
#define	ENTRY(vendor, product)	{ USB_VPI(vendor, product, 0) },
	TERN_USB_IDS(ENTRY)
#undef ENTRY
};

static int
tern_match(device_t self)
{
	struct usb_attach_arg *uaa = device_get_ivars(self);

	if (uaa->usb_mode != USB_MODE_HOST || uaa->info.bConfigIndex != 0 ||
	    uaa->info.bIfaceIndex != 0)
		return (ENXIO);
	return (usbd_lookup_id_by_uaa(tern_ids, sizeof(tern_ids), uaa));
}

/*
 * Nobody new finds the device; core ends what goes on and answers every waiter; then those who were
 * making an interface, the worker, the transfers, the interfaces (which waits for every caller), and
 * the memory.
 */
static int
tern_detach(device_t self)
{
	struct tern_dev *dev = device_get_softc(self);

	mtx_lock(&tern_registry);
	if (dev->is_registered)
		LIST_REMOVE(dev, next);
	dev->is_registered = false;
	mtx_unlock(&tern_registry);
	sysctl_ctx_free(&dev->sysctls);
	if (dev->rust != NULL && dev->queue != NULL)
		tern_stop(dev->rust);
	mtx_lock(&tern_registry);
	while (dev->users != 0)
		msleep(&dev->users, &tern_registry, 0, WAIT_NAME, 0);
	mtx_unlock(&tern_registry);
	worker_join(dev);
	callout_drain(&dev->timer);
	shim_usb_stop(dev);
	tern_vap_remove_all(dev);
	tern_usb_teardown(dev);
	if (dev->rust != NULL)
		tern_free(dev->rust);
	dev->rust = NULL;
	if (dev->firmware != NULL)
		firmware_put(dev->firmware, FIRMWARE_UNLOAD);
	sx_destroy(&dev->cloning);
	mtx_destroy(&dev->usb);
	mtx_destroy(&dev->wake);
	return (0);
}

static int
tern_attach(device_t self)
{
	struct usb_attach_arg *uaa = device_get_ivars(self);
	struct tern_dev *dev = device_get_softc(self);
	int error = ENXIO;

	device_set_usb_desc(self);
	dev->self = self;
	dev->udev = uaa->device;
	dev->iface = uaa->info.bIfaceIndex;
	dev->is_stopped = true;
	mtx_init(&dev->wake, "tern wake", NULL, MTX_DEF);
	mtx_init(&dev->usb, "tern usb", NULL, MTX_DEF);
	sx_init(&dev->cloning, "tern cloning");
	callout_init(&dev->timer, 1);
	sysctl_ctx_init(&dev->sysctls);
	TASK_INIT(&dev->task, 0, worker_main, dev);

	dev->n_out = tern_usb_count_out(dev);
	if (dev->n_out == 0)
		device_printf(self, "has not the endpoints of a Wi-Fi stick\n");
	else
		dev->rust = tern_probe(dev, uaa->info.idVendor, uaa->info.idProduct,
		    dev->n_out, &error);
	if (dev->rust != NULL)
		error = worker_start(dev);
	if (dev->rust == NULL || error != 0) {
		tern_detach(self);
		return (error);
	}
	add_sysctls(dev);
	mtx_lock(&tern_registry);
	LIST_INSERT_HEAD(&devices, dev, next);
	dev->is_registered = true;
	mtx_unlock(&tern_registry);
	return (0);
}

static int
tern_method_suspend(device_t self)
{
	struct tern_dev *dev = device_get_softc(self);
	int error = tern_suspend(dev->rust);

	if (error != 0)
		device_printf(self, "suspend: error %d\n", error);
	shim_usb_stop(dev);
	return (0);
}

static int
tern_method_resume(device_t self)
{
	struct tern_dev *dev = device_get_softc(self);
	int error = 0;

	if (dev->rx_len != 0)
		error = shim_rx_start(dev, TERN_RX_XFERS, dev->rx_len);
	if (error == 0)
		error = tern_resume(dev->rust);
	if (error != 0)
		device_printf(self, "resume: error %d\n", error);
	else
		tern_vap_rejoin_all(dev);
	return (0);
}

/* The cloner comes before the first device, and goes after the last one. */
static int
tern_modevent(module_t mod __unused, int what, void *arg __unused)
{
	switch (what) {
	case MOD_LOAD:
		return (tern_vap_begin());
	case MOD_UNLOAD:
		tern_vap_end();
		printf("tern: unloaded: allocations %d packets %d transfers %d threads %d\n",
		    live[TERN_ALLOCATIONS], live[TERN_PACKETS], live[TERN_TRANSFERS],
		    live[TERN_THREADS]);
		return (0);
	default:
		return (EOPNOTSUPP);
	}
}

static device_method_t tern_methods[] = {
	DEVMETHOD(device_probe, tern_match),
	DEVMETHOD(device_attach, tern_attach),
	DEVMETHOD(device_detach, tern_detach),
	DEVMETHOD(device_suspend, tern_method_suspend),
	DEVMETHOD(device_resume, tern_method_resume),
	DEVMETHOD_END
};

static driver_t tern_driver = {
	.name = "tern",
	.methods = tern_methods,
	.size = sizeof(struct tern_dev),
};

DRIVER_MODULE(tern, uhub, tern_driver, tern_modevent, NULL);
MODULE_VERSION(tern, 1);
MODULE_DEPEND(tern, usb, 1, 1, 1);
USB_PNP_HOST_INFO(tern_ids);
