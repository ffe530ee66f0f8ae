//! The only place that draws random numbers, straight from the operating system.

use std::sync::atomic::{AtomicU64, Ordering};

/// Crockford's base 32, lower case: no `i`, `l`, `o` or `u` that a person could misread on the phone.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The operating system gave no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("no random numbers from the operating system: {0}")]
pub struct RandomError(getrandom::Error);

/// `N` random bytes, for salts and keys.
pub fn bytes<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut drawn = [0; N];
    getrandom::fill(&mut drawn).map_err(RandomError)?;
    Ok(drawn)
}

/// 160 random bits as 32 characters: an id that can't be guessed, for use behind a prefix (`pay_…`).
pub fn id() -> Result<String, RandomError> {
    Ok(base32(&bytes::<20>()?))
}

/// Where a function has its ids from that can't be guessed: the operating system. A simulation, whose histories must repeat themselves,
/// counts them.
#[derive(Debug, Default)]
pub enum Ids {
    /// Drawn: [`id`].
    #[default]
    Drawn,
    /// One after another.
    Counted(AtomicU64),
}

impl Ids {
    /// The next one, of 32 characters.
    pub fn next(&self) -> Result<String, RandomError> {
        match self {
            Self::Drawn => id(),
            Self::Counted(last) => Ok(format!("{:032}", last.fetch_add(1, Ordering::Relaxed))),
        }
    }
}

/// A number below `bound` for jitter; 0 where `bound` is 0. The bias (below 2⁻³²) doesn't matter there.
pub fn below(bound: u32) -> Result<u32, RandomError> {
    let drawn = u128::from(u64::from_le_bytes(bytes::<8>()?));
    Ok(u32::try_from((drawn * u128::from(bound)) >> 64).unwrap_or(0))
}

/// Five bits a character, most significant first; 5 bytes give 8 characters.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut window, mut filled) = (0_u32, 0_u32);
    for byte in bytes {
        window = (window << 8) | u32::from(*byte);
        filled += 8;
        while filled >= 5 {
            filled -= 5;
            text.push(char::from(ALPHABET[((window >> filled) & 31) as usize]));
        }
        window &= (1 << filled) - 1;
    }
    if filled > 0 {
        text.push(char::from(ALPHABET[((window << (5 - filled)) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn base32_is_crockfords() {
        assert_eq!(base32(&[0; 5]), "00000000");
        assert_eq!(base32(&[0xFF; 5]), "zzzzzzzz");
        assert_eq!(base32(&[0x08, 0x42, 0x10, 0x84, 0x21]), "11111111");
        assert_eq!(base32(&[0xFF]), "zw", "the rest is filled with zeros");
    }

    #[test]
    fn an_id_has_32_characters_and_does_not_come_twice() {
        let ids: BTreeSet<String> = (0..1_000).map(|_| id().unwrap()).collect();
        assert_eq!(ids.len(), 1_000);
        assert!(ids.iter().all(|id| id.len() == 32 && id.bytes().all(|c| ALPHABET.contains(&c))));
    }

    #[test]
    fn a_number_stays_below_its_bound() {
        assert_eq!(below(0).unwrap(), 0);
        assert_eq!(below(1).unwrap(), 0);
        let seen: BTreeSet<u32> = (0..1_000).map(|_| below(4).unwrap()).collect();
        assert_eq!(seen, BTreeSet::from([0, 1, 2, 3]));
    }
}
