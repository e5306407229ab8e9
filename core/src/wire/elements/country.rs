// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! Country (IEEE Std 802.11-2020, 9.4.2.8).

/// Where the access point says that it is, and what is allowed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Country<'a> {
    /// ISO 3166-1 code, then the environment.
    pub code: [u8; 3],
    triplets: &'a [u8],
}

/// Channels with the same limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subband {
    /// Number of the first channel.
    pub first: u8,
    /// How many.
    pub count: u8,
    /// Most power, dBm.
    pub max_dbm: u8,
}

impl<'a> Country<'a> {
    /// Reads the body of an element.
    pub fn parse(body: &'a [u8]) -> Option<Self> {
        let (code, triplets) = body.split_first_chunk()?;
        Some(Self { code: *code, triplets })
    }

    /// The subbands; operating classes among them are left out.
    pub fn subbands(&self) -> impl Iterator<Item = Subband> + 'a {
        self.triplets.chunks_exact(3).filter_map(|triplet| match *triplet {
            [first @ 0..=200, count, max_dbm] => Some(Subband { first, count, max_dbm }),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subbands_are_read_and_padding_is_not() {
        let country = Country::parse(b"DE \x01\x0d\x14\xc9\x51\x00\x00").unwrap();
        assert_eq!(&country.code, b"DE ");
        let subbands: std::vec::Vec<_> = country.subbands().collect();
        assert_eq!(subbands, [Subband { first: 1, count: 13, max_dbm: 20 }]);
    }
}
