/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* OpenBSD: threads, the kernel lock, memory, locks, sleeping, time, time-outs, tasks. */
#include "openbsd.h"

#include <sys/ucred.h>

#include "common.c"

#define OWN "the kernel's own"
#define SOFTCLOCK "softclock"

void *
own_alloc(size_t size)
{
	return (rig_alloc(size, 16, OWN, RIG_ZERO | RIG_FOREVER));
}

/* A processor and a thread for each of the rig's threads. */
static void *
cpu(int number, const char *name)
{
	struct cpu_info *ci = own_alloc(sizeof(*ci));
	struct proc *p = own_alloc(sizeof(*p));
	static struct process *process;
	static struct ucred *cred;

	if (process == NULL) {
		process = own_alloc(sizeof(*process));
		cred = own_alloc(sizeof(*cred));
	}
	p->p_tid = 100000 + number;
	p->p_p = process;
	p->p_ucred = cred;
	p->p_cpu = ci;
	strlcpy(p->p_name, name, sizeof(p->p_name));
	ci->ci_self = ci;
	ci->ci_curproc = p;
	return (ci);
}

bool
ob_is_name(const char *kpi, const char *name)
{
	if (rig_is_string(name, 64) && name[0] != '\0')
		return (true);
	rig_faultf("%s: a name that is none", kpi);
	return (false);
}

/*
 * Variables.
 */
int hz = 100;
int tick = 10000;
int cold;
int nowake;
long __guard_local = 0x0badc0de00ff0a0d;
/* The release of the headers that this is compiled with. */
#if defined(OpenBSD7_8)
const char osrelease[] = "7.8";
#else
const char osrelease[] = "7.9";
#endif
RIG_KPI(cold, "a variable");
RIG_KPI(nowake, "a variable");
RIG_KPI(__guard_local, "a variable");
RIG_KPI(osrelease, "a variable");

void __stack_smash_handler(char *, int);
void
__stack_smash_handler(char *function, int damaged __unused)
{
	rig_dief("the stack of %s was overwritten", function);
}
RIG_KPI(__stack_smash_handler, "ends the run");

/* What an indirect call becomes where speculation is kept off. */
void __x86_indirect_thunk_r11(void);
__asm__(".text\n.globl __x86_indirect_thunk_r11\n"
	"__x86_indirect_thunk_r11:\n\tjmp *%r11\n");
RIG_KPI(__x86_indirect_thunk_r11, "jumps");

static void
busy_wait(int us)
{
	if (us < 0 || us > 10000)
		rig_faultf("delay: %d us of busy waiting", us);
	rig_delay(us);
}
void (*delay_func)(int) = busy_wait;
RIG_KPI(delay_func, "not negative, at most 10 ms");

void
panic(const char *format, ...)
{
	char text[256];
	__builtin_va_list args;

	__builtin_va_start(args, format);
	rig_vformat(text, sizeof(text), format, args);
	__builtin_va_end(args);
	rig_dief("panic: %s", text);
	__builtin_unreachable();
}
RIG_KPI(panic, "ends the run");

/* While set, what is printed goes here, and not to the console: see ob_show. */
struct ob_capture *ob_capture;

int
printf(const char *format, ...)
{
	struct ob_capture *to = ob_capture;
	__builtin_va_list args;

	__builtin_va_start(args, format);
	if (to != NULL && to->thread == rig_thread_self())
		to->len += MIN((size_t)rig_vformat(to->text + to->len, to->room - to->len, format, args),
		    to->room - to->len - 1);
	else
		rig_vlog(format, args);
	__builtin_va_end(args);
	return (0);
}
RIG_KPI(printf, "format and strings");

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

int
strcmp(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b)
		a++, b++;
	return ((unsigned char)*a - (unsigned char)*b);
}
RIG_KPI(strcmp, "reads only what is there");

size_t
strlcpy(char *to, const char *from, size_t room)
{
	size_t len = 0, i;

	while (from[len] != '\0')
		len++;
	check_copy("strlcpy", to, NULL, room);
	for (i = 0; i + 1 < room && i <= len; i++)
		to[i] = from[i];
	if (room > 0 && len >= room)
		to[room - 1] = '\0';
	return (len);
}
RIG_KPI(strlcpy, "room");

