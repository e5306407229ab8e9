/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: threads, memory, locks, sleeping, callouts, task queues, time. */
#include "freebsd.h"

#include <sys/eventhandler.h>
#include <sys/kthread.h>
#include <sys/random.h>

#include <net/vnet.h>

#include "common.c"

#define OWN "the kernel's own"

void *
own_alloc(size_t size)
{
	return (rig_alloc(size, 16, OWN, RIG_ZERO | RIG_FOREVER));
}

char *
own_string(const char *text)
{
	char *copy = own_alloc(strlen(text) + 1);

	strcpy(copy, text);
	return (copy);
}

/* A processor and a thread for each of the rig's threads. */
static void *
cpu(int number, const char *name)
{
	struct pcpu *pcpu = own_alloc(sizeof(*pcpu));
	struct thread *td = own_alloc(sizeof(*td));
	static struct proc *proc;
	static struct ucred *cred;

	if (proc == NULL) {
		proc = own_alloc(sizeof(*proc));
		cred = own_alloc(sizeof(*cred));
		cred->cr_ref = 1;
		proc->p_ucred = cred;
	}
	td->td_tid = 100000 + number;
	td->td_proc = proc;
	td->td_ucred = cred;
	td->td_realucred = cred;
	strlcpy(td->td_name, name, sizeof(td->td_name));
	pcpu->pc_curthread = td;
	pcpu->pc_cpuid = 0;
	pcpu->pc_prvspace = pcpu;
	return (pcpu);
}

/* Is this a name that a kernel's own code would keep a pointer to? */
bool
fb_is_name(const char *kpi, const char *name)
{
	if (rig_is_string(name, 64) && name[0] != '\0')
		return (true);
	rig_faultf("%s: a name that is none", kpi);
	return (false);
}

/*
 * Variables.
 */
int hz = 1000;
int tick = 1000;
sbintime_t tick_sbt = SBT_1S / 1000;
volatile int ticks;
int cold;
int mp_ncpus = 1;
int ncallout = 1000;
long __stack_chk_guard[8] = { 0x0badc0de00ff0a0d };
struct proc proc0;
RIG_KPI(hz, "a variable");
RIG_KPI(tick_sbt, "a variable");
RIG_KPI(ticks, "a variable");
RIG_KPI(cold, "a variable");
RIG_KPI(mp_ncpus, "a variable");
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

void
kassert_panic(const char *format, ...)
{
	char text[256];
	__builtin_va_list args;

	__builtin_va_start(args, format);
	rig_vformat(text, sizeof(text), format, args);
	__builtin_va_end(args);
	rig_dief("panic: %s", text);
}
RIG_KPI(kassert_panic, "ends the run");

int
printf(const char *format, ...)
{
	__builtin_va_list args;

	__builtin_va_start(args, format);
	rig_vlog(format, args);
	__builtin_va_end(args);
	return (0);
}
RIG_KPI(printf, "format and strings");

int
vprintf(const char *format, __va_list args)
{
	rig_vlog(format, args);
	return (0);
}
RIG_KPI(vprintf, "format and strings");

int
snprintf(char *to, size_t room, const char *format, ...)
{
	__builtin_va_list args;
	int len;

	RIG_CHECK(room == 0 || rig_is_writable(to, room), "room that is no memory");
	__builtin_va_start(args, format);
	len = rig_vformat(to, room, format, args);
	__builtin_va_end(args);
	return (len);
}
RIG_KPI(snprintf, "format, strings, room");

int
vsnprintf(char *to, size_t room, const char *format, __va_list args)
{
	RIG_CHECK(room == 0 || rig_is_writable(to, room), "room that is no memory");
	return (rig_vformat(to, room, format, args));
}
RIG_KPI(vsnprintf, "format, strings, room");

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
	return (memmove(to, from, len));
}
RIG_KPI_AS(memcpy, kpi_memcpy, "both pointers, overlap");

static void *
kpi_memmove(void *to, const void *from, size_t len)
{
	check_copy("memmove", to, from, len);
	return (memmove(to, from, len));
}
RIG_KPI_AS(memmove, kpi_memmove, "both pointers");

