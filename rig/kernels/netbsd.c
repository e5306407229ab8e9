/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* NetBSD: memory, locks, sleeping, time, and what a kernel has besides. */
#include "netbsd.h"

#include <sys/malloc.h>
#include <sys/timevar.h>

#include "common.c"

#define OWN "the kernel's own"

void *
own_alloc(size_t size)
{
	return rig_alloc(size, 16, OWN, RIG_ZERO | RIG_FOREVER);
}

char *
own_string(const char *text)
{
	char *copy = own_alloc(strlen(text) + 1);

	memcpy(copy, text, strlen(text) + 1);
	return copy;
}

/* What %gs points to. Nothing of a module built against these headers reads it. */
struct processor {
	int preempt_disabled;
};

static void *
cpu(int number, const char *name)
{
	return own_alloc(sizeof(struct processor) + 4096);
}

bool
nb_is_name(const char *kpi, const char *name)
{
	if (rig_is_string(name, 64) && name[0] != '\0')
		return true;
	rig_faultf("%s: a name that is none", kpi);
	return false;
}

int hz = HZ;
long __stack_chk_guard[8] = { 0x0badc0de00ff0a0d };
RIG_KPI(hz, "a variable");
RIG_KPI(__stack_chk_guard, "a variable");

void __stack_chk_fail(void);
void
__stack_chk_fail(void)
{
	rig_die("the stack was overwritten");
}
RIG_KPI(__stack_chk_fail, "ends the run");

void
panic(const char *format, ...)
{
	char text[256];
	__builtin_va_list args;

	__builtin_va_start(args, format);
	rig_vformat(text, sizeof(text), format, args);
	__builtin_va_end(args);
	rig_dief("panic: %s", text);
}
RIG_KPI(panic, "ends the run");

#define PRINTER(name)							\
void									\
name(const char *format, ...)						\
{									\
	__builtin_va_list args;						\
									\
	__builtin_va_start(args, format);				\
	rig_vlog(format, args);						\
	__builtin_va_end(args);						\
}									\
RIG_KPI(name, "format and strings")

PRINTER(printf);
PRINTER(aprint_normal);

void
aprint_naive(const char *format, ...)
{
	RIG_CHECK(rig_is_string(format, 256), "no text");
}
RIG_KPI(aprint_naive, "text");