/*
 * The kernel lock, and sleeping. As in the kernel its order beside sleeping locks does not matter:
 * whoever waits for one of those has given it up.
 */
static struct {
	int owner; /* a thread, or 0 */
	unsigned depth;
} biglock;

static void
take_kernel(unsigned depth)
{
	while (biglock.owner != 0)
		rig_sleep(&biglock, "the kernel lock", RIG_NO_TIMEOUT, 0);
	biglock.owner = rig_thread_self();
	biglock.depth = depth;
}

static unsigned
drop_kernel(void)
{
	unsigned depth = biglock.depth;

	if (biglock.owner != rig_thread_self())
		return (0);
	biglock.owner = 0;
	biglock.depth = 0;
	rig_wakeup(&biglock, 1);
	return (depth);
}

void
ob_lock_kernel(void)
{
	if (biglock.owner == rig_thread_self())
		biglock.depth++;
	else
		take_kernel(1);
}

void
ob_unlock_kernel(void)
{
	if (biglock.owner != rig_thread_self())
		rig_fault("KERNEL_UNLOCK: not held");
	else if (--biglock.depth == 0)
		drop_kernel();
}

void
_kernel_lock(void)
{
	ob_lock_kernel();
}
RIG_KPI(_kernel_lock, "nothing to check");

void
_kernel_unlock(void)
{
	ob_unlock_kernel();
}
RIG_KPI(_kernel_unlock, "held");

bool
ob_check_kernel_locked(const char *kpi)
{
	if (biglock.owner == rig_thread_self())
		return (true);
	rig_faultf("%s: without the kernel lock", kpi);
	return (false);
}

enum rig_woken
ob_sleep(const void *channel, const char *why, uint64_t timeout_us, unsigned flags)
{
	unsigned depth = drop_kernel();
	enum rig_woken woken = rig_sleep(channel, why, timeout_us, flags);

	if (depth > 0)
		take_kernel(depth);
	return (woken);
}

static int
do_sleep(const char *kpi, const volatile void *channel, int priority, const char *why, uint64_t nsec)
{
	uint64_t us = nsec == INFSLP ? RIG_NO_TIMEOUT : nsec / 1000 + 1;
	enum rig_woken woken;

	if (channel == NULL)
		rig_faultf("%s: no channel", kpi);
	if ((priority & ~(PRIMASK | PCATCH | PNORELOCK)) != 0)
		rig_faultf("%s: priority %#x", kpi, priority);
	if (!ob_is_name(kpi, why))
		why = "?";
	if (channel == (void *)&nowake && us == RIG_NO_TIMEOUT && (priority & PCATCH) == 0)
		rig_faultf("%s: nothing will ever end it", kpi);
	woken = ob_sleep((const void *)channel, why, us, priority & PCATCH ? RIG_CATCH : 0);
	return (woken == RIG_WOKEN ? 0 : woken == RIG_TIMED_OUT ? EWOULDBLOCK : EINTR);
}

int
tsleep_nsec(const volatile void *channel, int priority, const char *why, uint64_t nsec)
{
	/* Without a mutex only the kernel lock keeps a wakeup from being missed. */
	if (channel != (void *)&nowake)
		ob_check_kernel_locked("tsleep_nsec");
	return (do_sleep("tsleep_nsec", channel, priority, why, nsec));
}
RIG_KPI(tsleep_nsec, "channel, priority, name, kernel lock, sleeping");

int
msleep_nsec(const volatile void *channel, struct mutex *mtx, int priority, const char *why,
    uint64_t nsec)
{
	int error;

	if (!RIG_CHECK(mtx != NULL && rig_lock_held(mtx), "its mutex is not held"))
		return (EINVAL);
	mtx_leave(mtx);
	error = do_sleep("msleep_nsec", channel, priority, why, nsec);
	if ((priority & PNORELOCK) == 0)
		mtx_enter(mtx);
	return (error);
}
RIG_KPI(msleep_nsec, "channel, mutex held, no other held, priority, name");

