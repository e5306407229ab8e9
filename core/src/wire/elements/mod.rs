// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Information elements (IEEE Std 802.11-2020, 9.4.2): a list of identifier, length, body.

pub mod country;
pub mod ht;
pub mod id;
pub mod rates;
pub mod rsn;
pub mod simple;
pub mod switch;
pub mod tim;
pub mod wmm;

pub use self::{
    country::Country,
    ht::{HtCapability, HtOperation},
    rates::Rates,
    rsn::Rsn,
    simple::{Erp, ExtendedCapabilities},
    switch::ChannelSwitch,
    tim::Tim,
    wmm::{Wmm, WmmInfo},
};

/// One element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Element identifier; see [`id`].
    pub id: u8,
    /// Body, at most 255 bytes.
    pub body: &'a [u8],
}

/// The elements of a list, in order. A tail that is cut off ends it.
#[derive(Clone, Copy, Debug)]
pub struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The elements in `bytes`.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes, with a tail that is cut off.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// The body of the first element with this identifier.
    pub fn body_of(mut self, id: u8) -> Option<&'a [u8]> {
        self.find(|element| element.id == id).map(|element| element.body)
    }

    /// The first vendor element that starts with these bytes (OUI, type, ..): what follows them.
    pub fn find_vendor(mut self, prefix: &[u8]) -> Option<&'a [u8]> {
        self.by_ref()
            .filter(|element| element.id == id::VENDOR)
            .find_map(|element| element.body.strip_prefix(prefix))
    }

    /// Whether the list ends where an element ends.
    pub fn is_well_formed(mut self) -> bool {
        while self.next().is_some() {}
        self.0.is_empty()
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let [id, len, rest @ ..] = self.0 else { return None };
        let (body, rest) = rest.split_at_checked(usize::from(*len))?;
        self.0 = rest;
        Some(Element { id: *id, body })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::vec::Vec;

    use super::*;
    use crate::wire::writer::Writer;

    #[test]
    fn a_cut_off_tail_ends_the_list() {
        let list = Elements::new(&[0, 1, b'a', 3, 1, 6, 5, 4, 0]);
        assert_eq!(list.body_of(3), Some(&[6][..]));
        assert_eq!(list.body_of(5), None);
        assert_eq!(list.count(), 2);
        assert!(!list.is_well_formed());
        assert!(Elements::new(&[0, 0]).is_well_formed());
    }

    #[test]
    fn vendor_elements_are_told_apart() {
        let list = Elements::new(&[221, 4, 0, 0x50, 0xf2, 1, 221, 5, 0, 0x50, 0xf2, 2, 9]);
        assert_eq!(list.find_vendor(&[0, 0x50, 0xf2, 2]), Some(&[9][..]));
        assert_eq!(list.find_vendor(&[0, 0x50, 0xf2, 3]), None);
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(list in prop::collection::vec(
            (any::<u8>(), prop::collection::vec(any::<u8>(), 0..256)), 0..8)) {
            let mut out = [0; 4096];
            let mut writer = Writer::new(&mut out);
            for (id, body) in &list {
                writer.element(*id, body);
            }
            let len = writer.finish().expect("4096 bytes are enough");
            let read: Vec<_> =
                Elements::new(&out[..len]).map(|e| (e.id, e.body.to_vec())).collect();
            prop_assert_eq!(read, list);
        }

        #[test]
        fn no_bytes_make_any_element_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let list = Elements::new(&bytes);
            let _ = list.is_well_formed();
            let _ = Rates::of(list);
            for Element { body, .. } in list {
                parse_all(body);
            }
            parse_all(&bytes);
        }
    }

    fn parse_all(body: &[u8]) {
        let _ = Erp::parse(body);
        let _ = HtCapability::parse(body);
        let _ = HtOperation::parse(body);
        let _ = Rsn::parse(body);
        let _ = Wmm::parse(body);
        let _ = WmmInfo::parse(body);
        let _ = ChannelSwitch::parse(body);
        let _ = ChannelSwitch::parse_extended(body);
        if let Some(country) = Country::parse(body) {
            let _ = country.subbands().count();
        }
        if let Some(tim) = Tim::parse(body) {
            for aid in [0, 1, 7, 8, 2007, u16::MAX] {
                let _ = tim.has(aid);
            }
        }
        let _ = ExtendedCapabilities::new(body).has(62);
    }
}
