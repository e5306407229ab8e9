// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Finds what this machine lacks and installs it.