void
wakeup_n(const volatile void *channel, int n)
{
	RIG_CHECK(channel != NULL, "no channel");
	rig_wakeup((const void *)channel, n < 0 ? UINT32_MAX : (unsigned)n);
}
RIG_KPI(wakeup_n, "channel");

void
wakeup(const volatile void *channel)
{
	wakeup_n(channel, -1);
}
RIG_KPI(wakeup, "channel");

void
yield(void)
{
	unsigned depth = drop_kernel();

	rig_may_sleep("yield");
	rig_yield();
	if (depth > 0)
		take_kernel(depth);
}
RIG_KPI(yield, "sleeping");

/*
 * Memory. The size that free(9) gets must be the right one, or 0.
 */
static const char *
tag_of(const char *kpi, int type)
{
	switch (type) {
	case M_DEVBUF:
		return ("M_DEVBUF");
	case M_TEMP:
		return ("M_TEMP");
	case M_USBDEV:
		return ("M_USBDEV");
	default:
		rig_faultf("%s: type %d is not a driver's", kpi, type);
		return ("?");
	}
}

void *
malloc(size_t size, int type, int flags)
{
	int how = flags & (M_WAITOK | M_NOWAIT);
	const char *tag = tag_of("malloc", type);
	unsigned rig;

	RIG_CHECK((flags & ~(M_WAITOK | M_NOWAIT | M_CANFAIL | M_ZERO)) == 0, "flags %#x", flags);
	RIG_CHECK(how == M_WAITOK || how == M_NOWAIT, "either M_WAITOK or M_NOWAIT");
	RIG_CHECK((flags & M_CANFAIL) == 0 || how == M_WAITOK, "M_CANFAIL is for M_WAITOK");
	RIG_CHECK(size != 0 && size < 64 << 20, "%zu bytes", size);
	rig = how == M_NOWAIT ? RIG_MAY_FAIL : RIG_SLEEP;
	if (flags & M_CANFAIL)
		rig |= RIG_MAY_FAIL;
	return (rig_alloc(size, 16, tag, rig | (flags & M_ZERO ? RIG_ZERO : 0)));
}
RIG_KPI(malloc, "type, flags, sleeping, size");

void
free(void *memory, int type, size_t size)
{
	const char *tag = tag_of("free", type);

	if (memory != NULL)
		rig_free(memory, tag, size == 0 ? RIG_ANY_SIZE : size);
}
RIG_KPI(free, "type, size, double free, margins, live objects inside");

/*
 * Mutexes. Where the module is built without option WITNESS they have no names.
 */
static void
mutex_begin(struct mutex *mtx, int ipl, const char *name, unsigned flags)
{
	if (!RIG_CHECK(rig_is_writable(mtx, sizeof(*mtx)), "no memory for a mutex"))
		return;
	RIG_CHECK(ipl >= IPL_NONE && ipl <= IPL_HIGH, "IPL %d", ipl);
	mtx->mtx_owner = (__typeof(mtx->mtx_owner))0;
	mtx->mtx_wantipl = ipl;
	mtx->mtx_oldipl = IPL_NONE;
	rig_lock_init(mtx, sizeof(*mtx), name, RIG_LOCK_SPIN | RIG_LOCK_FREELY | flags);
}

#undef _mtx_init_flags
void _mtx_init_flags(struct mutex *, int, const char *, int, const struct lock_type *);
#ifdef WITNESS
void
_mtx_init_flags(struct mutex *mtx, int ipl, const char *name, int flags,
    const struct lock_type *type)
{
	if (!RIG_CHECK(rig_is_readable(type, sizeof(*type)), "no lock type"))
		return;
	RIG_CHECK((flags & ~(MTX_NOWITNESS | MTX_DUPOK)) == 0, "flags %#x", flags);
	mutex_begin(mtx, __MUTEX_IPL(ipl), name != NULL ? name : type->lt_name,
	    flags & MTX_DUPOK ? RIG_LOCK_DUPOK : 0);
}
RIG_KPI(_mtx_init_flags, "memory, IPL, type, flags, twice");
#endif

