//! Bodies of gates' reports, made small enough to lie in the item beside what was read from them: they are paid for in every
//! write and for as long as the facts are kept.
//!
//! Reports of one vendor differ in a plate and a time. A dictionary of what they share leaves little more than that: a Nexpa report of 276
//! bytes takes 71 instead of 174, one of Hikvision (1,083) 111 instead of 500.

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress, create_comp_flags_from_zip_params,
};
use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// What a report may share with those before it. Never changed: bodies on file need it. A better one gets a mark of its own.
const DICTIONARY: &[u8] = include_bytes!("raw_dictionary_1.txt");
/// Stands before a body that needs [`DICTIONARY`]. No deflate stream begins so: its lowest three bits would be a block of the reserved kind.
const MARK: u8 = 0b0000_0111;
/// As good as the slower ones for bodies of this size.
const LEVEL: i32 = 6;
/// The longest body that is inflated.
const MAX_BODY_BYTES: usize = 1 << 20;

/// The body, deflated after the dictionary; without it, if that comes to no more.
pub(crate) fn deflate(body: &[u8]) -> Vec<u8> {
    let plain = || miniz_oxide::deflate::compress_to_vec(body, 8);
    after_dictionary(body).unwrap_or_else(plain)
}

/// What follows the dictionary in a stream that began with it. It starts at a full byte, since the part before ends with a flush.
fn after_dictionary(body: &[u8]) -> Option<Vec<u8>> {
    // A negative window means no zlib header.
    let mut stream = CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, -15, 0));
    let mut before = vec![0; DICTIONARY.len() + 64];
    let (status, taken, _) = compress(&mut stream, DICTIONARY, &mut before, TDEFLFlush::Sync);
    if status != TDEFLStatus::Okay || taken != DICTIONARY.len() {
        return None;
    }
    let mut out = vec![0; body.len() + 64];
    let (status, _, written) = compress(&mut stream, body, out.get_mut(1..)?, TDEFLFlush::Finish);
    if status != TDEFLStatus::Done {
        return None;
    }
    *out.first_mut()? = MARK;
    out.truncate(written + 1);
    Some(out)
}

/// The body again; `None` if these are not the bytes of one.
pub(crate) fn inflate(deflated: &[u8]) -> Option<Vec<u8>> {
    let Some(rest) = deflated.strip_prefix(&[MARK]) else {
        return decompress_to_vec_with_limit(deflated, MAX_BODY_BYTES).ok();
    };
    // To the stream the dictionary is a block that was stored as it is: kind 0 and not the last, length, its complement.
    let length = u16::try_from(DICTIONARY.len()).ok()?;
    let mut stream = vec![0];
    stream.extend(length.to_le_bytes());
    stream.extend((!length).to_le_bytes());
    stream.extend_from_slice(DICTIONARY);
    stream.extend_from_slice(rest);
    let mut body = decompress_to_vec_with_limit(&stream, DICTIONARY.len() + MAX_BODY_BYTES).ok()?;
    body.drain(..DICTIONARY.len());
    Some(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/../../events/gates/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn a_report_takes_little_more_than_what_it_says() {
        for (name, most) in [("nexpa/incar.json", 90), ("hikvision/anpr.xml", 140), ("iso/exit.json", 100)] {
            let body = sample(name);
            let small = deflate(&body);
            assert!(small.len() <= most, "{name}: {}", small.len());
            assert_eq!(inflate(&small).unwrap(), body, "{name}");
        }
    }

    #[test]
    fn any_body_comes_back_as_it_was() {
        // Middle bytes of a linear congruence: nothing that deflate finds twice.
        let next = |n: &u32| Some(n.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let noise: Vec<u8> =
            std::iter::successors(Some(7), next).take(9_000).map(|n| n.to_be_bytes()[1]).collect();
        for body in [&b""[..], b"{", "번호 12가3458".as_bytes(), DICTIONARY, &noise] {
            assert_eq!(inflate(&deflate(body)).as_deref(), Some(body));
        }
    }

    #[test]
    fn bodies_on_file_from_before_the_dictionary_are_read() {
        let body = sample("nexpa/incar.json");
        assert_eq!(inflate(&miniz_oxide::deflate::compress_to_vec(&body, 8)).unwrap(), body);
    }

    #[test]
    fn what_is_no_body_is_none() {
        assert_eq!(inflate(&[MARK]), None);
        assert_eq!(inflate(&[MARK, 0xff]), None);
        assert_eq!(inflate(b"\x07 damaged"), None);
    }

    #[test]
    fn bodies_written_with_the_first_dictionary_are_read_for_ever() {
        let on_file = [
            7, 181, 208, 187, 13, 128, 48, 16, 4, 209, 142, 96, 103, 109, 31, 80, 13, 173, 80, 18, 117, 81,
            5, 72, 214, 101, 124, 34, 242, 209, 4, 239, 71, 10, 124, 236, 91, 169, 45, 110, 77, 44, 7, 88,
            212, 34, 181, 111, 19, 222, 76, 88, 60, 16, 243, 101, 226, 110, 146, 247, 177, 239, 87, 30, 76,
            178, 147, 96, 74, 147, 19,
        ];
        assert_eq!(inflate(&on_file).unwrap(), sample("nexpa/incar.json"));
    }
}
