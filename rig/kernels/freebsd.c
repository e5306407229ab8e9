/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: threads, the console, chance, user memory; what the kernel offers to the rig. */
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
	fb_task_boot();
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
