/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* What core needs of the kernel besides USB and the network: memory, locks, time, the worker's thread. */
#include "shim.h"

#include <sys/cprng.h>
#include <sys/kauth.h>
#include <sys/kthread.h>
#include <dev/firmload.h>

/* kmem_free(9) wants the size, and what is handed out stays aligned to 16. */
#define HEADER	16
#define FIRMWARE_MAX	(1024 * 1024)

static volatile unsigned int live[TERN_LIVE_COUNT];

void
shim_panic(const char *file, int file_len, int line)
{
	panic("tern: %.*s:%d", file_len, file, line);
}

void
shim_count(uint32_t what, int32_t change)
{
	atomic_add_int(&live[what], change);
}

/* What is still there; all zero when the module goes. */
void
shim_live(unsigned int out[TERN_LIVE_COUNT])
{
	int i;

	for (i = 0; i < TERN_LIVE_COUNT; i++)
		out[i] = live[i];
}

void *
shim_alloc(size_t len)
{
	char *memory = kmem_zalloc(len + HEADER, KM_SLEEP);

	*(size_t *)memory = len + HEADER;
	shim_count(TERN_ALLOCATIONS, 1);
	return memory + HEADER;
}

void
shim_free(void *memory)
{
	char *start = (char *)memory - HEADER;

	if (memory == NULL)
		return;
	shim_count(TERN_ALLOCATIONS, -1);
	kmem_free(start, *(size_t *)start);
}

void
shim_log(struct tern_dev *dev, const uint8_t *line, size_t len)
{
	printf("%s: %.*s\n", device_xname(dev->self), (int)len, (const char *)line);
}

uint64_t
shim_now_us(void)
{
	struct timeval now;

	microuptime(&now);
	return (uint64_t)now.tv_sec * 1000000 + now.tv_usec;
}

void
shim_random(uint8_t *out, size_t len)
{
	size_t part;

	/* A request may be cut short at a limit of the generator's. */
	for (; len > 0; out += part, len -= part)
		part = cprng_strong(kern_cprng, out, len < 4096 ? len : 4096, 0);
}

/* Ticks that last at least that long, though the first one has begun. */
static int
ticks(uint64_t us)
{
	uint64_t tick_us = 1000000 / hz;
	uint64_t n = howmany(us, tick_us) + 1;

	return n < INT_MAX ? n : INT_MAX;
}

void
shim_sleep_us(uint32_t us)
{
	/* Below a tick a sleep would be many times too long. */
	if (us < 1000000 / hz)
		DELAY(us);
	else
		kpause("ternwait", false, ticks(us), NULL);
}

/* LOCKDEBUG tells locks apart by where they are, not by rank. Soft interrupts take them too. */
void
shim_lock_init(void *lock, uint8_t rank, const char *name)
{
	_Static_assert(sizeof(kmutex_t) <= TERN_LOCK_SIZE, "a lock has room");

	mutex_init(lock, MUTEX_DEFAULT, IPL_SOFTUSB);
}

void
shim_lock_destroy(void *lock)
{
	mutex_destroy(lock);
}

void
shim_lock(void *lock)
{
	mutex_enter(lock);
}

void
shim_unlock(void *lock)
{
	mutex_exit(lock);
}

void
shim_worker_wake(struct tern_dev *dev)
{
	mutex_enter(&dev->lock);
	dev->is_woken = true;
	cv_signal(&dev->work);
	mutex_exit(&dev->lock);
}

void
shim_worker_wait(struct tern_dev *dev)
{
	mutex_enter(&dev->lock);
	while (!dev->is_woken)
		cv_wait(&dev->work, &dev->lock);
	dev->is_woken = false;
	mutex_exit(&dev->lock);
}

static void
deadline_passed(void *arg)
{
	shim_worker_wake(arg);
}

void
shim_deadline(struct tern_dev *dev, uint64_t at_us, bool is_set)
{
	uint64_t now = shim_now_us();

	if (is_set)
		callout_schedule(&dev->deadline, ticks(at_us > now ? at_us - now : 0));
	else
		callout_stop(&dev->deadline);
}

void
shim_attached(struct tern_dev *dev, int error, const uint8_t *mac)
{
	mutex_enter(&dev->lock);
	if (error == 0)
		memcpy(dev->mac, mac, sizeof(dev->mac));
	dev->error = error;
	dev->is_ready = true;
	cv_broadcast(&dev->answered);
	mutex_exit(&dev->lock);
}

uint32_t
shim_answers(struct tern_dev *dev)
{
	uint32_t answers;

	mutex_enter(&dev->lock);
	answers = dev->answers;
	mutex_exit(&dev->lock);
	return answers;
}