static void *
kpi_memset(void *to, int value, size_t len)
{
	check_copy("memset", to, NULL, len);
	return (memset(to, value, len));
}
RIG_KPI_AS(memset, kpi_memset, "pointer");

static int
kpi_memcmp(const void *a, const void *b, size_t len)
{
	check_copy("memcmp", NULL, a, len);
	check_copy("memcmp", NULL, b, len);
	return (memcmp(a, b, len));
}
RIG_KPI_AS(memcmp, kpi_memcmp, "both pointers");

#undef bcopy
#undef bzero
#undef bcmp
void
bcopy(const void *from, void *to, size_t len)
{
	check_copy("bcopy", to, from, len);
	memmove(to, from, len);
}
RIG_KPI(bcopy, "both pointers");

void
bzero(void *to, size_t len)
{
	check_copy("bzero", to, NULL, len);
	memset(to, 0, len);
}
RIG_KPI(bzero, "pointer");

int
bcmp(const void *a, const void *b, size_t len)
{
	return (kpi_memcmp(a, b, len));
}
RIG_KPI(bcmp, "both pointers");

#undef strlen
#undef strcmp
#undef strncmp
#undef strcpy
#undef strlcpy
#undef strchr
#undef memcpy
size_t
strlen(const char *text)
{
	size_t len = 0;

	while (text[len] != '\0')
		len++;
	return (len);
}
RIG_KPI(strlen, "reads only what is there");

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return ((unsigned char)*a - (unsigned char)*b);
}
RIG_KPI(strcmp, "reads only what is there");

int
strncmp(const char *a, const char *b, size_t len)
{
	for (; len > 0; len--, a++, b++)
		if (*a != *b || *a == '\0')
			return ((unsigned char)*a - (unsigned char)*b);
	return (0);
}
RIG_KPI(strncmp, "reads only what is there");

char *
strcpy(char *to, const char *from)
{
	memcpy(to, from, strlen(from) + 1);
	return (to);
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
	return (len);
}
RIG_KPI(strlcpy, "room");

char *
strchr(const char *text, int c)
{
	for (;; text++) {
		if (*text == (char)c)
			return (__DECONST(char *, text));
		if (*text == '\0')
			return (NULL);
	}
}
RIG_KPI(strchr, "reads only what is there");

/*
 * Memory. A kind of memory exists between its SYSINIT and its SYSUNINIT.
 */
MALLOC_DEFINE(M_TEMP, "temp", "for whoever needs it briefly");
MALLOC_DEFINE(M_DEVBUF, "devbuf", "of drivers");
RIG_KPI(M_TEMP, "a variable");
RIG_KPI(M_DEVBUF, "a variable");

void
malloc_init(void *data)
{
	struct malloc_type *type = data;

	if (!RIG_CHECK(type->ks_version == M_VERSION, "of another version: %lu", type->ks_version))
		return;
	fb_is_name("malloc_init", type->ks_shortdesc);
	rig_object_begin(type, sizeof(*type), "malloc type", type->ks_shortdesc);
}
RIG_KPI(malloc_init, "version, name, twice");

void
malloc_uninit(void *data)
{
	struct malloc_type *type = data;
	size_t live = rig_live(type->ks_shortdesc);

	RIG_CHECK(live == 0, "%zu of %s are still there", live, type->ks_shortdesc);
	rig_object_end(type, "malloc type");
}
RIG_KPI(malloc_uninit, "known, nothing left");

static bool
check_malloc(const char *kpi, struct malloc_type *type, int flags)
{
	int how = flags & (M_WAITOK | M_NOWAIT);
	int known = M_WAITOK | M_NOWAIT | M_ZERO | M_USE_RESERVE | M_NODUMP | M_NOVM;

	if (how != M_WAITOK && how != M_NOWAIT)
		rig_faultf("%s: either M_WAITOK or M_NOWAIT", kpi);
	if (flags & ~known)
		rig_faultf("%s: unknown flags %#x", kpi, flags);
	return (rig_object_check(type, "malloc type"));
}

