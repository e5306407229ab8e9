/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: locks, and sleeping. */
#include "freebsd.h"

/*
 * Locks. The words that macros of modules look at are kept as the kernel keeps them.
 */
static struct mtx *
mtx_of(volatile uintptr_t *c)
{
	return (__containerof(c, struct mtx, mtx_lock));
}

bool
fb_is_mtx(const struct mtx *mtx)
{
	return (rig_object_is(mtx, "lock"));
}

static void
lock_begin(struct lock_object *lock, const char *name, const char *type, u_int class)
{
	lock->lo_name = name;
	lock->lo_flags = LO_INITIALIZED | class << LO_CLASSSHIFT;
	lock->lo_data = 0;
	lock->lo_witness = NULL;
	(void)type;
}

enum { CLASS_SPIN, CLASS_MTX, CLASS_SX };

void
_mtx_init(volatile uintptr_t *c, const char *name, const char *type, int opts)
{
	struct mtx *m = mtx_of(c);
	int known = MTX_SPIN | MTX_QUIET | MTX_RECURSE | MTX_NOWITNESS | MTX_DUPOK | MTX_NOPROFILE |
	    MTX_NEW;
	unsigned flags = opts & MTX_SPIN ? RIG_LOCK_SPIN : RIG_LOCK_MUTEX;

	RIG_CHECK((opts & ~known) == 0, "unknown options %#x", opts);
	if (!fb_is_name("mtx_init", name))
		return;
	if (opts & MTX_RECURSE)
		flags |= RIG_LOCK_RECURSE;
	if (opts & MTX_DUPOK)
		flags |= RIG_LOCK_DUPOK;
	lock_begin(&m->lock_object, name, type, opts & MTX_SPIN ? CLASS_SPIN : CLASS_MTX);
	*c = MTX_UNOWNED;
	rig_lock_init(m, sizeof(*m), type != NULL ? type : name, flags);
}
RIG_KPI(_mtx_init, "name, options, twice, memory");

void
_mtx_destroy(volatile uintptr_t *c)
{
	rig_lock_destroy(mtx_of(c));
	*c = MTX_DESTROYED;
}
RIG_KPI(_mtx_destroy, "known, not held by others");

void
mtx_sysinit(const void *arg)
{
	const struct mtx_args *args = arg;

	_mtx_init(&((struct mtx *)args->ma_mtx)->mtx_lock, args->ma_desc, NULL, args->ma_opts);
}
RIG_KPI(mtx_sysinit, "as _mtx_init");

static bool
is_spin(const struct mtx *m)
{
	return (m->lock_object.lo_flags >> LO_CLASSSHIFT == CLASS_SPIN);
}

void
__mtx_lock_flags(volatile uintptr_t *c, int opts, const char *file __unused, int line __unused)
{
	struct mtx *m = mtx_of(c);

	RIG_CHECK((opts & ~(MTX_QUIET | MTX_DUPOK | MTX_RECURSE | MTX_NEW)) == 0, "options %#x", opts);
	RIG_CHECK(!fb_is_mtx(m) || !is_spin(m), "%s is a spin mutex", m->lock_object.lo_name);
	rig_lock_take(m, opts & MTX_DUPOK ? RIG_LOCK_DUPOK : 0);
	*c = (uintptr_t)curthread;
}
RIG_KPI(__mtx_lock_flags, "known, order, recursion, no spin lock held, kind");

void
__mtx_unlock_flags(volatile uintptr_t *c, int opts __unused, const char *file __unused,
    int line __unused)
{
	struct mtx *m = mtx_of(c);

	rig_lock_release(m, 0);
	if (fb_is_mtx(m) && !rig_lock_held(m))
		*c = MTX_UNOWNED;
}
RIG_KPI(__mtx_unlock_flags, "known, owner");

void
__mtx_lock_spin_flags(volatile uintptr_t *c, int opts, const char *file __unused,
    int line __unused)
{
	struct mtx *m = mtx_of(c);

	RIG_CHECK(!fb_is_mtx(m) || is_spin(m), "%s is no spin mutex", m->lock_object.lo_name);
	RIG_CHECK((opts & ~(MTX_QUIET | MTX_DUPOK)) == 0, "options %#x", opts);
	rig_lock_take(m, 0);
	*c = (uintptr_t)curthread;
}
RIG_KPI(__mtx_lock_spin_flags, "known, order, recursion, kind");

