/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* Included by one file of each fake kernel: see common.h. */

struct rig_out {
	char *at;
	size_t room, len;
};

static void
rig_put(struct rig_out *out, char c)
{
	if (out->len + 1 < out->room)
		out->at[out->len] = c;
	out->len++;
}

struct rig_spec {
	bool left, zero, plus, alternate, is_upper;
	int width, precision, size;
};

static void
rig_put_padded(struct rig_out *out, const struct rig_spec *spec, const char *text, size_t len)
{
	size_t width = spec->width > 0 ? (size_t)spec->width : 0, i;

	if (!spec->left)
		for (i = len; i < width; i++)
			rig_put(out, spec->zero ? '0' : ' ');
	for (i = 0; i < len; i++)
		rig_put(out, text[i]);
	if (spec->left)
		for (i = len; i < width; i++)
			rig_put(out, ' ');
}

static void
rig_put_number(struct rig_out *out, struct rig_spec *spec, uint64_t value, unsigned base, bool negative)
{
	const char *digits = spec->is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[80];
	size_t at = sizeof(text);
	int count = 0;

	while (value || count < (spec->precision < 0 ? 1 : spec->precision)) {
		text[--at] = digits[value % base];
		value /= base;
		if (++count > 64)
			break;
	}
	if (spec->alternate && base == 16) {
		text[--at] = 'x';
		text[--at] = '0';
	}
	if (negative || spec->plus)
		text[--at] = negative ? '-' : '+';
	rig_put_padded(out, spec, text + at, sizeof(text) - at);
}

static uint64_t
rig_narrow(uint64_t value, const struct rig_spec *spec, bool is_signed)
{
	if (spec->size >= 8)
		return (value);
	if (spec->size == 4)
		return (is_signed ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value);
	if (spec->size == 2)
		return (is_signed ? (uint64_t)(int64_t)(int16_t)value : (uint16_t)value);
	return (is_signed ? (uint64_t)(int64_t)(int8_t)value : (uint8_t)value);
}

static const char *
rig_read_spec(const char *at, struct rig_spec *spec, __builtin_va_list *args)
{
	for (;; at++) {
		if (*at == '-')
			spec->left = true;
		else if (*at == '0')
			spec->zero = true;
		else if (*at == '+')
			spec->plus = true;
		else if (*at == '#')
			spec->alternate = true;
		else if (*at != ' ')
			break;
	}
	if (*at == '*') {
		spec->width = __builtin_va_arg(*args, int);
		at++;
	}
	for (; *at >= '0' && *at <= '9'; at++)
		spec->width = spec->width * 10 + (*at - '0');
	if (*at == '.') {
		spec->precision = 0;
		if (*++at == '*') {
			spec->precision = __builtin_va_arg(*args, int);
			at++;
		}
		for (; *at >= '0' && *at <= '9'; at++)
			spec->precision = spec->precision * 10 + (*at - '0');
	}
	for (;; at++) {
		if (*at == 'h')
			spec->size = spec->size == 2 ? 1 : 2;
		else if (*at == 'l' || *at == 'j' || *at == 'z' || *at == 't' || *at == 'q')
			spec->size = 8;
		else
			return (at);
	}
}

static void
rig_put_string(struct rig_out *out, const struct rig_spec *spec, const char *text)
{
	size_t len = 0, max = spec->precision < 0 ? 4096 : (size_t)spec->precision;

	if (text == 0)
		text = "(null)";
	else if (!rig_is_readable(text, 1)) {
		rig_fault("printf: %s of no string");
		text = "(bad)";
	}
	while (len < max && text[len] != '\0')
		len++;
	rig_put_padded(out, spec, text, len);
}

int
rig_vformat(char *to, size_t room, const char *format, __builtin_va_list list)
{
	struct rig_out out = { to, room, 0 };
	__builtin_va_list args;
	const char *at;

	__builtin_va_copy(args, list);
	for (at = format; *at != '\0'; at++) {
		struct rig_spec spec = { .precision = -1, .size = 4 };
		uint64_t value;

		if (*at != '%') {
			rig_put(&out, *at);
			continue;
		}
		at = rig_read_spec(at + 1, &spec, &args);
		switch (*at) {
		case 'd':
		case 'i':
			value = __builtin_va_arg(args, uint64_t);
			value = rig_narrow(value, &spec, true);
			rig_put_number(&out, &spec, (int64_t)value < 0 ? -value : value, 10,
			    (int64_t)value < 0);
			break;
		case 'X':
			spec.is_upper = true;
			/* FALLTHROUGH */
		case 'u':
		case 'x':
		case 'o':
			value = rig_narrow(__builtin_va_arg(args, uint64_t), &spec, false);
			rig_put_number(&out, &spec, value, *at == 'u' ? 10 : *at == 'o' ? 8 : 16, false);
			break;
		case 'p':
			spec.alternate = true;
			rig_put_number(&out, &spec, __builtin_va_arg(args, uint64_t), 16, false);
			break;
		case 's':
			rig_put_string(&out, &spec, __builtin_va_arg(args, const char *));
			break;
		case 'c':
			rig_put(&out, (char)__builtin_va_arg(args, int));
			break;
		case '%':
			rig_put(&out, '%');
			break;
		default:
			rig_fault("printf: an unknown conversion");
			at--;
			goto done;
		}
	}
done:
	__builtin_va_end(args);
	if (room > 0)
		to[out.len < room ? out.len : room - 1] = '\0';
	return ((int)out.len);
}

int
rig_format(char *to, size_t room, const char *format, ...)
{
	__builtin_va_list args;
	int len;

	__builtin_va_start(args, format);
	len = rig_vformat(to, room, format, args);
	__builtin_va_end(args);
	return (len);
}

void
rig_faultf(const char *format, ...)
{
	char text[400];
	__builtin_va_list args;

	__builtin_va_start(args, format);
	rig_vformat(text, sizeof(text), format, args);
	__builtin_va_end(args);
	rig_fault(text);
}

void
rig_dief(const char *format, ...)
{
	char text[400];
	__builtin_va_list args;

	__builtin_va_start(args, format);
	rig_vformat(text, sizeof(text), format, args);
	__builtin_va_end(args);
	rig_die(text);
}

void
rig_vlog(const char *format, __builtin_va_list args)
{
	static char line[1024];
	static size_t len;
	int more;

	more = rig_vformat(line + len, sizeof(line) - len, format, args);
	len += (size_t)more < sizeof(line) - len ? (size_t)more : sizeof(line) - len - 1;
	if (len > 0 && (line[len - 1] == '\n' || len > sizeof(line) / 2)) {
		rig_log(line, len);
		len = 0;
	}
}

/* Compilers call these on their own. */
#undef memcpy
#undef memset
#undef memmove
#undef memcmp
void *
memcpy(void *to, const void *from, size_t len)
{
	void *result = to;

	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
	return (result);
}

void *
memset(void *to, int value, size_t len)
{
	void *result = to;

	__asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(value) : "memory");
	return (result);
}

void *
memmove(void *to, const void *from, size_t len)
{
	char *d = to;
	const char *s = from;

	if (d <= s || d >= s + len)
		return (memcpy(to, from, len));
	while (len-- > 0)
		d[len] = s[len];
	return (to);
}

int
memcmp(const void *a, const void *b, size_t len)
{
	const unsigned char *x = a, *y = b;

	for (; len > 0; len--, x++, y++)
		if (*x != *y)
			return (*x < *y ? -1 : 1);
	return (0);
}