void *
(malloc)(size_t size, struct malloc_type *type, int flags)
{
	unsigned how = flags & M_NOWAIT ? RIG_MAY_FAIL : RIG_SLEEP;

	if (!check_malloc("malloc", type, flags))
		return (NULL);
	RIG_CHECK(size != 0 && size < 64 << 20, "%zu bytes", size);
	return (rig_alloc(size, 16, type->ks_shortdesc, how | (flags & M_ZERO ? RIG_ZERO : 0)));
}
RIG_KPI(malloc, "type, flags, sleeping, size");

void
(free)(void *memory, struct malloc_type *type)
{
	if (memory == NULL)
		return;
	if (rig_object_check(type, "malloc type"))
		rig_free(memory, type->ks_shortdesc, RIG_ANY_SIZE);
}
RIG_KPI(free, "type, double free, margins, live objects inside");

void
(zfree)(void *memory, struct malloc_type *type)
{
	size_t size = rig_size(memory);

	if (memory == NULL)
		return;
	if (size != 0)
		memset(memory, 0, size);
	free(memory, type);
}
RIG_KPI(zfree, "as free");

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
sbt_to_us(sbintime_t sbt)
{
	return (sbt <= 0 ? 0 : (uint64_t)sbttous(sbt) + ((sbt & 0xfff) != 0));
}

static uint64_t
timeout_us(sbintime_t sbt, int flags)
{
	uint64_t now = rig_now_us(), us;

	if (sbt == 0)
		return (RIG_NO_TIMEOUT);
	us = sbt_to_us(sbt);
	if (flags & C_ABSOLUTE)
		us = us > now ? us - now : 0;
	return (us == 0 ? 1 : us);
}

static void
drop(struct lock_object *lock)
{
	if (lock->lo_flags >> LO_CLASSSHIFT == CLASS_SX)
		_sx_xunlock((struct sx *)lock, "", 0);
	else
		__mtx_unlock_flags(&((struct mtx *)lock)->mtx_lock, 0, "", 0);
}

static void
take(struct lock_object *lock)
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
		drop(lock);
	} else
		RIG_CHECK(sbt != 0 || (priority & PNOLOCK), "neither a lock nor a time-out");
	woken = rig_sleep(channel, why, timeout_us(sbt, flags), priority & PCATCH ? RIG_CATCH : 0);
	if (lock != NULL && (priority & PDROP) == 0)
		take(lock);
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

/*
 * Time.
 */
void
binuptime(struct bintime *bt)
{
	uint64_t us = rig_now_us();

	if (!RIG_CHECK(rig_is_writable(bt, sizeof(*bt)), "no memory"))
		return;
	bt->sec = us / 1000000;
	bt->frac = us % 1000000 * (UINT64_MAX / 1000000);
}
RIG_KPI(binuptime, "pointer");

void
getmicrouptime(struct timeval *tv)
{
	uint64_t us = rig_now_us();

	tv->tv_sec = us / 1000000;
	tv->tv_usec = us % 1000000;
}
RIG_KPI(getmicrouptime, "pointer");

void
microuptime(struct timeval *tv)
{
	getmicrouptime(tv);
}
RIG_KPI(microuptime, "pointer");

int
ratecheck(struct timeval *last, const struct timeval *interval)
{
	struct timeval now;

	getmicrouptime(&now);
	if (last->tv_sec != 0 && now.tv_sec - last->tv_sec < interval->tv_sec)
		return (0);
	*last = now;
	return (1);
}
RIG_KPI(ratecheck, "pointers");

/*
 * Callouts. Nothing ends one: it has to be stopped when its memory goes, which rig_free sees. That one
 * was initialised shows in c_cpu, which nobody else uses here.
 */
#define CALLOUT_BORN 0x5ca1ab1e

static struct callout *running_callout;

static bool
check_callout(const char *kpi, struct callout *c)
{
	if (rig_is_writable(c, sizeof(*c)) && c->c_cpu == CALLOUT_BORN)
		return (true);
	rig_faultf("%s: a callout that was never initialised", kpi);
	return (false);
}