void
__mtx_init(struct mutex *mtx, int ipl)
{
	char name[32], *copy;

	/* Each is a class of its own then. */
	rig_format(name, sizeof(name), "mutex %p", mtx);
	copy = own_alloc(sizeof(name));
	memcpy(copy, name, sizeof(name));
	mutex_begin(mtx, ipl, copy, 0);
}
RIG_KPI(__mtx_init, "memory, IPL, twice");

void
mtx_enter(struct mutex *mtx)
{
	rig_lock_take(mtx, 0);
	mtx->mtx_owner = (__typeof(mtx->mtx_owner))curcpu();
}
RIG_KPI(mtx_enter, "known, order, recursion");

void
mtx_leave(struct mutex *mtx)
{
	mtx->mtx_owner = (__typeof(mtx->mtx_owner))0;
	rig_lock_release(mtx, 0);
}
RIG_KPI(mtx_leave, "known, owner");

/*
 * Sleeping locks.
 */
void
_rw_init_flags(struct rwlock *rwl, const char *name, int flags, const struct lock_type *type __unused,
    int trace __unused)
{
	if (!RIG_CHECK(rig_is_writable(rwl, sizeof(*rwl)), "no memory"))
		return;
	RIG_CHECK(flags == 0, "flags %#x", flags);
	if (!ob_is_name("rw_init", name))
		return;
	memset(rwl, 0, sizeof(*rwl));
	rwl->rwl_name = name;
	rig_lock_init(rwl, sizeof(*rwl), name, RIG_LOCK_SLEEP | RIG_LOCK_FREELY);
}
RIG_KPI(_rw_init_flags, "memory, name, twice");

/* Waiting for it is sleeping, and gives up the kernel lock. */
static void
take_rwlock(struct rwlock *rwl)
{
	unsigned depth = drop_kernel();

	rig_may_sleep("rw_enter");
	rig_lock_take(rwl, 0);
	if (depth > 0)
		take_kernel(depth);
}

int
rw_enter(struct rwlock *rwl, int flags)
{
	int how = flags & (RW_WRITE | RW_READ);

	RIG_CHECK(how == RW_WRITE || how == RW_READ, "flags %#x", flags);
	RIG_CHECK((flags & ~(RW_WRITE | RW_READ | RW_INTR)) == 0, "flags %#x", flags);
	take_rwlock(rwl);
	rwl->rwl_owner = (unsigned long)curproc;
	return (0);
}
RIG_KPI(rw_enter, "known, flags, order, recursion, no mutex held, sleeping");

void
rw_exit(struct rwlock *rwl)
{
	rwl->rwl_owner = 0;
	rig_lock_release(rwl, 0);
}
RIG_KPI(rw_exit, "known, owner");

struct rwlock netlock;

void
ob_lock_net(void)
{
	take_rwlock(&netlock);
}

void
ob_unlock_net(void)
{
	rig_lock_release(&netlock, 0);
}

bool
ob_holds_net(void)
{
	return (rig_lock_held(&netlock));
}

/*
 * Interrupt priority levels.
 */
static int *
level(void)
{
	return (&((struct cpu_info *)rig_thread_local())->ci_ilevel);
}

int
splraise(int ipl)
{
	int old = *level();

	RIG_CHECK(ipl > IPL_NONE && ipl <= IPL_HIGH, "IPL %d", ipl);
	if (ipl > old)
		*level() = ipl;
	return (old);
}
RIG_KPI(splraise, "level");

int
spllower(int ipl)
{
	int old = *level();

	RIG_CHECK(ipl >= IPL_NONE && ipl <= old, "IPL %d, it is %d", ipl, old);
	*level() = ipl;
	return (old);
}
RIG_KPI(spllower, "not above the level");

struct ob_call
ob_call_begin(const char *scope, unsigned flags)
{
	struct ob_call call = { rig_locks_held(), *level() };

	if (scope != NULL)
		rig_scope_enter(scope, flags);
	return (call);
}

