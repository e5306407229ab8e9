/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* A kernel's build makes this file; nothing of it is used here. */
