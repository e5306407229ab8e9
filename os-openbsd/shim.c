// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What only C can say: memory, locks, time, the worker and who waits for it, firmware. */
#include "shim.h"

static int live[TERN_LIVE_COUNT];


void
shim_count(uint32_t what, int32_t change)
{
	if (what < TERN_LIVE_COUNT)
		atomic_add_int((volatile unsigned int *)&live[what], change);
}

int
shim_live(uint32_t what)
{
	return live[what];
}

/* Returns in its type; the panic does not. */
void
shim_panic(const char *file, int file_len, int line)
{
	panic("tern: panic at %.*s:%d", file_len, file, line);
}

/* The size stands before the memory: free(9) wants it back. 16 bytes, to keep malloc's alignment. */
void *
shim_alloc(size_t len)
{
	size_t *memory;

	if (len > SIZE_MAX - 16)
		return NULL;
	memory = malloc(len + 16, M_DEVBUF, M_WAITOK | M_CANFAIL | M_ZERO);
	if (memory == NULL)
		return NULL;
	shim_count(TERN_ALLOCATIONS, 1);
	*memory = len + 16;
	return memory + 2;
}

void
shim_free(void *memory)
{
	size_t *start = memory;

	if (memory == NULL)
		return;
	start -= 2;
	shim_count(TERN_ALLOCATIONS, -1);
	free(start, M_DEVBUF, *start);
}

void
shim_log(struct tern_dev *dev, const uint8_t *line, size_t len)
{
	printf("%s: %.*s\n", dev->self.dv_xname, (int)len, line);
}

uint64_t
shim_now_us(void)
{
	return nsecuptime() / 1000;
}

void
shim_random(uint8_t *out, size_t len)
{
	arc4random_buf(out, len);
}

/* Sleeping takes whole ticks of 10 ms; what is far shorter is spent in a loop. */
void
shim_sleep_us(uint32_t us)
{
	if (us < 2000)
		delay(us);
	else
		tsleep_nsec(&nowake, PWAIT, "ternslp", USEC_TO_NSEC(us));
}

_Static_assert(sizeof(struct mutex) <= TERN_LOCK_SIZE, "a lock fits");

/* witness(4) tells locks apart by type: one for each rank, where mtx_init would make one of them all. */
void
shim_lock_init(void *lock, uint8_t rank, const char *name)
{
#ifdef WITNESS
	static struct lock_type types[TERN_RANKS_MAX];
	struct lock_type *type = &types[rank % TERN_RANKS_MAX];

	type->lt_name = name;
	_mtx_init_flags(lock, IPL_NET, name, 0, type);
#else
	mtx_init((struct mutex *)lock, IPL_NET);
#endif
}

/* Nothing of a mutex is left to free. */
void
shim_lock_destroy(void *lock)
{
}

void
shim_lock(void *lock)
{
	mtx_enter(lock);
}

void
shim_unlock(void *lock)
{
	mtx_leave(lock);
}

void
shim_worker_wake(struct tern_dev *dev)
{
	mtx_enter(&dev->mtx);
	dev->is_woken = true;
	mtx_leave(&dev->mtx);
	wakeup(&dev->is_woken);
}

void
shim_worker_wait(struct tern_dev *dev)
{
	mtx_enter(&dev->mtx);
	while (!dev->is_woken)
		msleep_nsec(&dev->is_woken, &dev->mtx, PWAIT, "ternwork", INFSLP);
	dev->is_woken = false;
	mtx_leave(&dev->mtx);
}

static void
time_is_up(void *arg)
{
	shim_worker_wake(arg);
}

/* timeout(9) counts ticks, and never rings early. */
void
shim_deadline(struct tern_dev *dev, uint64_t at_us, bool is_set)
{
	uint64_t now = shim_now_us();

	if (!is_set)
		timeout_del(&dev->timeout);
	else if (at_us <= now)
		shim_worker_wake(dev);
	else
		timeout_add_usec(&dev->timeout, MIN(at_us - now, 3600ULL * 1000000));
}

void
shim_attached(struct tern_dev *dev, int error, const uint8_t *mac)
{
	mtx_enter(&dev->mtx);
	dev->attach_error = error;
	if (mac != NULL)
		memcpy(dev->mac, mac, ETHER_ADDR_LEN);
	dev->has_attached = true;
	mtx_leave(&dev->mtx);
	wakeup(&dev->has_attached);
}