void
ob_call_end(struct ob_call call, const char *scope)
{
	if (scope != NULL)
		rig_scope_leave(scope);
	if (rig_locks_held() != call.locks)
		rig_faultf("the driver returned with lock %s held", rig_lock_other(NULL));
	if (*level() != call.spl)
		rig_faultf("the driver returned at IPL %d, not %d", *level(), call.spl);
	*level() = call.spl;
}

/*
 * Time.
 */
uint64_t
nsecuptime(void)
{
	return (rig_now_us() * 1000);
}
RIG_KPI(nsecuptime, "nothing to check");

/*
 * Time-outs. That one was set shows in its flags.
 */
static struct timeout *running_timeout;

static bool
check_timeout(const char *kpi, struct timeout *to)
{
	if (rig_is_writable(to, sizeof(*to)) && to->to_flags & TIMEOUT_INITIALIZED &&
	    rig_is_code(to->to_func))
		return (true);
	rig_faultf("%s: a timeout that was never set", kpi);
	return (false);
}

void
timeout_set(struct timeout *to, void (*func)(void *), void *arg)
{
	if (!RIG_CHECK(rig_is_writable(to, sizeof(*to)), "no memory"))
		return;
	RIG_CHECK(!rig_timer_is_armed(to), "it is armed");
	RIG_CHECK(rig_is_code(func), "no function");
	memset(to, 0, sizeof(*to));
	to->to_func = func;
	to->to_arg = arg;
	to->to_flags = TIMEOUT_INITIALIZED;
}
RIG_KPI(timeout_set, "memory, function, armed");

/* At a tick, and never early. */
int
timeout_add_usec(struct timeout *to, uint64_t us)
{
	bool was_armed;
	uint64_t at;

	if (!check_timeout("timeout_add", to))
		return (0);
	RIG_CHECK(us < 1000000ULL * 86400 * 30, "%llu us", (unsigned long long)us);
	was_armed = rig_timer_is_armed(to);
	at = rig_now_us() + us;
	to->to_flags |= TIMEOUT_ONQUEUE;
	rig_timer_arm(to, (at / tick + 1) * tick);
	return (!was_armed);
}
RIG_KPI(timeout_add_usec, "set, time");

int
timeout_del(struct timeout *to)
{
	if (!check_timeout("timeout_del", to))
		return (0);
	to->to_flags &= ~TIMEOUT_ONQUEUE;
	return (rig_timer_disarm(to));
}
RIG_KPI(timeout_del, "set");

int
timeout_del_barrier(struct timeout *to)
{
	int removed = timeout_del(to);

	rig_may_sleep("timeout_del_barrier");
	RIG_CHECK(!rig_in_scope(SOFTCLOCK), "in a timeout");
	while (running_timeout == to)
		ob_sleep(&running_timeout, "tmobar", RIG_NO_TIMEOUT, 0);
	return (removed);
}
RIG_KPI(timeout_del_barrier, "set, sleeping, not in a timeout");

static void
clock_main(void *arg __unused)
{
	for (;;) {
		struct timeout *to = (struct timeout *)rig_timer_wait();
		struct ob_call call;

		ob_lock_kernel();
		/* It may have been deleted or added anew while we waited for the kernel lock. */
		if (to->to_flags & TIMEOUT_ONQUEUE && !rig_timer_is_armed(to)) {
			to->to_flags &= ~TIMEOUT_ONQUEUE;
			running_timeout = to;
			call = ob_call_begin(SOFTCLOCK, RIG_NO_SLEEP);
			to->to_func(to->to_arg);
			ob_call_end(call, SOFTCLOCK);
			running_timeout = NULL;
			rig_wakeup(&running_timeout, UINT32_MAX);
		}
		ob_unlock_kernel();
	}
}

/*
 * Tasks.
 */
#define TASKQ "task queue"

struct taskq {
	TAILQ_HEAD(, task) tasks;
	void (*running)(void *);
	void *running_arg;
	bool is_over, is_mpsafe;
	unsigned threads;
	const char *name;
};