void
__mtx_unlock_spin_flags(volatile uintptr_t *c, int opts, const char *file, int line)
{
	__mtx_unlock_flags(c, opts, file, line);
}
RIG_KPI(__mtx_unlock_spin_flags, "known, owner");

int
_mtx_trylock_flags_(volatile uintptr_t *c, int opts __unused, const char *file __unused,
    int line __unused)
{
	if (!rig_lock_take(mtx_of(c), RIG_LOCK_TRY))
		return (0);
	*c = (uintptr_t)curthread;
	return (1);
}
RIG_KPI(_mtx_trylock_flags_, "known");

void __mtx_assert(const volatile uintptr_t *c, int what, const char *file, int line);
void
__mtx_assert(const volatile uintptr_t *c, int what, const char *file __unused, int line)
{
	struct mtx *m = mtx_of(__DEVOLATILE(volatile uintptr_t *, __DECONST(void *, c)));
	bool held = rig_lock_held(m);

	if (what & LA_XLOCKED)
		RIG_CHECK(held, "%s is not held (line %d)", m->lock_object.lo_name, line);
	else
		RIG_CHECK(!held, "%s is held (line %d)", m->lock_object.lo_name, line);
}
RIG_KPI(__mtx_assert, "what it says");

void
sx_init_flags(struct sx *sx, const char *name, int opts)
{
	int known = SX_DUPOK | SX_NOPROFILE | SX_NOWITNESS | SX_QUIET | SX_RECURSE | SX_NEW;
	unsigned flags = RIG_LOCK_SLEEP;

	RIG_CHECK((opts & ~known) == 0, "unknown options %#x", opts);
	if (!fb_is_name("sx_init", name))
		return;
	if (opts & SX_RECURSE)
		flags |= RIG_LOCK_RECURSE;
	if (opts & SX_DUPOK)
		flags |= RIG_LOCK_DUPOK;
	lock_begin(&sx->lock_object, name, NULL, CLASS_SX);
	sx->sx_lock = SX_LOCK_UNLOCKED;
	rig_lock_init(sx, sizeof(*sx), name, flags);
}
RIG_KPI(sx_init_flags, "name, options, twice, memory");

void
sx_sysinit(const void *arg)
{
	const struct sx_args *args = arg;

	sx_init_flags(args->sa_sx, args->sa_desc, args->sa_flags);
}
RIG_KPI(sx_sysinit, "as sx_init_flags");

void
sx_destroy(struct sx *sx)
{
	rig_lock_destroy(sx);
	sx->sx_lock = SX_LOCK_DESTROYED;
}
RIG_KPI(sx_destroy, "known, not held");

int
_sx_xlock(struct sx *sx, int opts __unused, const char *file __unused, int line __unused)
{
	rig_lock_take(sx, 0);
	sx->sx_lock = (uintptr_t)curthread;
	return (0);
}
RIG_KPI(_sx_xlock, "known, order, recursion, sleeping");

void
_sx_xunlock(struct sx *sx, const char *file __unused, int line __unused)
{
	rig_lock_release(sx, 0);
	if (rig_object_is(sx, "lock") && !rig_lock_held(sx))
		sx->sx_lock = SX_LOCK_UNLOCKED;
}
RIG_KPI(_sx_xunlock, "known, owner");

int
_sx_slock(struct sx *sx, int opts __unused, const char *file __unused, int line __unused)
{
	rig_lock_take(sx, RIG_LOCK_SHARED);
	return (0);
}
RIG_KPI(_sx_slock, "known, order, recursion, sleeping");

void
_sx_sunlock(struct sx *sx, const char *file __unused, int line __unused)
{
	rig_lock_release(sx, RIG_LOCK_SHARED);
}
RIG_KPI(_sx_sunlock, "known, owner");

