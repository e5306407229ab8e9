/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Ring 5: a built module runs in a process, on top of a fake kernel.
 *
 *	the module as built	tern.ko, tern.kmod, tern.o; never changed
 *	the fake kernel		rig/kernels/<os>*.c: that kernel's functions (KPIs) with that kernel's ABI,
 *				because it is compiled against that kernel's own headers, freestanding
 *	the rig			rig_*: memory, locks, threads, time, USB, the user; Rust, rig/src
 *
 * The fake kernel is to be stricter than the real one: it checks every argument of every KPI, and
 * tells the rig what the real kernel would do, so that the rig can see what is wrong: leaks, double
 * free, use after free, locks out of order, sleeping in the wrong place, things that come after they
 * were stopped. It decides nothing about the driver, and it forgives nothing.
 *
 * Include this after the kernel's own headers, which have uint8_t, uint64_t, size_t and bool. No
 * libc: rig/kernels/common.h has a printf and the memory functions.
 *
 * Threads are real, but exactly one runs at a time, and another one only gets its turn where a call
 * below says (B): it may block. So the fake kernel's own variables need no lock. Time is virtual: it
 * goes on when a call says (T), or when all threads are blocked, and then to the next event.
 */
#ifndef RIG_H
#define RIG_H

/*
 * The list of KPIs: the only names that a module can import. What a module wants and is not in this
 * list ends the run with its name; there is no silent stand-in. `checks` says in a few words what is
 * checked of each call; it is printed by `tern-rig --kpis`.
 */
