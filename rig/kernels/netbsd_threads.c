/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* NetBSD: kthread(9), softint(9), callout(9). */
#include "netbsd.h"

#include <sys/kthread.h>

/*
 * Threads of the kernel's.
 */
struct lwp_record {
	struct lwp_record *next;
	void (*function)(void *);
	void *arg;
	int number;
	bool must_join, is_over;
};

static struct lwp_record *kthreads;

static void
thread_main(void *arg)
{
	struct lwp_record *l = arg;

	l->number = rig_thread_self();
	l->function(l->arg);
	rig_die("a kernel thread returned instead of calling kthread_exit");
}

int
kthread_create(pri_t pri, int flags, struct cpu_info *ci, void (*function)(void *), void *arg,
    lwp_t **out, const char *format, ...)
{
	struct lwp_record *l;
	char name[32];
	__builtin_va_list args;

	rig_may_sleep("kthread_create");
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	RIG_CHECK(pri == PRI_NONE && ci == NULL, "priority or CPU");
	RIG_CHECK((flags & ~(KTHREAD_MPSAFE | KTHREAD_MUSTJOIN)) == 0, "flags %#x", (unsigned)flags);
	RIG_CHECK((flags & KTHREAD_MPSAFE) != 0, "takes the kernel lock");
	if (!RIG_CHECK(rig_is_code(function), "no function"))
		return EINVAL;
	RIG_CHECK((flags & KTHREAD_MUSTJOIN) == 0 || rig_is_writable(out, sizeof(*out)), "nowhere to put it");
	__builtin_va_start(args, format);
	rig_vformat(name, sizeof(name), format, args);
	__builtin_va_end(args);
	l = rig_alloc(sizeof(*l), 16, "lwp", RIG_ZERO);
	l->function = function;
	l->arg = arg;
	l->must_join = (flags & KTHREAD_MUSTJOIN) != 0;
	l->next = kthreads;
	kthreads = l;
	*out = (lwp_t *)l;
	rig_thread_create(thread_main, l, own_string(name));
	return 0;
}
RIG_KPI(kthread_create, "function, flags, name, no lock held, sleeping");

static void
forget(struct lwp_record *l)
{
	struct lwp_record **at = &kthreads;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	rig_free(l, "lwp", sizeof(*l));
}

void
kthread_exit(int code)
{
	struct lwp_record *l = kthreads;

	while (l != NULL && l->number != rig_thread_self())
		l = l->next;
	RIG_CHECK(rig_locks_held() == 0, "with lock %s held", rig_lock_other(NULL));
	if (l == NULL)
		rig_die("kthread_exit: not a thread of kthread_create's");
	l->is_over = true;
	rig_wakeup(l, UINT32_MAX);
	if (!l->must_join)
		forget(l);
	rig_thread_exit();
}
RIG_KPI(kthread_exit, "thread, no lock held");

int
kthread_join(lwp_t *thread)
{
	struct lwp_record *l = kthreads;

	while (l != NULL && l != (struct lwp_record *)thread)
		l = l->next;
	rig_may_sleep("kthread_join");
	if (!RIG_CHECK(l != NULL && l->must_join, "a thread that nobody may join"))
		return EINVAL;
	RIG_CHECK(l->number != rig_thread_self(), "itself");
	while (!l->is_over)
		rig_sleep(l, "kthread_join", RIG_NO_TIMEOUT, 0);
	forget(l);
	return 0;
}
RIG_KPI(kthread_join, "thread, once, sleeping");

/*
 * Soft interrupts: one thread runs them, each handler once for all its schedules before.
 */
struct softint {
	struct softint *next;
	void (*function)(void *);
	void *arg;
	bool is_pending, is_running;
};

static struct softint *softints;

void *
softint_establish(u_int flags, void (*function)(void *), void *arg)
{
	struct softint *si;

	rig_may_sleep("softint_establish");
	RIG_CHECK((flags & ~(SOFTINT_LVLMASK | SOFTINT_MPSAFE)) == 0, "flags %#x", flags);
	RIG_CHECK((flags & SOFTINT_MPSAFE) != 0, "takes the kernel lock");
	RIG_CHECK(rig_is_code(function), "no function");
	si = rig_alloc(sizeof(*si), 16, "softint", RIG_ZERO);
	si->function = function;
	si->arg = arg;
	si->next = softints;
	softints = si;
	return si;
}
RIG_KPI(softint_establish, "flags, function, sleeping");

static struct softint *
softint_of(const char *kpi, void *handle)
{
	struct softint *si = softints;

	while (si != NULL && si != handle)
		si = si->next;
	if (si == NULL)
		rig_faultf("%s: one that is not established", kpi);
	return si;
}

void
softint_schedule(void *handle)
{
	struct softint *si = softint_of("softint_schedule", handle);

	if (si == NULL)
		return;
	RIG_CHECK(rig_in_scope(NO_PREEMPTION) || rig_in_scope(SOFTINT) || rig_in_scope(USB_CALLBACK) ||
	    rig_in_scope(SOFTCLOCK), "the thread can be moved to another CPU");
	si->is_pending = true;
	rig_wakeup(&softints, UINT32_MAX);
}
RIG_KPI(softint_schedule, "established, preemption disabled");