void
_callout_init_lock(struct callout *c, struct lock_object *lock, int flags)
{
	RIG_CHECK((flags & ~(CALLOUT_RETURNUNLOCKED | CALLOUT_SHAREDLOCK | CALLOUT_TRYLOCK)) == 0,
	    "flags %#x", flags);
	if (!RIG_CHECK(rig_is_writable(c, sizeof(*c)), "no memory"))
		return;
	RIG_CHECK(!rig_timer_is_armed(c), "it is armed");
	RIG_CHECK(lock == NULL || rig_object_is(lock, "lock"), "a lock that is none");
	memset(c, 0, sizeof(*c));
	c->c_lock = lock;
	c->c_iflags = flags;
	c->c_cpu = CALLOUT_BORN;
}
RIG_KPI(_callout_init_lock, "memory, lock, flags, armed");

void
callout_init(struct callout *c, int mpsafe)
{
	RIG_CHECK(mpsafe != 0, "with Giant");
	_callout_init_lock(c, NULL, CALLOUT_RETURNUNLOCKED);
}
RIG_KPI(callout_init, "memory, not with Giant, armed");

int
callout_reset_sbt_on(struct callout *c, sbintime_t sbt, sbintime_t pr __unused,
    callout_func_t *func, void *arg, int cpu, int flags)
{
	int was_armed;

	if (!check_callout("callout_reset", c))
		return (0);
	RIG_CHECK(rig_is_code(func), "no function");
	RIG_CHECK(cpu == -1 || cpu == 0, "processor %d", cpu);
	if (c->c_lock != NULL)
		RIG_CHECK(rig_lock_held(c->c_lock), "its lock is not held");
	was_armed = rig_timer_disarm(c);
	c->c_func = func;
	c->c_arg = arg;
	c->c_iflags |= CALLOUT_PENDING;
	c->c_flags |= CALLOUT_ACTIVE;
	rig_timer_arm(c, sbt_to_us(sbt) + (flags & C_ABSOLUTE ? 0 : rig_now_us()));
	return (was_armed);
}
RIG_KPI(callout_reset_sbt_on, "initialised, function, lock held, processor");

int
_callout_stop_safe(struct callout *c, int flags)
{
	int was_armed;

	if (!check_callout("callout_stop", c))
		return (-1);
	RIG_CHECK((flags & ~CS_DRAIN) == 0, "flags %#x", flags);
	was_armed = rig_timer_disarm(c);
	c->c_iflags &= ~CALLOUT_PENDING;
	c->c_flags &= ~CALLOUT_ACTIVE;
	if (flags & CS_DRAIN) {
		rig_may_sleep("callout_drain");
		if (c->c_lock != NULL)
			RIG_CHECK(!rig_lock_held(c->c_lock), "drained with its lock held");
		while (running_callout == c)
			rig_sleep(&running_callout, "codrain", RIG_NO_TIMEOUT, 0);
	}
	return (was_armed ? 1 : running_callout == c ? 0 : -1);
}
RIG_KPI(_callout_stop_safe, "initialised, flags, sleeping if it drains");

static void
run_callout(struct callout *c)
{
	struct lock_object *lock = c->c_lock;
	callout_func_t *func;
	bool unlocks = (c->c_iflags & CALLOUT_RETURNUNLOCKED) != 0;

	if (lock != NULL) {
		take(lock);
		/* Stopped or moved while we waited for the lock. */
		if ((c->c_iflags & CALLOUT_PENDING) == 0 || rig_timer_is_armed(c)) {
			drop(lock);
			return;
		}
	}
	c->c_iflags &= ~CALLOUT_PENDING;
	func = c->c_func;
	running_callout = c;
	rig_scope_enter(SOFTCLOCK, RIG_NO_SLEEP);
	func(c->c_arg);
	rig_scope_leave(SOFTCLOCK);
	running_callout = NULL;
	rig_wakeup(&running_callout, UINT32_MAX);
	if (lock != NULL && !unlocks)
		drop(lock);
}

