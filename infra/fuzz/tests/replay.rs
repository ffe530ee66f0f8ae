//! The seeds, and each of them spoilt in many ways, through the very functions that libFuzzer calls.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where it stands")]

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use baro_fuzz::{TARGETS, root, seeds};

/// So often each seed is spoilt, and at most so many bytes of it are taken: a debug build must be done in seconds.
const SPOILT: u64 = 24;
const MAX_SEED: usize = 6_000;

/// A small generator: the same numbers at every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound.max(1)).unwrap()).unwrap()
    }
}

/// Words at which parsers stumble.
const WORDS: [&[u8]; 14] = [
    b"\"",
    b"{",
    b"]",
    b"null",
    b"-1",
    b"1e999",
    b"99999999999999999999",
    b"\n",
    b"\0",
    b"\xFF\xFE",
    b"--x\r\n",
    b"<!DOCTYPE a>",
    b"&#x0;",
    "\u{1100}\u{1161}".as_bytes(),
];

fn spoil(seed: &[u8], draw: &mut Draw) -> Vec<u8> {
    let mut bytes = seed[..seed.len().min(MAX_SEED)].to_vec();
    for _ in 0..=draw.below(4) {
        let (from, to) = (draw.below(bytes.len()), draw.below(bytes.len()));
        match draw.below(6) {
            0 => bytes.truncate(from),
            1 => bytes = [&bytes[..from], WORDS[draw.below(WORDS.len())], &bytes[from..]].concat(),
            2 => bytes = [&bytes[..from], &bytes[to..]].concat(),
            3 => drop(bytes.get_mut(from).map(|byte| *byte = byte.wrapping_add(1))),
            4 => drop(bytes.get_mut(from).map(|byte| *byte ^= 0x80)),
            _ => bytes = [&bytes[..to.max(from)], &bytes[from.min(to)..]].concat(),
        }
    }
    bytes
}

#[test]
fn no_seed_and_no_spoilt_seed_breaks_a_promise_of_its_parser() {
    for target in TARGETS {
        let seeds = seeds::of(target.name).unwrap();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for (name, seed) in seeds {
            (target.run)(&seed);
            for number in 1..=SPOILT {
                let spoilt = spoil(&seed, &mut Draw(0x9E37_79B9_7F4A_7C15 ^ number));
                let outcome = catch_unwind(|| (target.run)(&spoilt));
                assert!(outcome.is_ok(), "{} breaks at {name}, spoilt {number}: {spoilt:?}", target.name);
            }
        }
    }
}

#[test]
fn libfuzzer_has_one_binary_for_each_target() {
    let manifest = std::fs::read_to_string(root().join("infra/fuzz/libfuzzer/Cargo.toml")).unwrap();
    let bins: BTreeSet<&str> = manifest
        .split("[[bin]]")
        .skip(1)
        .map(|bin| bin.split("name = \"").nth(1).unwrap().split('"').next().unwrap())
        .collect();
    assert_eq!(bins, TARGETS.iter().map(|target| target.name).collect());
}

#[test]
fn every_vendor_with_samples_is_a_target() {
    let folders = std::fs::read_dir(root().join("events/gates")).unwrap().map(|entry| entry.unwrap());
    for folder in folders.filter(|entry| entry.file_type().unwrap().is_dir()) {
        let name = folder.file_name();
        assert!(TARGETS.iter().any(|target| *target.name == *name), "{} is no target", name.display());
    }
}
