/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * For a program of a BSD that was compiled for Linux: its ioctls of network interfaces go to the kernel
 * that `cargo xtask host` runs (PROTOCOL.md), as do its routing sockets. LD_PRELOAD it; $TERN_SOCKET is
 * the host's socket. Everything else that the program does stays as it is.
 *
 * A socket becomes the host's with its first ioctl that has a BSD's number: so control sockets and the like
 * of the same program are never touched.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#define FDS_MAX 1024
#define LENGTH_MAX ((1 << 20) + 1)

/* AF_ROUTE of the BSDs, and what Linux' headers call PF_ROUTE. */
#define BSD_ROUTE 17
#define LINUX_ROUTE 16

enum { OPEN = 1, IOCTL = 2, COPIED = 3, RESULT = 16, COPYIN = 17, COPYOUT = 18, DATA = 19 };
enum { WHAT_SOCKET = 1, WHAT_ROUTE = 2 };

/* The host's end of each descriptor: 0 none, else the connection and 1; a routing socket is its own. */
static int ends[FDS_MAX];
static bool is_route[FDS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

int socket(int domain, int type, int protocol);
int ioctl(int fd, unsigned long request, ...);
ssize_t read(int fd, void *buffer, size_t len);
ssize_t recv(int fd, void *buffer, size_t len, int flags);
int close(int fd);

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (!found) {
		fprintf(stderr, "tern-preload: no %s\n", name);
		abort();
	}
	return found;
}

/* The errno of a BSD as the same error's number here. */
static int errno_here(int bsd)
{
	static const struct { int bsd, here; } differ[] = {
		{ 35, EAGAIN }, { 36, EINPROGRESS }, { 37, EALREADY }, { 43, EPROTONOSUPPORT },
		{ 45, EOPNOTSUPP }, { 46, EPFNOSUPPORT }, { 47, EAFNOSUPPORT }, { 48, EADDRINUSE },
		{ 49, EADDRNOTAVAIL }, { 50, ENETDOWN }, { 51, ENETUNREACH }, { 55, ENOBUFS },
		{ 56, EISCONN }, { 57, ENOTCONN }, { 60, ETIMEDOUT }, { 61, ECONNREFUSED },
		{ 63, ENAMETOOLONG },
	};

	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
		if (differ[i].bsd == bsd)
			return differ[i].here;
	return bsd;
}

