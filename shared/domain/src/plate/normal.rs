//! The normal form of a plate's text: what keys, comparisons and the grammar work on.

use unicode_normalization::UnicodeNormalization;

/// The most characters of an unrecognised text that are kept. The longest documented plate has ten; a reader that
/// sends a sentence must not make a key of it.
pub const MAX_PLATE_CHARS: usize = 32;

/// NFC, without separators and invisible characters, full-width ASCII as ASCII, Latin in upper case, at most
/// [`MAX_PLATE_CHARS`]. Normalising twice changes nothing.
pub(super) fn normalise(text: &str) -> String {
    // Separators go first: they may stand between the jamo of one syllable, which NFC then joins.
    text.chars()
        .filter(|c| !is_separator(*c))
        .map(to_half_width)
        .nfc()
        .map(|c| c.to_ascii_uppercase())
        .take(MAX_PLATE_CHARS)
        .collect()
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c,
            '-' | '\u{FF0D}' | '\u{FE58}' | '\u{FE63}'          // hyphen; full-width, small dashes
            | '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}'  // hyphens and dashes, hyphen bullet, minus
            | '\u{30FC}' | '\u{FF70}' | '\u{3161}'               // long-vowel marks, jamo EU typed for a dash
            | '\u{00AD}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' // invisible
            | '\u{3164}' | '\u{FFA0}' | '\u{2800}') // blanks that Unicode does not call white space
}

/// Full-width forms U+FF01–U+FF5E lie 0xFEE0 above ASCII.
fn to_half_width(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        other => other,
    }
}
