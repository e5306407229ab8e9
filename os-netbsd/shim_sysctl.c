/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* sysctl(7): hw.tern0.counters, hw.tern0.events and hw.tern0.registers, as text. */
#include "shim.h"

#define TEXT_MAX	(32 * 1024)

struct sink {
	char *text;
	size_t len;
};

void
shim_show(void *sink, const uint8_t *text, size_t len)
{
	struct sink *to = sink;
	size_t room = TEXT_MAX - 1 - to->len;

	if (len > room)
		len = room;
	memcpy(to->text + to->len, text, len);
	to->len += len;
}

static int
show(SYSCTLFN_ARGS, uint32_t what)
{
	struct sysctlnode node = *rnode;
	struct tern_dev *dev = node.sysctl_data;
	struct sink sink = { shim_alloc(TEXT_MAX), 0 };
	int error;

	tern_show(dev->rust, what, &sink);
	node.sysctl_data = sink.text;
	node.sysctl_size = sink.len + 1;
	error = sysctl_lookup(SYSCTLFN_CALL(&node));
	shim_free(sink.text);
	return error;
}

static int
show_counters(SYSCTLFN_ARGS)
{
	return show(SYSCTLFN_CALL(rnode), 0);
}

static int
show_events(SYSCTLFN_ARGS)
{
	return show(SYSCTLFN_CALL(rnode), 1);
}

static int
show_registers(SYSCTLFN_ARGS)
{
	return show(SYSCTLFN_CALL(rnode), 2);
}

/* Without them the device works as well: errors leave them out. sysctl_teardown removes them. */
void
shim_sysctl_add(struct tern_dev *dev)
{
	const struct sysctlnode *node;

	if (sysctl_createv(&dev->log, 0, NULL, &node, 0, CTLTYPE_NODE, device_xname(dev->self), NULL, NULL, 0,
	    NULL, 0, CTL_HW, CTL_CREATE, CTL_EOL) != 0)
		return;
	sysctl_createv(&dev->log, 0, &node, NULL, CTLFLAG_READONLY, CTLTYPE_STRING, "counters", NULL,
	    show_counters, 0, (void *)dev, 0, CTL_CREATE, CTL_EOL);
	sysctl_createv(&dev->log, 0, &node, NULL, CTLFLAG_READONLY, CTLTYPE_STRING, "events", NULL,
	    show_events, 0, (void *)dev, 0, CTL_CREATE, CTL_EOL);
	sysctl_createv(&dev->log, 0, &node, NULL, CTLFLAG_READONLY, CTLTYPE_STRING, "registers", NULL,
	    show_registers, 0, (void *)dev, 0, CTL_CREATE, CTL_EOL);
}