static bool write_all(int fd, const void *from, size_t len)
{
	const uint8_t *at = from;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

static bool read_all(int fd, void *to, size_t len)
{
	uint8_t *at = to;

	while (len) {
		ssize_t n = REAL(read)(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

static bool send_message(int fd, uint8_t kind, const void *head, size_t head_len, const void *body,
			 size_t body_len)
{
	uint32_t len = 1 + head_len + body_len;

	return write_all(fd, &len, 4) && write_all(fd, &kind, 1) && write_all(fd, head, head_len) &&
	       write_all(fd, body, body_len);
}

/* A message in memory of its own, to be freed; null if the host is gone or makes no sense. */
static uint8_t *receive(int fd, uint32_t *len)
{
	uint8_t *message;

	if (!read_all(fd, len, 4) || *len < 1 || *len > LENGTH_MAX)
		return NULL;
	message = malloc(*len);
	if (message && !read_all(fd, message, *len)) {
		free(message);
		message = NULL;
	}
	return message;
}

/* Copies within this process; an address that is not there is an answer and no crash. */
static bool copy(void *here, uint64_t user, size_t len, bool is_write)
{
	struct iovec mine = { here, len }, theirs = { (void *)(uintptr_t)user, len };
	ssize_t done = is_write ? process_vm_writev(getpid(), &mine, 1, &theirs, 1, 0)
				: process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0);

	return done == (ssize_t)len;
}

/* Does what the kernel asks for in the middle of a call. */
static bool serve(int fd, const uint8_t *message, uint32_t len)
{
	uint64_t at;
	uint32_t wanted;
	uint8_t *bytes, ok;
	bool sent;

	if (len < 9)
		return false;
	memcpy(&at, message + 1, 8);
	if (message[0] == COPYOUT) {
		ok = copy((void *)(message + 9), at, len - 9, true);
		return send_message(fd, COPIED, &ok, 1, NULL, 0);
	}
	if (message[0] != COPYIN || len < 13)
		return false;
	memcpy(&wanted, message + 9, 4);
	if (wanted > LENGTH_MAX || !(bytes = malloc(wanted + 1)))
		return false;
	ok = copy(bytes, at, wanted, false);
	sent = send_message(fd, COPIED, &ok, 1, bytes, ok ? wanted : 0);
	free(bytes);
	return sent;
}

/* The answer to a call: 0, or -1 with errno set. */
static int result(int fd)
{
	int32_t number = EIO;
	uint32_t len;
	uint8_t *message;
	bool is_well = true;

	while (is_well && (message = receive(fd, &len))) {
		if (message[0] == RESULT) {
			if (len >= 5)
				memcpy(&number, message + 1, 4);
			free(message);
			errno = errno_here(number);
			return number ? -1 : 0;
		}
		is_well = message[0] == DATA || serve(fd, message, len);
		free(message);
	}
	errno = EIO;
	return -1;
}

/* A connection to the host as one open file of its kernel. */
static int connect_host(uint8_t what)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	const char *path = getenv("TERN_SOCKET");
	uint32_t version = 1;
	int fd;

	if (!path || strlen(path) >= sizeof(name.sun_path)) {
		fprintf(stderr, "tern-preload: TERN_SOCKET names no socket of cargo xtask host\n");
		errno = ENOENT;
		return -1;
	}
	strcpy(name.sun_path, path);
	fd = REAL(socket)(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 ||
	    !send_message(fd, OPEN, &version, 4, &what, 1) || result(fd) < 0) {
		int error = errno;

		fprintf(stderr, "tern-preload: %s: %s\n", path, strerror(error));
		REAL(close)(fd);
		errno = error;
		return -1;
	}
	return fd;
}

int socket(int domain, int type, int protocol)
{
	int fd;

	if (domain != BSD_ROUTE && !(domain == LINUX_ROUTE && protocol == 0))
		return REAL(socket)(domain, type, protocol);
	fd = connect_host(WHAT_ROUTE);
	if (fd >= FDS_MAX) {
		REAL(close)(fd);
		errno = EMFILE;
		return -1;
	}
	if (fd >= 0)
		is_route[fd] = true;
	return fd;
}

/* Whether a request is one of interfaces with a direction, as only BSDs have them in group 'i'. */
static bool is_bsd(unsigned long request)
{
	return (request >> 8 & 0xff) == 'i' && (request & 0xe0000000ul);
}

int ioctl(int fd, unsigned long request, ...)
{
	uint64_t call[2];
	va_list list;
	void *argument;
	int answer = -1;

	va_start(list, request);
	argument = va_arg(list, void *);
	va_end(list);
	if (!is_bsd(request) || fd < 0 || fd >= FDS_MAX)
		return REAL(ioctl)(fd, request, argument);
	pthread_mutex_lock(&lock);
	if (!ends[fd] && !is_route[fd]) {
		int end = connect_host(WHAT_SOCKET);

		if (end >= 0)
			ends[fd] = end + 1;
	}
	if (ends[fd] || is_route[fd]) {
		int end = is_route[fd] ? fd : ends[fd] - 1;

		/* A program that has the number in an int extends its sign. */
		call[0] = request & 0xfffffffful;
		call[1] = (uintptr_t)argument;
		if (send_message(end, IOCTL, call, sizeof(call), NULL, 0))
			answer = result(end);
		else
			errno = EIO;
	}
	pthread_mutex_unlock(&lock);
	return answer;
}

/* One routing message. */
static ssize_t read_route(int fd, void *buffer, size_t len)
{
	uint32_t message_len;
	uint8_t *message = receive(fd, &message_len);
	size_t n;

	if (!message)
		return 0;
	if (message[0] != DATA) {
		free(message);
		errno = EIO;
		return -1;
	}
	n = message_len - 1 < len ? message_len - 1 : len;
	memcpy(buffer, message + 1, n);
	free(message);
	return n;
}

ssize_t read(int fd, void *buffer, size_t len)
{
	if (fd >= 0 && fd < FDS_MAX && is_route[fd])
		return read_route(fd, buffer, len);
	return REAL(read)(fd, buffer, len);
}

ssize_t recv(int fd, void *buffer, size_t len, int flags)
{
	if (fd >= 0 && fd < FDS_MAX && is_route[fd])
		return read_route(fd, buffer, len);
	return REAL(recv)(fd, buffer, len, flags);
}

int close(int fd)
{
	if (fd >= 0 && fd < FDS_MAX) {
		is_route[fd] = false;
		if (ends[fd])
			REAL(close)(ends[fd] - 1);
		ends[fd] = 0;
	}
	return REAL(close)(fd);
}
