/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * What every fake kernel uses: a printf and the memory functions. Include after the kernel's headers
 * and rig.h; include common.c once, at the end of one of the fake kernel's files.
 */
#ifndef RIG_COMMON_H
#define RIG_COMMON_H

/*
 * %d %i %u %x %X %o %p %s %c %%, with - 0 + # width precision, and h hh l ll j z t q. An unknown one is
 * a fault. Returns the length it would have had.
 */
int rig_vformat(char *out, size_t room, const char *format, __builtin_va_list args);
int rig_format(char *out, size_t room, const char *format, ...) __attribute__((format(printf, 3, 4)));
void rig_faultf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void rig_vlog(const char *format, __builtin_va_list args); /* collects until a line is complete */
void rig_dief(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A fault with the KPI's name unless `condition`; says whether it holds. */
#define RIG_CHECK(condition, format, ...)                                                          \
	((condition) ? true : (rig_faultf("%s: " format, __func__, ##__VA_ARGS__), false))

#endif