static struct taskq sys_queue = { .tasks = TAILQ_HEAD_INITIALIZER(sys_queue.tasks), .name = "systq" };
struct taskq *const systq = &sys_queue;
RIG_KPI(systq, "a variable");

static void
taskq_main(void *arg)
{
	struct taskq *tq = arg;

	while (!tq->is_over || !TAILQ_EMPTY(&tq->tasks)) {
		struct task *task = TAILQ_FIRST(&tq->tasks), work;
		struct ob_call call;

		if (task == NULL) {
			rig_idle(tq, "bored");
			continue;
		}
		TAILQ_REMOVE(&tq->tasks, task, t_entry);
		task->t_flags &= ~TASK_ONQUEUE;
		work = *task;
		tq->running = work.t_func;
		tq->running_arg = work.t_arg;
		if (!tq->is_mpsafe)
			ob_lock_kernel();
		call = ob_call_begin(NULL, 0);
		work.t_func(work.t_arg);
		ob_call_end(call, NULL);
		if (!tq->is_mpsafe)
			ob_unlock_kernel();
		tq->running = NULL;
		rig_wakeup(&tq->running, UINT32_MAX);
	}
	tq->threads--;
	rig_wakeup(&tq->threads, UINT32_MAX);
}

struct taskq *
taskq_create(const char *name, unsigned int threads, int ipl, unsigned int flags)
{
	struct taskq *tq;

	rig_may_sleep("taskq_create");
	if (!ob_is_name("taskq_create", name))
		return (NULL);
	RIG_CHECK(threads == 1, "%u threads", threads);
	RIG_CHECK(ipl >= IPL_NONE && ipl <= IPL_HIGH, "IPL %d", ipl);
	RIG_CHECK((flags & ~TASKQ_MPSAFE) == 0, "flags %#x", flags);
	tq = rig_alloc(sizeof(*tq), 16, TASKQ, RIG_ZERO | RIG_MAY_FAIL);
	if (tq == NULL)
		return (NULL);
	TAILQ_INIT(&tq->tasks);
	tq->name = name;
	tq->is_mpsafe = flags & TASKQ_MPSAFE;
	tq->threads = threads;
	rig_thread_create(taskq_main, tq, name);
	return (tq);
}
RIG_KPI(taskq_create, "name, threads, IPL, flags, sleeping");

static bool
check_queue(const char *kpi, struct taskq *tq)
{
	if (tq == systq || rig_size(tq) == sizeof(*tq))
		return (true);
	rig_faultf("%s: a task queue that is none", kpi);
	return (false);
}

bool
ob_check_task(const char *kpi, const struct task *task)
{
	if (rig_is_writable(task, sizeof(*task)) && rig_is_code(task->t_func))
		return (true);
	rig_faultf("%s: a task that was never set", kpi);
	return (false);
}

void
taskq_destroy(struct taskq *tq)
{
	rig_may_sleep("taskq_destroy");
	if (!check_queue("taskq_destroy", tq) || !RIG_CHECK(tq != systq, "systq"))
		return;
	RIG_CHECK(!tq->is_over, "twice");
	tq->is_over = true;
	rig_wakeup(tq, UINT32_MAX);
	while (tq->threads > 0)
		ob_sleep(&tq->threads, "tqdestroy", RIG_NO_TIMEOUT, 0);
	rig_free(tq, TASKQ, RIG_ANY_SIZE);
}
RIG_KPI(taskq_destroy, "queue, twice, sleeping");

void
task_set(struct task *task, void (*func)(void *), void *arg)
{
	if (!RIG_CHECK(rig_is_writable(task, sizeof(*task)), "no memory"))
		return;
	RIG_CHECK(rig_is_code(func), "no function");
	memset(task, 0, sizeof(*task));
	task->t_func = func;
	task->t_arg = arg;
}
RIG_KPI(task_set, "memory, function");

