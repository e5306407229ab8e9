/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* FreeBSD: bytes, strings, and kinds of memory. */
#include "freebsd.h"

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