static void
worker_main(void *arg)
{
	struct tern_dev *dev = arg;

	tern_work(dev->rust);
	shim_count(TERN_THREADS, -1);
}

void
shim_worker_init(struct tern_dev *dev)
{
	mtx_init(&dev->mtx, IPL_NET);
	task_set(&dev->task, worker_main, dev);
	timeout_set(&dev->timeout, time_is_up, dev);
}

/* Returns when the worker has attached, or could not. */
int
shim_worker_start(struct tern_dev *dev)
{
	dev->tq = taskq_create(dev->self.dv_xname, 1, IPL_NONE, 0);
	if (dev->tq == NULL)
		return ENOMEM;
	shim_count(TERN_THREADS, 1);
	task_add(dev->tq, &dev->task);
	mtx_enter(&dev->mtx);
	while (!dev->has_attached)
		msleep_nsec(&dev->has_attached, &dev->mtx, PWAIT, "ternatt", INFSLP);
	mtx_leave(&dev->mtx);
	return dev->attach_error;
}

/* The worker has been told to end before: tern_stop, or it could not attach. */
void
shim_worker_join(struct tern_dev *dev)
{
	if (dev->tq == NULL)
		return;
	taskq_destroy(dev->tq);
	dev->tq = NULL;
	timeout_del_barrier(&dev->timeout);
}

uint32_t
shim_answers(struct tern_dev *dev)
{
	return dev->answers;
}

void
shim_answer(struct tern_dev *dev)
{
	mtx_enter(&dev->mtx);
	dev->answers++;
	mtx_leave(&dev->mtx);
	wakeup(&dev->answers);
}

int
shim_wait_answer(struct tern_dev *dev, uint32_t before, bool can_be_killed)
{
	int error = 0;

	mtx_enter(&dev->mtx);
	while (dev->answers == before && error == 0)
		error = msleep_nsec(&dev->answers, &dev->mtx, PWAIT | (can_be_killed ? PCATCH : 0),
				    "ternask", INFSLP);
	mtx_leave(&dev->mtx);
	return error;
}

/* The same images under the names that fw_update(8) installs for urtwn(4). */
static const struct {
	const char *name, *system;
} firmware_names[] = {
	{ "rtlwifi/rtl8192cufw_TMSC.bin", "urtwn-rtl8192cT" },
	{ "rtlwifi/rtl8192cufw_A.bin", "urtwn-rtl8192cU" },
};

static void
firmware_free(struct tern_dev *dev)
{
	if (dev->firmware == NULL)
		return;
	free(dev->firmware, M_DEVBUF, dev->firmware_len);
	shim_count(TERN_ALLOCATIONS, -1);
	dev->firmware = NULL;
}

static int
firmware_load(struct tern_dev *dev, const char *name)
{
	int error = loadfirmware(name, &dev->firmware, &dev->firmware_len);
	size_t i;

	for (i = 0; error != 0 && i < nitems(firmware_names); i++)
		if (strcmp(firmware_names[i].name, name) == 0)
			error = loadfirmware(firmware_names[i].system, &dev->firmware,
					     &dev->firmware_len);
	if (error != 0)
		printf("%s: no firmware /etc/firmware/%s: error %d\n", dev->self.dv_xname, name,
		       error);
	return error;
}

/* The image is kept, so that a resume finds it without a file system. */
const uint8_t *
shim_firmware(struct tern_dev *dev, const char *name, size_t *len)
{
	if (dev->firmware_name != name)
		firmware_free(dev);
	if (dev->firmware == NULL) {
		if (firmware_load(dev, name) != 0) {
			dev->firmware = NULL;
			return NULL;
		}
		shim_count(TERN_ALLOCATIONS, 1);
	}
	dev->firmware_name = name;
	*len = dev->firmware_len;
	return dev->firmware;
}

void
shim_worker_teardown(struct tern_dev *dev)
{
	firmware_free(dev);
}

int
shim_copyin(uint64_t user, void *to, size_t len)
{
	return copyin((const void *)user, to, len);
}

int
shim_copyout(const void *from, uint64_t user, size_t len)
{
	return copyout(from, (void *)user, len);
}

bool
shim_is_privileged(void)
{
	return suser(curproc) == 0;
}

/* To the message buffer: what happened last is shown while the interface is marked `debug`. */
void
shim_show(void *sink, const uint8_t *text, size_t len)
{
	printf("%.*s", (int)len, text);
}