int
task_add(struct taskq *tq, struct task *task)
{
	if (!check_queue("task_add", tq) || !ob_check_task("task_add", task))
		return (0);
	RIG_CHECK(!tq->is_over, "%s is being destroyed", tq->name);
	if (task->t_flags & TASK_ONQUEUE)
		return (0);
	task->t_flags |= TASK_ONQUEUE;
	TAILQ_INSERT_TAIL(&tq->tasks, task, t_entry);
	rig_wakeup(tq, 1);
	return (1);
}
RIG_KPI(task_add, "queue, task, not being destroyed");

int
task_del(struct taskq *tq, struct task *task)
{
	if (!check_queue("task_del", tq) || !ob_check_task("task_del", task))
		return (0);
	if ((task->t_flags & TASK_ONQUEUE) == 0)
		return (0);
	TAILQ_REMOVE(&tq->tasks, task, t_entry);
	task->t_flags &= ~TASK_ONQUEUE;
	return (1);
}
RIG_KPI(task_del, "queue, task");

void
taskq_del_barrier(struct taskq *tq, struct task *task)
{
	rig_may_sleep("taskq_del_barrier");
	RIG_CHECK(!ob_holds_net(), "with NET_LOCK, which tasks take");
	task_del(tq, task);
	while (tq->running == task->t_func && tq->running_arg == task->t_arg)
		ob_sleep(&tq->running, "tqbar", RIG_NO_TIMEOUT, 0);
}
RIG_KPI(taskq_del_barrier, "queue, task, NET_LOCK not held, sleeping");

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

int
suser(struct proc *p)
{
	RIG_CHECK(p == curproc, "not the current thread");
	return (rig_is_root() ? 0 : EPERM);
}
RIG_KPI(suser, "thread");

static int
kpi_copyin(const void *user, void *to, size_t len)
{
	return (rig_copyin((uint64_t)user, to, len) ? EFAULT : 0);
}
RIG_KPI_AS(copyin, kpi_copyin, "kernel memory, sleeping");

static int
kpi_copyout(const void *from, void *user, size_t len)
{
	return (rig_copyout(from, (uint64_t)user, len) ? EFAULT : 0);
}
RIG_KPI_AS(copyout, kpi_copyout, "kernel memory, sleeping");

int
loadfirmware(const char *name, u_char **bufp, size_t *lenp)
{
	const void *image;

	if (!ob_is_name("loadfirmware", name))
		return (EINVAL);
	rig_may_sleep("loadfirmware");
	ob_check_kernel_locked("loadfirmware");
	RIG_CHECK(rig_is_writable(bufp, sizeof(*bufp)) && rig_is_writable(lenp, sizeof(*lenp)),
	    "no room");
	image = rig_firmware(name, lenp);
	if (image == NULL)
		return (ENOENT);
	*bufp = malloc(*lenp, M_DEVBUF, M_NOWAIT);
	if (*bufp == NULL)
		return (ENOMEM);
	memcpy(*bufp, image, *lenp);
	return (0);
}
RIG_KPI(loadfirmware, "name, room, kernel lock, sleeping");

static void
boot(void)
{
	_rw_init_flags(&netlock, "netlock", 0, NULL, 0);
	rig_thread_create(clock_main, NULL, "softclock");
	sys_queue.threads = 1;
	rig_thread_create(taskq_main, systq, "systq");
	ob_net_boot();
	ob_usb_boot();
}

static void
check(void)
{
	RIG_CHECK(biglock.owner == 0, "the kernel lock is still held");
	ob_usb_check();
	ob_net_check();
	RIG_CHECK(rig_live(TASKQ) == 0, "a task queue is still there");
}

const struct rig_kernel rig_kernel = {
	.version = RIG_VERSION,
	.os = "openbsd",
	.cpu = cpu,
	.boot = boot,
	.load = ob_load,
	.unload = ob_unload,
	.plug = ob_plug,
	.unplug = ob_unplug,
	.suspend = ob_suspend,
	.resume = ob_resume,
	.ioctl = ob_ioctl,
	.send = ob_send,
	.listen = ob_listen,
	.show = ob_show,
	.interface = ob_interface,
	.check = check,
};
