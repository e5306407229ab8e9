/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Where C and Rust meet, in every kernel: Rust calls shim_*, C calls tern_*. src/ffi.rs declares
 * the same; tests/names.rs compares the two. Include it after the kernel's own headers, which have
 * uint8_t, size_t and bool.
 */
#ifndef TERN_H
#define TERN_H

/* An interface of a device: place in the table, generation of that place in the upper half. */
typedef uint32_t tern_vap;

struct tern_dev; /* the C side of a device; every kernel has its own */
struct tern_packet; /* an mbuf chain or an skb; only cast */

#define TERN_VAPS_MAX 4
#define TERN_TX_MAX 64
#define TERN_RX_MAX 8
#define TERN_ENDPOINTS_MAX 8
#define TERN_LOCK_SIZE 128 /* most bytes of a kernel's lock */
#define TERN_RANKS_MAX 64

/* What the live counters count. */
enum tern_live { TERN_ALLOCATIONS, TERN_PACKETS, TERN_TRANSFERS, TERN_THREADS, TERN_LIVE_COUNT };

/* What tern_xmit says. After FULL the packet is still the caller's; else it is gone. */
enum tern_sent { TERN_SENT_LEFT, TERN_SENT_LAST, TERN_FULL, TERN_DROPPED };

/* How what Rust asked for ended; errno numbers differ between kernels. */
enum tern_error { TERN_OK, TERN_NO_MEMORY, TERN_GONE, TERN_FAILED };

/*
 * What Rust calls, and from where: (s) may sleep, (a) any context, (c) with core's locks held.
 */
/* Does not return, though its type does not say so; see src/panic.rs. */
void shim_panic(const char *file, int file_len, int line);
void shim_count(uint32_t what, int32_t change); /* (a) */
void *shim_alloc(size_t len); /* (s) zeroed, aligned to 8; null without memory */
void shim_free(void *memory); /* (s) null is nothing */
void shim_log(struct tern_dev *dev, const uint8_t *line, size_t len); /* (a) */
uint64_t shim_now_us(void); /* (a) monotonic */
void shim_random(uint8_t *out, size_t len); /* (a) */
void shim_sleep_us(uint32_t us); /* (s) at least that long */
void shim_lock_init(void *lock, uint8_t rank, const char *name); /* (s) one lock class for each rank */
void shim_lock_destroy(void *lock); /* (s) */
void shim_lock(void *lock); /* (a) */
void shim_unlock(void *lock);

void shim_worker_wake(struct tern_dev *dev); /* (a)(c) many before a wait count as one */
void shim_worker_wait(struct tern_dev *dev); /* (s) the worker's thread: until woken */
void shim_deadline(struct tern_dev *dev, uint64_t at_us, bool is_set); /* (s) wakes the worker then */
/* (s) the worker's thread, once: the device can be used, or cannot (a kernel's errno). */
void shim_attached(struct tern_dev *dev, int error, const uint8_t *mac);
uint32_t shim_answers(struct tern_dev *dev); /* (a) a number that shim_answer changes */
void shim_answer(struct tern_dev *dev); /* (a) wakes all who wait for answers */
/* (s) until the number is not `before`; not 0 if a signal came first, and that was wanted. */
int shim_wait_answer(struct tern_dev *dev, uint32_t before, bool can_be_killed);
/* (s) the worker's thread. The image is kept until another is asked for; null without one. */
const uint8_t *shim_firmware(struct tern_dev *dev, const char *name, size_t *len);

/* (s) the worker's thread: a vendor request to register `addr`. Says enum tern_error. */
int shim_usb_control(struct tern_dev *dev, bool is_write, uint16_t addr, uint8_t *data, uint16_t len);
/* (s) once: `count` transfers with a buffer of `len` bytes each. Says enum tern_error. */
int shim_tx_setup(struct tern_dev *dev, uint32_t count, uint32_t len);
uint8_t *shim_tx_buffer(struct tern_dev *dev, uint32_t index); /* (a)(c) */
/*
 * (a)(c) starts transfer `index` to the `endpoint`-th bulk OUT endpoint. It cannot fail: an error (a
 * length of 0 is one) is a completion like any other. tern_tx_done comes later, never from inside.
 */
void shim_tx_submit(struct tern_dev *dev, uint32_t index, uint32_t endpoint, uint32_t len);
int shim_rx_start(struct tern_dev *dev, uint32_t depth, uint32_t len); /* (s) says enum tern_error */
void shim_usb_stop(struct tern_dev *dev); /* (s) when it returns, nothing comes any more */
void shim_rx_resume(struct tern_dev *dev); /* (s) the worker's thread, after each of its runs */

/* Packets. A new one is contiguous, writable, all zero, and nobody else's; (a)(c), never sleeps. */
struct tern_packet *shim_packet_new(size_t len);
void shim_packet_free(struct tern_packet *packet); /* (a) */
/* Bytes in all pieces together, and 802.1D priority. */
size_t shim_packet_len(struct tern_packet *packet, uint8_t *priority);
/* The next piece: `at` is null before the first; returns null after the last. */
uint8_t *shim_packet_piece(struct tern_packet *packet, void **at, size_t *len);
void shim_packet_keep(struct tern_packet *packet, size_t start, size_t len); /* cuts off the rest */

/* Upward, without any of core's locks held; a vap that is gone is nobody. (a) */
void shim_deliver(struct tern_dev *dev, tern_vap vap, struct tern_packet *packet); /* takes it */
bool shim_is_listening(struct tern_dev *dev, tern_vap vap);
void shim_capture(struct tern_dev *dev, tern_vap vap, const uint8_t *radiotap, size_t radiotap_len,
		  const uint8_t *frame, size_t frame_len);
void shim_tx_ready(struct tern_dev *dev, tern_vap vap, uint16_t queue);

/*
 * What C calls. `rust` is what tern_probe returned.
 */
/* (s) makes a device; null and a kernel's errno without. `n_out`: bulk OUT endpoints. */
void *tern_probe(struct tern_dev *dev, uint16_t vendor, uint16_t product, uint32_t n_out, int *error);
void tern_free(void *rust); /* (s) nobody can reach it any more, and nothing comes any more */
void tern_work(void *rust); /* (s) the worker's thread; returns after tern_stop, or if it cannot attach */
void tern_stop(void *rust); /* (s) answers every waiter; then join the thread */
/* (a) one at a time: a receive transfer. True: hold the next back until shim_rx_resume. */
bool tern_received(void *rust, const uint8_t *data, size_t len);
void tern_tx_done(void *rust, uint64_t done); /* (a) a bit for each transfer that has come back */
uint32_t tern_xmit(void *rust, tern_vap vap, struct tern_packet *packet, bool is_injected); /* (a) */
bool tern_is_stopped(void *rust, tern_vap vap, uint16_t queue); /* (a) transmit_ready is to come */
uint16_t tern_queue(uint8_t priority); /* (a) the queue of an 802.1D priority */
void tern_rx_mode(void *rust, tern_vap vap, bool is_promiscuous, bool all_multicast); /* (a) */

#endif