int
sx_try_xlock_(struct sx *sx, const char *file __unused, int line __unused)
{
	if (!rig_lock_take(sx, RIG_LOCK_TRY))
		return (0);
	sx->sx_lock = (uintptr_t)curthread;
	return (1);
}
RIG_KPI(sx_try_xlock_, "known");

void _sx_assert(const struct sx *sx, int what, const char *file, int line);
void
_sx_assert(const struct sx *sx, int what, const char *file __unused, int line)
{
	bool held = rig_lock_held(sx);

	if (what == LA_UNLOCKED)
		RIG_CHECK(!held, "%s is held (line %d)", sx->lock_object.lo_name, line);
	else
		RIG_CHECK(held, "%s is not held (line %d)", sx->lock_object.lo_name, line);
}
RIG_KPI(_sx_assert, "what it says");

/*
 * Sleeping.
 */
static uint64_t
timeout_us(sbintime_t sbt, int flags)
{
	uint64_t now = rig_now_us(), us;

	if (sbt == 0)
		return (RIG_NO_TIMEOUT);
	us = fb_us(sbt);
	if (flags & C_ABSOLUTE)
		us = us > now ? us - now : 0;
	return (us == 0 ? 1 : us);
}

void
fb_drop(struct lock_object *lock)
{
	if (lock->lo_flags >> LO_CLASSSHIFT == CLASS_SX)
		_sx_xunlock((struct sx *)lock, "", 0);
	else
		__mtx_unlock_flags(&((struct mtx *)lock)->mtx_lock, 0, "", 0);
}

void
fb_take(struct lock_object *lock)
{
	if (lock->lo_flags >> LO_CLASSSHIFT == CLASS_SX)
		_sx_xlock((struct sx *)lock, 0, "", 0);
	else
		__mtx_lock_flags(&((struct mtx *)lock)->mtx_lock, 0, "", 0);
}

int
_sleep(const void *channel, struct lock_object *lock, int priority, const char *why, sbintime_t sbt,
    sbintime_t pr __unused, int flags)
{
	enum rig_woken woken;

	RIG_CHECK(channel != NULL, "no channel");
	RIG_CHECK((priority & ~(PRIMASK | PCATCH | PDROP | PNOLOCK)) == 0, "priority %#x", priority);
	if (!fb_is_name("sleep", why))
		why = "?";
	if (lock != NULL) {
		if (!RIG_CHECK(rig_lock_held(lock), "the lock is not held"))
			return (EINVAL);
		fb_drop(lock);
	} else
		RIG_CHECK(sbt != 0 || (priority & PNOLOCK), "neither a lock nor a time-out");
	woken = rig_sleep(channel, why, timeout_us(sbt, flags), priority & PCATCH ? RIG_CATCH : 0);
	if (lock != NULL && (priority & PDROP) == 0)
		fb_take(lock);
	return (woken == RIG_WOKEN ? 0 : woken == RIG_TIMED_OUT ? EWOULDBLOCK : EINTR);
}
RIG_KPI(_sleep, "channel, lock held, no other held, priority, name");

int
pause_sbt(const char *why, sbintime_t sbt, sbintime_t pr __unused, int flags)
{
	static char nobody;

	fb_is_name("pause", why);
	RIG_CHECK(sbt >= 0, "time %ld", (long)sbt);
	rig_sleep(&nobody, why, timeout_us(sbt == 0 ? 1 : sbt, flags & C_ABSOLUTE), 0);
	return (EWOULDBLOCK);
}
RIG_KPI(pause_sbt, "name, time, sleeping");

void
wakeup(const void *channel)
{
	RIG_CHECK(channel != NULL, "no channel");
	rig_wakeup(channel, UINT32_MAX);
}
RIG_KPI(wakeup, "channel");

void
wakeup_one(const void *channel)
{
	RIG_CHECK(channel != NULL, "no channel");
	rig_wakeup(channel, 1);
}
RIG_KPI(wakeup_one, "channel");

void
DELAY(int us)
{
	RIG_CHECK(us >= 0 && us <= 10000, "%d us of busy waiting", us);
	rig_delay(us);
}
RIG_KPI(DELAY, "not negative, at most 10 ms");