static void
clock_main(void *arg __unused)
{
	for (;;)
		run_callout(__DECONST(struct callout *, rig_timer_wait()));
}

/*
 * Task queues.
 */
struct taskqueue {
	STAILQ_HEAD(, task) tasks;
	taskqueue_enqueue_fn enqueue;
	void *context;
	struct task *running;
	int threads;
	bool is_over, is_swi;
	char name[32];
};

static bool
check_queue(const char *kpi, struct taskqueue *queue)
{
	(void)kpi;
	return (rig_object_check(queue, "task queue"));
}

struct taskqueue *
taskqueue_create(const char *name, int mflags, taskqueue_enqueue_fn enqueue, void *context)
{
	struct taskqueue *queue;

	fb_is_name("taskqueue_create", name);
	RIG_CHECK(rig_is_code(enqueue), "no function");
	RIG_CHECK((mflags & ~(M_WAITOK | M_NOWAIT | M_ZERO)) == 0, "flags %#x", mflags);
	queue = rig_alloc(sizeof(*queue), 16, "taskqueue",
	    RIG_ZERO | (mflags & M_NOWAIT ? RIG_MAY_FAIL : RIG_SLEEP));
	if (queue == NULL)
		return (NULL);
	STAILQ_INIT(&queue->tasks);
	queue->enqueue = enqueue;
	queue->context = context;
	strlcpy(queue->name, name, sizeof(queue->name));
	rig_object_begin(queue, sizeof(*queue), "task queue", name);
	return (queue);
}
RIG_KPI(taskqueue_create, "name, flags, function");

#define SWI "a software interrupt"

static void
queue_main(void *arg)
{
	struct taskqueue *queue = arg;
	struct task *task;
	int pending;

	for (;;) {
		task = STAILQ_FIRST(&queue->tasks);
		if (task == NULL) {
			if (queue->is_over)
				break;
			rig_idle(queue, "task queue");
			continue;
		}
		STAILQ_REMOVE_HEAD(&queue->tasks, ta_link);
		pending = task->ta_pending;
		task->ta_pending = 0;
		queue->running = task;
		if (queue->is_swi)
			rig_scope_enter(SWI, RIG_NO_SLEEP);
		task->ta_func(task->ta_context, pending);
		if (queue->is_swi)
			rig_scope_leave(SWI);
		RIG_CHECK(rig_locks_held() == 0, "a task of %s returned with a lock held", queue->name);
		queue->running = NULL;
		rig_wakeup(&queue->running, UINT32_MAX);
	}
	queue->threads--;
	rig_wakeup(&queue->threads, UINT32_MAX);
}

int
taskqueue_start_threads(struct taskqueue **tqp, int count, int pri, const char *format, ...)
{
	struct taskqueue *queue = *tqp;
	char name[32];
	__builtin_va_list args;
	int i;

	if (!check_queue("taskqueue_start_threads", queue))
		return (EINVAL);
	RIG_CHECK(queue->enqueue == taskqueue_thread_enqueue && queue->context == tqp,
	    "the queue was not created for threads of its own");
	RIG_CHECK(count == 1, "%d threads", count);
	RIG_CHECK(pri >= PRI_MIN && pri <= PRI_MAX, "priority %d", pri);
	rig_may_sleep("taskqueue_start_threads");
	__builtin_va_start(args, format);
	rig_vformat(name, sizeof(name), format, args);
	__builtin_va_end(args);
	for (i = 0; i < count; i++) {
		queue->threads++;
		rig_thread_create(queue_main, queue, name);
	}
	return (0);
}
RIG_KPI(taskqueue_start_threads, "queue, count, priority, sleeping");

void
taskqueue_thread_enqueue(void *context)
{
	struct taskqueue **tqp = context;

	rig_wakeup(*tqp, UINT32_MAX);
}
RIG_KPI(taskqueue_thread_enqueue, "called by taskqueue_enqueue");

