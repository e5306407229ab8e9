// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* What only C can say: module glue, macros and members of the kernel's structures. */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/kernel.h>

int tern_init(void);
void tern_exit(void);
void tern_shim_panic(const char *file, int file_len, int line);

/* Returns in its type; see panic.rs. */
void tern_shim_panic(const char *file, int file_len, int line)
{
	panic("tern: panic at %.*s:%d", file_len, file, line);
}

static int __init tern_module_init(void)
{
	pr_info("tern: loaded\n");
	return tern_init();
}

static void __exit tern_module_exit(void)
{
	tern_exit();
	pr_info("tern: unloaded\n");
}

module_init(tern_module_init);
module_exit(tern_module_exit);
MODULE_LICENSE("Dual BSD/GPL");
MODULE_AUTHOR("Tern contributors");
MODULE_DESCRIPTION("Tern: Realtek rtwn Wi-Fi");
