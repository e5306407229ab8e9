// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* /sys/kernel/debug/tern: live counters of the module, counters and events of each device. */
#include <linux/debugfs.h>
#include <linux/module.h>

#include "shim.h"

struct dentry *shim_debugfs_root;

static const char *const live_names[TERN_LIVE_COUNT] = {
	"allocations", "packets", "transfers", "threads",
};

static int live_show(struct seq_file *out, void *unused)
{
	u32 i;

	for (i = 0; i < TERN_LIVE_COUNT; i++)
		seq_printf(out, "%s %d\n", live_names[i], shim_live_value(i));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(live);

static int counters_show(struct seq_file *out, void *unused)
{
	struct tern_dev *dev = out->private;

	tern_show(dev->rust, out, false);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int events_show(struct seq_file *out, void *unused)
{
	struct tern_dev *dev = out->private;

	tern_show(dev->rust, out, true);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(events);

void shim_seq_write(struct seq_file *out, const u8 *text, size_t len)
{
	seq_write(out, text, len);
}

void shim_debugfs_add(struct tern_dev *dev)
{
	dev->debugfs = debugfs_create_dir(wiphy_name(dev->wiphy), shim_debugfs_root);
	debugfs_create_file("counters", 0400, dev->debugfs, dev, &counters_fops);
	debugfs_create_file("events", 0400, dev->debugfs, dev, &events_fops);
}

void shim_debugfs_init(void)
{
	shim_debugfs_root = debugfs_create_dir("tern", NULL);
	debugfs_create_file("live", 0400, shim_debugfs_root, NULL, &live_fops);
}

void shim_debugfs_exit(void)
{
	debugfs_remove_recursive(shim_debugfs_root);
}