int
taskqueue_enqueue(struct taskqueue *queue, struct task *task)
{
	if (!check_queue("taskqueue_enqueue", queue))
		return (EINVAL);
	if (!RIG_CHECK(rig_is_writable(task, sizeof(*task)) && rig_is_code(task->ta_func),
	    "no task"))
		return (EINVAL);
	RIG_CHECK(!queue->is_over, "%s is being freed", queue->name);
	if (task->ta_pending++ == 0)
		STAILQ_INSERT_TAIL(&queue->tasks, task, ta_link);
	queue->enqueue(queue->context);
	return (0);
}
RIG_KPI(taskqueue_enqueue, "queue, task, not being freed");

static bool
is_queued(struct taskqueue *queue, struct task *task)
{
	struct task *other;

	STAILQ_FOREACH(other, &queue->tasks, ta_link)
		if (other == task)
			return (true);
	return (false);
}

void
taskqueue_drain(struct taskqueue *queue, struct task *task)
{
	rig_may_sleep("taskqueue_drain");
	if (!check_queue("taskqueue_drain", queue))
		return;
	RIG_CHECK(rig_is_writable(task, sizeof(*task)), "no task");
	while (queue->running == task || is_queued(queue, task))
		rig_sleep(&queue->running, "tq_drain", RIG_NO_TIMEOUT, 0);
}
RIG_KPI(taskqueue_drain, "queue, task, sleeping");

void
taskqueue_drain_all(struct taskqueue *queue)
{
	rig_may_sleep("taskqueue_drain_all");
	if (!check_queue("taskqueue_drain_all", queue))
		return;
	while (queue->running != NULL || !STAILQ_EMPTY(&queue->tasks))
		rig_sleep(&queue->running, "tq_drain", RIG_NO_TIMEOUT, 0);
}
RIG_KPI(taskqueue_drain_all, "queue, sleeping");

int
taskqueue_cancel(struct taskqueue *queue, struct task *task, u_int *pendp)
{
	if (!check_queue("taskqueue_cancel", queue))
		return (EINVAL);
	if (pendp != NULL)
		*pendp = task->ta_pending;
	if (is_queued(queue, task))
		STAILQ_REMOVE(&queue->tasks, task, task, ta_link);
	task->ta_pending = 0;
	return (queue->running == task ? EBUSY : 0);
}
RIG_KPI(taskqueue_cancel, "queue");

void
taskqueue_free(struct taskqueue *queue)
{
	rig_may_sleep("taskqueue_free");
	if (!check_queue("taskqueue_free", queue))
		return;
	queue->is_over = true;
	while (queue->threads > 0) {
		rig_wakeup(queue, UINT32_MAX);
		rig_sleep(&queue->threads, "tq_destroy", RIG_NO_TIMEOUT, 0);
	}
	RIG_CHECK(STAILQ_EMPTY(&queue->tasks), "%s still has tasks", queue->name);
	rig_object_end(queue, "task queue");
	rig_free(queue, "taskqueue", RIG_ANY_SIZE);
}
RIG_KPI(taskqueue_free, "queue, sleeping, no tasks left");

/* The queues that every kernel has. */
struct taskqueue *taskqueue_thread, *taskqueue_swi;
RIG_KPI(taskqueue_thread, "a variable");
RIG_KPI(taskqueue_swi, "a variable; its tasks do not sleep");

/*
 * The net epoch.
 */
epoch_t net_epoch_preempt;
static unsigned in_net_epoch;
RIG_KPI(net_epoch_preempt, "a variable");

void
_epoch_enter_preempt(epoch_t epoch, epoch_tracker_t et)
{
	RIG_CHECK(epoch == net_epoch_preempt, "not the net epoch");
	RIG_CHECK(rig_is_writable(et, sizeof(*et)), "no tracker");
	et->et_td = curthread;
	rig_scope_enter(NET_EPOCH, RIG_NO_SLEEP);
	in_net_epoch++;
}
RIG_KPI(_epoch_enter_preempt, "epoch, tracker; sleeping inside");