void
shim_answer(struct tern_dev *dev)
{
	mutex_enter(&dev->lock);
	dev->answers++;
	cv_broadcast(&dev->answered);
	mutex_exit(&dev->lock);
}

int
shim_wait_answer(struct tern_dev *dev, uint32_t before, bool can_be_killed)
{
	int error = 0;

	mutex_enter(&dev->lock);
	while (dev->answers == before && error == 0) {
		if (can_be_killed)
			error = cv_wait_sig(&dev->answered, &dev->lock);
		else
			cv_wait(&dev->answered, &dev->lock);
	}
	mutex_exit(&dev->lock);
	return error;
}

static void
worker_main(void *arg)
{
	struct tern_dev *dev = arg;

	shim_count(TERN_THREADS, 1);
	tern_work(dev->rust);
	shim_count(TERN_THREADS, -1);
	kthread_exit(0);
}

int
shim_worker_start(struct tern_dev *dev)
{
	return kthread_create(PRI_NONE, KTHREAD_MPSAFE | KTHREAD_MUSTJOIN, NULL, worker_main, dev,
	    &dev->worker, "%s", device_xname(dev->self));
}

/* Waits until the worker has asked the chip what it is; every transfer of its has a time limit. */
int
shim_worker_ready(struct tern_dev *dev)
{
	int error;

	mutex_enter(&dev->lock);
	while (!dev->is_ready)
		cv_wait(&dev->answered, &dev->lock);
	error = dev->error;
	mutex_exit(&dev->lock);
	return error;
}

void
shim_worker_join(struct tern_dev *dev)
{
	if (dev->worker == NULL)
		return;
	tern_stop(dev->rust);
	kthread_join(dev->worker);
	dev->worker = NULL;
}

static void
firmware_forget(struct tern_dev *dev)
{
	shim_free(dev->firmware);
	dev->firmware = NULL;
	dev->firmware_len = 0;
}

/* Below hw.firmware.path: tern/ and the last part of the name, as all images lie in one directory. */
static int
firmware_load(struct tern_dev *dev, const char *name)
{
	firmware_handle_t file;
	const char *at;
	off_t len;
	int error;

	for (at = name; *at != '\0'; at++)
		if (*at == '/')
			name = at + 1;
	error = firmware_open("tern", name, &file);
	if (error != 0)
		return error;
	len = firmware_get_size(file);
	if (len <= 0 || len > FIRMWARE_MAX) {
		error = EFBIG;
	} else {
		dev->firmware = shim_alloc(len);
		dev->firmware_len = len;
		error = firmware_read(file, 0, dev->firmware, len);
	}
	firmware_close(file);
	return error;
}

const uint8_t *
shim_firmware(struct tern_dev *dev, const char *name, size_t *len)
{
	int error;

	firmware_forget(dev);
	error = firmware_load(dev, name);
	if (error != 0) {
		firmware_forget(dev);
		printf("%s: firmware %s: error %d\n", device_xname(dev->self), name, error);
	}
	*len = dev->firmware_len;
	return dev->firmware;
}

int
shim_copyin(uint64_t user, void *to, size_t len)
{
	return copyin((const void *)(uintptr_t)user, to, len);
}

int
shim_copyout(const void *from, uint64_t user, size_t len)
{
	return copyout(from, (void *)(uintptr_t)user, len);
}

bool
shim_is_privileged(void)
{
	return kauth_authorize_network(kauth_cred_get(), KAUTH_NETWORK_INTERFACE,
	    KAUTH_REQ_NETWORK_INTERFACE_SETPRIV, NULL, NULL, NULL) == 0;
}

void
shim_setup(struct tern_dev *dev)
{
	mutex_init(&dev->lock, MUTEX_DEFAULT, IPL_SOFTUSB);
	cv_init(&dev->work, "ternwork");
	cv_init(&dev->answered, "ternask");
	cv_init(&dev->soft_idle, "ternsoft");
	callout_init(&dev->deadline, CALLOUT_MPSAFE);
	callout_setfunc(&dev->deadline, deadline_passed, dev);
	SIMPLEQ_INIT(&dev->rx_done);
}

void
shim_teardown(struct tern_dev *dev)
{
	callout_halt(&dev->deadline, NULL);
	callout_destroy(&dev->deadline);
	firmware_forget(dev);
	cv_destroy(&dev->soft_idle);
	cv_destroy(&dev->answered);
	cv_destroy(&dev->work);
	mutex_destroy(&dev->lock);
}