void
softint_disestablish(void *handle)
{
	struct softint **at, *si = softint_of("softint_disestablish", handle);

	rig_may_sleep("softint_disestablish");
	if (si == NULL)
		return;
	while (si->is_pending || si->is_running)
		rig_sleep(si, "softint_disestablish", RIG_NO_TIMEOUT, 0);
	for (at = &softints; *at != si; at = &(*at)->next)
		;
	*at = si->next;
	rig_free(si, "softint", sizeof(*si));
}
RIG_KPI(softint_disestablish, "established, sleeping");

void
kpreempt_disable(void)
{
	rig_scope_enter(NO_PREEMPTION, RIG_NO_SLEEP);
}
RIG_KPI(kpreempt_disable, "sleeping until it is enabled");

void
kpreempt_enable(void)
{
	rig_scope_leave(NO_PREEMPTION);
}
RIG_KPI(kpreempt_enable, "pairs");

static void
softint_main(void *arg)
{
	struct softint *si;

	for (;;) {
		for (si = softints; si != NULL && !si->is_pending; si = si->next)
			;
		if (si == NULL) {
			rig_idle(&softints, "soft interrupts");
			continue;
		}
		si->is_pending = false;
		si->is_running = true;
		rig_scope_enter(SOFTINT, RIG_NO_SLEEP);
		si->function(si->arg);
		rig_scope_leave(SOFTINT);
		RIG_CHECK(rig_locks_held() == 0, "%s is held after it", rig_lock_other(NULL));
		si->is_running = false;
		rig_wakeup(si, UINT32_MAX);
		rig_yield();
	}
}

/*
 * Callouts.
 */
struct record {
	struct record *next;
	callout_t *callout;
	void (*function)(void *);
	void *arg;
	bool is_running;
};

static struct record *callouts;

static struct record *
callout_of(callout_t *c)
{
	struct record *r = callouts;

	if (!rig_object_check(c, "callout"))
		return NULL;
	while (r->callout != c)
		r = r->next;
	return r;
}

void
callout_init(callout_t *c, u_int flags)
{
	struct record *r;

	RIG_CHECK(flags == CALLOUT_MPSAFE, "flags %#x: takes the kernel lock", flags);
	rig_object_begin(c, sizeof(*c), "callout", "callout");
	r = own_alloc(sizeof(*r));
	r->callout = c;
	r->next = callouts;
	callouts = r;
}
RIG_KPI(callout_init, "memory, flags, twice");

void
callout_setfunc(callout_t *c, void (*function)(void *), void *arg)
{
	struct record *r = callout_of(c);

	RIG_CHECK(rig_is_code(function), "no function");
	if (r == NULL)
		return;
	r->function = function;
	r->arg = arg;
}
RIG_KPI(callout_setfunc, "known, function");

void
callout_schedule(callout_t *c, int in)
{
	struct record *r = callout_of(c);

	RIG_CHECK(in > 0, "%d ticks", in);
	if (r != NULL && RIG_CHECK(r->function != NULL, "without a function"))
		rig_timer_arm(c, rig_now_us() + (uint64_t)in * TICK_US);
}
RIG_KPI(callout_schedule, "known, function, time");

bool
callout_stop(callout_t *c)
{
	struct record *r = callout_of(c);

	return r != NULL && !rig_timer_disarm(c);
}
RIG_KPI(callout_stop, "known");

bool
callout_halt(callout_t *c, void *interlock)
{
	struct record *r = callout_of(c);

	rig_may_sleep("callout_halt");
	RIG_CHECK(interlock == NULL, "with an interlock");
	if (r == NULL)
		return false;
	rig_timer_disarm(c);
	while (r->is_running) {
		rig_sleep(r, "callout_halt", RIG_NO_TIMEOUT, 0);
		rig_timer_disarm(c);
	}
	return false;
}
RIG_KPI(callout_halt, "known, sleeping");

void
callout_destroy(callout_t *c)
{
	struct record **at = &callouts, *r = callout_of(c);

	if (r == NULL)
		return;
	RIG_CHECK(!rig_timer_is_armed(c), "still armed");
	RIG_CHECK(!r->is_running, "still running: callout_halt first");
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	rig_object_end(c, "callout");
}
RIG_KPI(callout_destroy, "known, not armed, not running");

static void
clock_main(void *arg)
{
	for (;;) {
		struct record *r = callouts;
		const void *key = rig_timer_wait();

		while (r != NULL && r->callout != key)
			r = r->next;
		if (r == NULL)
			continue;
		r->is_running = true;
		rig_scope_enter(SOFTCLOCK, RIG_NO_SLEEP);
		r->function(r->arg);
		rig_scope_leave(SOFTCLOCK);
		RIG_CHECK(rig_locks_held() == 0, "%s is held after it", rig_lock_other(NULL));
		r->is_running = false;
		rig_wakeup(r, UINT32_MAX);
	}
}

void
nb_boot_threads(void)
{
	rig_thread_create(clock_main, NULL, "softclk");
	rig_thread_create(softint_main, NULL, "softnet");
}

void
nb_check_threads(void)
{
	struct lwp_record *l;

	for (l = kthreads; l != NULL; l = l->next)
		RIG_CHECK(false, "a thread that nobody joined");
	RIG_CHECK(softints == NULL, "a soft interrupt is still established");
	RIG_CHECK(callouts == NULL, "a callout is still there");
}