struct rig_kpi {
	const char *name;
	const void *address;
	const char *checks;
};
#define RIG_KPI(symbol, checks) RIG_KPI_AS(symbol, symbol, checks)
/* `symbol` by another name, where the headers make a macro of it. */
#define RIG_KPI_AS(name, symbol, checks)                                                           \
	static const struct rig_kpi rig_kpi_##name                                                 \
	    __attribute__((used, section("rig_kpis"))) = { #name, (const void *)&(symbol), checks }

/*
 * Faults. A fault makes the run red; it is reported once for a kind and a place, with the functions
 * on the stack, and the run goes on. `what` begins with the KPI: "free: no such type". rig_faultf is
 * in common.h.
 */
void rig_fault(const char *what);
/* The module or the fake kernel cannot go on: reports and ends the process. */
void rig_die(const char *what) __attribute__((noreturn));
void rig_log(const char *line, size_t len); /* the console: what printf would show */

/*
 * Memory. Each allocation ends at a page that cannot be touched, and becomes such pages when it is
 * freed: use after free and writes beyond the end stop the run with a report. `tag` is the kind of
 * memory (a malloc type, "mbuf"); it must be the same at rig_free, and so must the size unless it is
 * RIG_ANY_SIZE. What is still there at the end of a run is a leak, by tag. Live objects (below) in
 * freed memory are a fault.
 */
#define RIG_ZERO 1
#define RIG_MAY_FAIL 2 /* fails when the run says so: the caller must cope (M_NOWAIT, KM_NOSLEEP) */
#define RIG_SLEEP 4 /* may sleep: a fault where that is wrong */
#define RIG_FOREVER 8 /* the fake kernel's own: no leak */
#define RIG_ANY_SIZE ((size_t)-1)
void *rig_alloc(size_t size, size_t align, const char *tag, unsigned flags); /* null only with MAY_FAIL */
void rig_free(void *memory, const char *tag, size_t size); /* not null: what free(NULL) means is yours */
size_t rig_size(const void *memory); /* of a live allocation that begins here; 0 without */
/*
 * Whether these bytes may be read (written): in one live allocation, one section of the module or
 * of the fake kernel, or on the current thread's stack. Check every pointer with it.
 */
bool rig_is_readable(const void *memory, size_t len);
bool rig_is_writable(const void *memory, size_t len);
/* A string of at most `max` bytes with its end; for names in arguments. */
bool rig_is_string(const char *text, size_t max);
bool rig_is_code(const void *function); /* a function of the module or of the fake kernel */
size_t rig_live(const char *tag); /* how many allocations of this kind there are */

/*
 * Objects: what has a life without being an allocation of ours: a callout in a softc, a condition
 * variable, a task, a work queue. A fault: begun twice, used or ended without being begun, by another
 * address than the one it was begun at (it was moved or copied), not ended when its memory is freed
 * or at the end of the run. `kind` is one of a few constant strings.
 */
void rig_object_begin(const void *at, size_t size, const char *kind, const char *name);
void rig_object_end(const void *at, const char *kind);
bool rig_object_check(const void *at, const char *kind); /* reports and says false if there is none */
bool rig_object_is(const void *at, const char *kind); /* only says */

/*
 * Locks. They are objects too, with these kinds. `class` is what the kernel's own checker goes by
 * (WITNESS: the lock's type or name; LOCKDEBUG, lockdep: where it is initialised). A fault: taken
 * while held by the same thread (unless RECURSE), released by another one than its owner, classes
 * taken in an order that closes a circle, two of one class (unless DUPOK), sleeping with a SPIN or
 * MUTEX held, a thread that ends or returns to the user with a lock held.
 */
#define RIG_LOCK_SPIN 1 /* no sleeping, no interrupts: a holder is never interrupted by (B) */
#define RIG_LOCK_MUTEX 2 /* no sleeping while held, but waiting for it is no sleep (FreeBSD mtx) */
#define RIG_LOCK_SLEEP 3 /* the holder may sleep (sx, rwlock of OpenBSD, kmutex that is adaptive) */
#define RIG_LOCK_KIND 3
#define RIG_LOCK_RECURSE 4
#define RIG_LOCK_DUPOK 8
#define RIG_LOCK_SHARED 16 /* of rig_lock_take: a reader */
#define RIG_LOCK_FREELY 64 /* of rig_lock_init: the kernel has no destroy; it ends with its memory */
#define RIG_LOCK_TRY 32 /* of rig_lock_take: do not wait; order does not matter */
void rig_lock_init(const void *lock, size_t size, const char *class_name, unsigned flags);
void rig_lock_destroy(const void *lock); /* a fault if held */
bool rig_lock_take(const void *lock, unsigned flags); /* (B) false only with TRY */
void rig_lock_release(const void *lock, unsigned flags);
bool rig_lock_held(const void *lock); /* by this thread; unknown locks are a fault */
unsigned rig_locks_held(void); /* by this thread: how many */
/* The name of a lock that this thread holds, other than `except` (may be null); null without. */
const char *rig_lock_other(const void *except);

/*
 * Contexts. A scope is somewhere this thread is in: an epoch, splnet, a USB callback, an interrupt.
 * Scopes end in the opposite order. With RIG_NO_SLEEP, sleeping inside is a fault.
 */
#define RIG_NO_SLEEP 1
void rig_scope_enter(const char *name, unsigned flags);
void rig_scope_leave(const char *name);
bool rig_in_scope(const char *name);
/* A fault, with the name of the KPI, if sleeping is wrong here. For KPIs that may sleep but did not. */
void rig_may_sleep(const char *kpi);

/*
 * Threads. A new one runs when it is its turn. rig_kernel.cpu is called in it first.
 */
int rig_thread_create(void (*entry)(void *), void *arg, const char *name); /* its number, from 1 */
void rig_thread_exit(void) __attribute__((noreturn)); /* or return from entry */
int rig_thread_self(void);
void *rig_thread_local(void); /* what rig_kernel.cpu returned for this thread */
void rig_yield(void); /* (B) */
/*
 * (B) Sleeps until rig_wakeup of the same channel, or the time-out in microseconds (RIG_NO_TIMEOUT:
 * none). A fault where sleeping is wrong: release the interlock first, nothing runs in between.
 * RIG_CATCH: a signal ends it; the run decides whether one comes.
 */
#define RIG_NO_TIMEOUT UINT64_MAX
#define RIG_CATCH 1
enum rig_woken { RIG_WOKEN, RIG_TIMED_OUT, RIG_SIGNAL };
enum rig_woken rig_sleep(const void *channel, const char *why, uint64_t timeout_us, unsigned flags);
/* (B) The same for threads of the fake kernel that wait for work: an idle one is no deadlock. */
void rig_idle(const void *channel, const char *why);
unsigned rig_wakeup(const void *channel, unsigned max); /* how many were woken, in order */

/* Time. */
uint64_t rig_now_us(void); /* monotonic; since the start */
void rig_delay(uint64_t us); /* (T) busy waiting */
/*
 * Timers, each known by an address that is yours (the callout). When one is due it is disarmed, and
 * rig_timer_wait, called by the thread that plays the clock interrupt, returns it.
 */
void rig_timer_arm(const void *key, uint64_t at_us); /* again: moves it */
bool rig_timer_disarm(const void *key); /* whether it was armed */
bool rig_timer_is_armed(const void *key);
const void *rig_timer_wait(void); /* (B) */

/*
 * USB: the stick's default pipe and bulk pipes. There is one stick, while it is plugged in.
 */
enum rig_usb_status { RIG_USB_OK, RIG_USB_STALLED, RIG_USB_GONE, RIG_USB_CANCELLED, RIG_USB_TIMEOUT };
/*
 * (B)(T) A control request: sleeps. `data` has `len` bytes. The standard requests for descriptors are
 * answered too, so a fake kernel reads them as a real one does.
 */
enum rig_usb_status rig_usb_control(uint8_t request_type, uint8_t request, uint16_t value, uint16_t index,
				    void *data, uint16_t len, uint16_t *done);
/*
 * Starts a transfer of a bulk endpoint (its address, with 0x80 for IN). `transfer` is yours and names
 * it: no two under way may have the same. It comes back once, through rig_usb_wait, never from
 * inside this call. A fault: memory that may not be read or written, an endpoint that is not there.
 * The memory is looked at when the transfer is carried out, so it must stay until it has come back.
 */
void rig_usb_start(const void *transfer, uint8_t endpoint, void *data, size_t len);
void rig_usb_cancel(const void *transfer); /* it comes back as CANCELLED, if it has not by then */
bool rig_usb_is_busy(const void *transfer); /* it has not been returned by rig_usb_wait */
struct rig_usb_done {
	const void *transfer;
	size_t len; /* bytes sent or received */
	enum rig_usb_status status;
};
/* (B) the next transfer that has come back. For the thread that plays the USB interrupt. */
void rig_usb_wait(struct rig_usb_done *done);
bool rig_usb_is_plugged(void); /* false as soon as the stick is pulled out */

/* Chance, from the run's seed. */
void rig_random(void *out, size_t len);
/* A firmware image by name (any directory); null without. It stays. */
const void *rig_firmware(const char *name, size_t *len);

/*
 * The user: the process whose ioctl or system call the current thread carries out. (B)
 * 0, or not 0 for a bad address. A fault where sleeping is wrong.
 */
int rig_copyin(uint64_t user, void *to, size_t len);
int rig_copyout(const void *from, uint64_t user, size_t len);
bool rig_is_root(void);

/*
 * What goes to user space and to the network stack. `interface` is its name.
 */
enum rig_event {
	RIG_EVENT_INPUT, /* an Ethernet frame goes up to IP */
	RIG_EVENT_CAPTURE, /* a packet for a bpf listener; `number` is its DLT */
	RIG_EVENT_ROUTE, /* bytes as read from a routing socket */
	RIG_EVENT_LINK, /* the link state: `number` is LINK_STATE_* of this system */
	RIG_EVENT_ARRIVED, /* an interface is there */
	RIG_EVENT_LEFT, /* it is gone */
};
void rig_event(enum rig_event what, const char *interface, uint32_t number, const void *data, size_t len);

/* The module as loaded. */
const void *rig_section(const char *name, size_t *len); /* null without; for linker sets */
const void *rig_symbol(const char *name); /* a symbol of the module, also a local one; null without */

/*
 * What the fake kernel offers to the rig: one variable, `const struct rig_kernel rig_kernel`. All
 * entries but cpu and boot are called in a thread "user" (ioctl, send, ...) or "explore" (plug,
 * unplug, ...), and may sleep. Every int is 0 or an errno of this kernel, positive. An entry that a
 * system cannot have is null.
 */
#define RIG_VERSION 1
struct rig_kernel {
	uint32_t version; /* RIG_VERSION */
	const char *os; /* "freebsd", "netbsd", "openbsd" */
	/* A new thread: where %gs is to point, and curthread with it. From RIG_FOREVER memory. */
	void *(*cpu)(int thread, const char *name);
	void (*boot)(void); /* once, before anything else: threads for the clock, USB, soft interrupts */
	int (*load)(void); /* as kldload, modload; where there are no modules: its cfattach becomes known */
	int (*unload)(void);
	/* The stick is there: look for a driver, attach it; ENXIO if none wants it. */
	int (*plug)(void);
	/* The stick is gone, or the driver is to let go of it (devctl detach, drvctl -d). */
	int (*unplug)(bool is_gone);
	int (*suspend)(void);
	int (*resume)(void);
	/* ioctl(2) on a socket: copies the argument in and out, as sys_ioctl does. */
	int (*ioctl)(uint64_t command, uint64_t argument);
	/* The stack sends an Ethernet frame (`priority` 0 to 7, 802.1D). */
	int (*send)(const char *interface, const void *frame, size_t len, int priority);
	/* A bpf listener with this DLT comes (true) or goes; 0 is the interface's first DLT. */
	int (*listen)(const char *interface, uint32_t dlt, bool is_on);
	/* A listener writes a packet, as write(2) on bpf. */
	int (*inject)(const char *interface, uint32_t dlt, const void *packet, size_t len);
	/*
	 * Text of the driver: "counters" or "events" (tern_show), through this system's sysctl where it has
	 * one. Bytes up to `*len`, which becomes how many there are.
	 */
	int (*show)(const char *what, char *text, size_t *len);
	/* The name of the n-th interface of the driver, or the device's (tern0) for UINT32_MAX; null. */
	const char *(*interface)(uint32_t n);
	/* At the end, when all is unloaded: report what is still there (rig_fault). */
	void (*check)(void);
};

#endif
