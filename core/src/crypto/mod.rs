// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Ciphers of IEEE Std 802.11, on frames that lie in memory as they go over the air.

mod ccm;
pub mod ccmp;