#define DEVICE_PRINTER(name)						\
void									\
name(device_t dev, const char *format, ...)				\
{									\
	__builtin_va_list args;						\
									\
	if (!nb_is_device(#name, dev))					\
		return;							\
	printf("%s: ", device_xname(dev));				\
	__builtin_va_start(args, format);				\
	rig_vlog(format, args);						\
	__builtin_va_end(args);						\
}									\
RIG_KPI(name, "device, format and strings")

DEVICE_PRINTER(aprint_normal_dev);
DEVICE_PRINTER(aprint_error_dev);

/*
 * Bytes and strings.
 */
static void
check_copy(const char *kpi, const void *to, const void *from, size_t len)
{
	if (len != 0 && to != NULL && !rig_is_writable(to, len))
		rig_faultf("%s: %zu bytes to what is no memory (%p)", kpi, len, to);
	if (len != 0 && from != NULL && !rig_is_readable(from, len))
		rig_faultf("%s: %zu bytes from what is no memory (%p)", kpi, len, from);
}

static void *
kpi_memcpy(void *to, const void *from, size_t len)
{
	const char *d = to, *s = from;

	check_copy("memcpy", to, from, len);
	if (len != 0 && d < s + len && s < d + len && d != s)
		rig_fault("memcpy: the two overlap");
	return memmove(to, from, len);
}
RIG_KPI_AS(memcpy, kpi_memcpy, "both pointers, overlap");

static void *
kpi_memmove(void *to, const void *from, size_t len)
{
	check_copy("memmove", to, from, len);
	return memmove(to, from, len);
}
RIG_KPI_AS(memmove, kpi_memmove, "both pointers");

static void *
kpi_memset(void *to, int value, size_t len)
{
	check_copy("memset", to, NULL, len);
	return memset(to, value, len);
}
RIG_KPI_AS(memset, kpi_memset, "pointer");

static int
kpi_memcmp(const void *a, const void *b, size_t len)
{
	check_copy("memcmp", NULL, a, len);
	check_copy("memcmp", NULL, b, len);
	return memcmp(a, b, len);
}
RIG_KPI_AS(memcmp, kpi_memcmp, "both pointers");

size_t
strlen(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0')
		len++;
	return len;
}

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

size_t
strlcpy(char *to, const char *from, size_t room)
{
	size_t len = strlen(from);

	check_copy("strlcpy", to, NULL, room);
	if (room > 0) {
		size_t part = len < room ? len : room - 1;

		memcpy(to, from, part);
		to[part] = '\0';
	}
	return len;
}
RIG_KPI(strlcpy, "room");

void
atomic_add_int(volatile unsigned int *at, int change)
{
	RIG_CHECK(rig_is_writable((const void *)(uintptr_t)at, sizeof(*at)), "no memory");
	*at += change;
}
RIG_KPI(atomic_add_int, "pointer");

#undef membar_acquire
#undef membar_release
void
membar_acquire(void)
{
	__asm volatile("" ::: "memory");
}
RIG_KPI(membar_acquire, "");

void
membar_release(void)
{
	__asm volatile("" ::: "memory");
}
RIG_KPI(membar_release, "");

/*
 * Memory.
 */
static unsigned
flags_of(const char *kpi, int flags)
{
	if (flags != KM_SLEEP && flags != KM_NOSLEEP)
		rig_faultf("%s: flags %#x", kpi, (unsigned)flags);
	return flags == KM_NOSLEEP ? RIG_MAY_FAIL : RIG_SLEEP;
}

void *
kmem_alloc(size_t size, km_flag_t flags)
{
	RIG_CHECK(size > 0, "0 bytes");
	return rig_alloc(size, 16, "kmem", flags_of("kmem_alloc", flags));
}
RIG_KPI(kmem_alloc, "size, flags, sleeping");

void *
kmem_zalloc(size_t size, km_flag_t flags)
{
	RIG_CHECK(size > 0, "0 bytes");
	return rig_alloc(size, 16, "kmem", RIG_ZERO | flags_of("kmem_zalloc", flags));
}
RIG_KPI(kmem_zalloc, "size, flags, sleeping");

void
kmem_free(void *memory, size_t size)
{
	if (RIG_CHECK(memory != NULL, "null"))
		rig_free(memory, "kmem", size);
}
RIG_KPI(kmem_free, "pointer, size as allocated");

void *
kern_malloc(unsigned long size, int flags)
{
	RIG_CHECK((flags & ~(M_NOWAIT | M_ZERO)) == 0, "flags %#x: may sleep", (unsigned)flags);
	return rig_alloc(size, 16, "malloc", RIG_MAY_FAIL | ((flags & M_ZERO) != 0 ? RIG_ZERO : 0));
}
RIG_KPI(kern_malloc, "size, flags");

/*
 * Locks. LOCKDEBUG goes by address. A lock that soft interrupts take must not be held while sleeping:
 * they would wait with everything behind them. One of IPL_NONE may.
 */
static unsigned
kind_of(kmutex_type_t type, int ipl)
{
	RIG_CHECK(type == MUTEX_DEFAULT, "type %d", (int)type);
	switch (ipl) {
	case IPL_NONE:
		return RIG_LOCK_SLEEP;
	case IPL_SOFTCLOCK:
	case IPL_SOFTNET:
	case IPL_SOFTSERIAL:
		return RIG_LOCK_MUTEX;
	case IPL_VM:
	case IPL_SCHED:
	case IPL_HIGH:
		return RIG_LOCK_SPIN;
	}
	rig_faultf("mutex_init: level %d", ipl);
	return RIG_LOCK_SLEEP;
}

void
mutex_init(kmutex_t *mtx, kmutex_type_t type, int ipl)
{
	char name[48];

	if (!RIG_CHECK(rig_is_writable(mtx, sizeof(*mtx)), "no memory"))
		return;
	rig_format(name, sizeof(name), "mutex %p", mtx);
	rig_lock_init(mtx, sizeof(*mtx), own_string(name), kind_of(type, ipl));
}
RIG_KPI(mutex_init, "memory, type, level, twice");

void
mutex_destroy(kmutex_t *mtx)
{
	rig_lock_destroy(mtx);
}
RIG_KPI(mutex_destroy, "known, not held");

void
mutex_enter(kmutex_t *mtx)
{
	rig_lock_take(mtx, 0);
}
RIG_KPI(mutex_enter, "known, where it was initialised, not held, order, context");

void
mutex_exit(kmutex_t *mtx)
{
	rig_lock_release(mtx, 0);
}
RIG_KPI(mutex_exit, "known, held by this thread");

/*
 * Sleeping.
 */
void
cv_init(kcondvar_t *cv, const char *name)
{
	nb_is_name("cv_init", name);
	RIG_CHECK(strlen(name) < 9, "%s: ps(1) shows 8 letters", name);
	rig_object_begin(cv, sizeof(*cv), "condvar", name);
}
RIG_KPI(cv_init, "memory, name, twice");

void
cv_destroy(kcondvar_t *cv)
{
	rig_object_end(cv, "condvar");
}
RIG_KPI(cv_destroy, "known");

static int
wait(const char *kpi, kcondvar_t *cv, kmutex_t *mtx, unsigned flags)
{
	enum rig_woken woken;

	if (!rig_object_check(cv, "condvar"))
		return 0;
	if (!rig_lock_held(mtx)) {
		rig_faultf("%s: its mutex is not held", kpi);
		return 0;
	}
	rig_lock_release(mtx, 0);
	woken = rig_sleep(cv, kpi, RIG_NO_TIMEOUT, flags);
	rig_lock_take(mtx, 0);
	return woken == RIG_SIGNAL ? EINTR : 0;
}

void
cv_wait(kcondvar_t *cv, kmutex_t *mtx)
{
	wait("cv_wait", cv, mtx, 0);
}
RIG_KPI(cv_wait, "known, mutex held, sleeping");

int
cv_wait_sig(kcondvar_t *cv, kmutex_t *mtx)
{
	return wait("cv_wait_sig", cv, mtx, RIG_CATCH);
}
RIG_KPI(cv_wait_sig, "known, mutex held, sleeping");

void
cv_signal(kcondvar_t *cv)
{
	if (rig_object_check(cv, "condvar"))
		rig_wakeup(cv, 1);
}
RIG_KPI(cv_signal, "known");

void
cv_broadcast(kcondvar_t *cv)
{
	if (rig_object_check(cv, "condvar"))
		rig_wakeup(cv, UINT32_MAX);
}
RIG_KPI(cv_broadcast, "known");

int
kpause(const char *name, bool is_interruptible, int timo, kmutex_t *mtx)
{
	static const char channel;

	nb_is_name("kpause", name);
	RIG_CHECK(timo > 0, "%d ticks", timo);
	RIG_CHECK(mtx == NULL, "with a mutex");
	rig_sleep(&channel, name, (uint64_t)timo * TICK_US, is_interruptible ? RIG_CATCH : 0);
	return EWOULDBLOCK;
}
RIG_KPI(kpause, "name, time, sleeping");

static void
busy_wait(unsigned int us)
{
	RIG_CHECK(us <= TICK_US, "%u us of busy waiting", us);
	rig_delay(us);
}
#undef delay_func
void (*delay_func)(unsigned int) = busy_wait;
RIG_KPI(delay_func, "a variable; not longer than a tick");

void
microuptime(struct timeval *now)
{
	uint64_t us = rig_now_us();

	if (!RIG_CHECK(rig_is_writable(now, sizeof(*now)), "no memory"))
		return;
	now->tv_sec = us / 1000000;
	now->tv_usec = us % 1000000;
}
RIG_KPI(microuptime, "pointer");

static void
boot(void)
{
	nb_boot_threads();
	nb_usb_boot();
	nb_net_boot();
}

static void
check(void)
{
	nb_check_bus();
	nb_check_threads();
}

const struct rig_kernel rig_kernel = {
	.version = RIG_VERSION,
	.os = "netbsd",
	.cpu = cpu,
	.boot = boot,
	.load = nb_load,
	.unload = nb_unload,
	.plug = nb_plug,
	.unplug = nb_unplug,
	.suspend = nb_suspend,
	.resume = nb_resume,
	.ioctl = nb_ioctl,
	.send = nb_send,
	.listen = nb_listen,
	.inject = nb_inject,
	.show = nb_show,
	.interface = nb_interface,
	.check = check,
};
