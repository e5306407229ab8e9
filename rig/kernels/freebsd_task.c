/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: time, callouts, task queues, the net epoch. */
#include "freebsd.h"

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
	rig_timer_arm(c, fb_us(sbt) + (flags & C_ABSOLUTE ? 0 : rig_now_us()));
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
		fb_take(lock);
		/* Stopped or moved while we waited for the lock. */
		if ((c->c_iflags & CALLOUT_PENDING) == 0 || rig_timer_is_armed(c)) {
			fb_drop(lock);
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
		fb_drop(lock);
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

void
fb_task_boot(void)
{
	net_epoch_preempt = own_alloc(64);
	taskqueue_thread = taskqueue_create("thread", M_WAITOK, taskqueue_thread_enqueue,
	    &taskqueue_thread);
	rig_thread_create(clock_main, NULL, "clock");
	taskqueue_start_threads(&taskqueue_thread, 1, PWAIT, "thread taskq");
	taskqueue_swi = taskqueue_create("swi", M_WAITOK, taskqueue_thread_enqueue, &taskqueue_swi);
	taskqueue_swi->is_swi = true;
	taskqueue_start_threads(&taskqueue_swi, 1, PWAIT, "swi taskq");
}