void
_epoch_exit_preempt(epoch_t epoch, epoch_tracker_t et)
{
	RIG_CHECK(rig_is_writable(et, sizeof(*et)) && et->et_td == curthread, "another tracker");
	rig_scope_leave(NET_EPOCH);
	if (--in_net_epoch == 0)
		rig_wakeup(&in_net_epoch, UINT32_MAX);
}
RIG_KPI(_epoch_exit_preempt, "epoch, tracker, nesting");

void
epoch_wait_preempt(epoch_t epoch)
{
	RIG_CHECK(epoch == net_epoch_preempt, "not the net epoch");
	rig_may_sleep("epoch_wait");
	RIG_CHECK(!rig_in_scope(NET_EPOCH), "in the epoch");
	while (in_net_epoch > 0)
		rig_sleep(&in_net_epoch, "epoch", RIG_NO_TIMEOUT, 0);
}
RIG_KPI(epoch_wait_preempt, "epoch, sleeping, not inside");

void
epoch_drain_callbacks(epoch_t epoch)
{
	epoch_wait_preempt(epoch);
}
RIG_KPI(epoch_drain_callbacks, "epoch, sleeping, not inside");

int
in_epoch(epoch_t epoch)
{
	RIG_CHECK(epoch == net_epoch_preempt, "not the net epoch");
	return (rig_in_scope(NET_EPOCH));
}
RIG_KPI(in_epoch, "epoch");

/*
 * Chance, privileges, user memory.
 */
void
arc4random_buf(void *out, size_t len)
{
	RIG_CHECK(rig_is_writable(out, len), "no memory");
	rig_random(out, len);
}
RIG_KPI(arc4random_buf, "memory");

uint32_t
arc4random(void)
{
	uint32_t number;

	rig_random(&number, sizeof(number));
	return (number);
}
RIG_KPI(arc4random, "nothing to check");

int
priv_check(struct thread *td, int priv)
{
	RIG_CHECK(td == curthread, "not the current thread");
	RIG_CHECK(priv > 0 && priv <= _PRIV_HIGHEST, "privilege %d", priv);
	return (rig_is_root() ? 0 : EPERM);
}
RIG_KPI(priv_check, "thread, privilege");

int
copyin(const void *user, void *to, size_t len)
{
	return (rig_copyin((uint64_t)(uintptr_t)user, to, len) ? EFAULT : 0);
}
RIG_KPI(copyin, "kernel memory, sleeping");

int
copyout(const void *from, void *user, size_t len)
{
	return (rig_copyout(from, (uint64_t)(uintptr_t)user, len) ? EFAULT : 0);
}
RIG_KPI(copyout, "kernel memory, sleeping");

static void
boot(void)
{
	malloc_init(M_TEMP);
	malloc_init(M_DEVBUF);
	net_epoch_preempt = own_alloc(64);
	taskqueue_thread = taskqueue_create("thread", M_WAITOK, taskqueue_thread_enqueue,
	    &taskqueue_thread);
	rig_thread_create(clock_main, NULL, "clock");
	taskqueue_start_threads(&taskqueue_thread, 1, PWAIT, "thread taskq");
	taskqueue_swi = taskqueue_create("swi", M_WAITOK, taskqueue_thread_enqueue, &taskqueue_swi);
	taskqueue_swi->is_swi = true;
	taskqueue_start_threads(&taskqueue_swi, 1, PWAIT, "swi taskq");
	fb_net_boot();
	fb_usb_boot();
}

static void
check(void)
{
	fb_bus_check();
	fb_usb_check();
	fb_net_check();
}

const struct rig_kernel rig_kernel = {
	.version = RIG_VERSION,
	.os = "freebsd",
	.cpu = cpu,
	.boot = boot,
	.load = fb_load,
	.unload = fb_unload,
	.plug = fb_plug,
	.unplug = fb_unplug,
	.suspend = fb_suspend,
	.resume = fb_resume,
	.ioctl = fb_ioctl,
	.send = fb_send,
	.listen = fb_listen,
	.inject = fb_inject,
	.show = fb_show,
	.interface = fb_interface,
	.check = check,
};
