// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! When the stick is pulled: phases and transfer counts drawn from a seed.

/// How many times the stick is pulled.
const MOMENTS: usize = 20;

/// How many times the module is loaded and unloaded with the stick in.
pub(super) const LOAD_ROUNDS: u32 = 50;

/// The phases and how many USB transfers Tern makes in each on the emulated chips, about: the stick
/// is pulled after a count below this, within the phase (or right after it). Other drivers make
/// more.
const PHASES: [(&str, u64); 5] =
    [("attach", 190), ("up", 1250), ("scan", 18), ("join", 34), ("traffic", 20)];

/// The moments as the guest's script reads them: `phase:count` words.
pub(super) fn moments(seed: u64) -> String {
    let mut state = seed;
    let mut words = Vec::with_capacity(MOMENTS);
    for index in 0..MOMENTS {
        // Every phase has its turn; the count is by chance.
        let (phase, most) = PHASES[index % PHASES.len()];
        words.push(format!("{phase}:{}", 1 + next(&mut state) % most));
    }
    words.join(" ")
}

/// The next number of splitmix64 (Steele, Lea, Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::{MOMENTS, PHASES, moments};

    #[test]
    fn moments_are_a_function_of_the_seed() {
        assert_eq!(moments(7), moments(7));
        assert_ne!(moments(7), moments(8));
        assert_eq!(moments(1).split(' ').count(), MOMENTS);
        for (phase, most) in PHASES {
            let counts = moments(3);
            let mut of_phase = counts.split(' ').filter_map(|word| word.strip_prefix(phase));
            assert!(of_phase.all(|count| (1..=most).contains(&count[1..].parse().unwrap())));
        }
    }
}
