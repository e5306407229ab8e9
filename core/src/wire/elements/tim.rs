// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Traffic indication map (IEEE Std 802.11-2020, 9.4.2.5).

/// For whom the access point holds frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tim<'a> {
    /// Beacons until the next one after which group frames are sent; 0 is this one.
    pub dtim_count: u8,
    /// Beacons from one of these to the next, at least 1.
    pub dtim_period: u8,
    /// Bit 0: group frames wait. Above: where the bitmap starts, in units of 16 stations.
    control: u8,
    bitmap: &'a [u8],
}

impl<'a> Tim<'a> {
    /// Reads the body of an element.
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let [dtim_count, dtim_period, control, bitmap @ ..] = body else { return None };
        (*dtim_period > 0).then_some(Self {
            dtim_count: *dtim_count,
            dtim_period: *dtim_period,
            control: *control,
            bitmap,
        })
    }

    /// Whether group frames wait.
    pub const fn has_group(self) -> bool {
        self.control & 1 != 0
    }

    /// Whether frames wait for the station with this association id.
    pub fn has(self, aid: u16) -> bool {
        let first = usize::from(self.control & 0xfe);
        let byte = usize::from(aid / 8).checked_sub(first).and_then(|at| self.bitmap.get(at));
        byte.is_some_and(|byte| byte >> (aid % 8) & 1 != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bitmap_starts_where_its_control_says() {
        let tim = Tim::parse(&[0, 3, 0x03, 0x00, 0x20]).unwrap();
        assert!(tim.has_group());
        assert_eq!((tim.dtim_count, tim.dtim_period), (0, 3));
        // Two bytes are left out, and the fourth byte holds stations 24 to 31.
        assert!(tim.has(29) && !tim.has(28) && !tim.has(5) && !tim.has(2007));
        assert_eq!(Tim::parse(&[0, 0, 0]), None);
    }
}
