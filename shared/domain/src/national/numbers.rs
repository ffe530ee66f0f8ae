//! Figures as people typed them into the file.

use super::remark::{RemarkCode, Remarks};
use super::row::Row;

/// A figure of the file can't be larger: a fee of a billion won is a slip.
const MOST: i64 = 999_999_999;

/// A whole number: `300`, `1,000`, `300원`, `10.0`; `None` when there is none.
pub(super) fn whole(text: &str) -> Option<i64> {
    tenths(text).filter(|tenths| tenths % 10 == 0).map(|tenths| tenths / 10)
}

/// A number with at most one decimal, in tenths: `3.5` is 35.
pub(super) fn tenths(text: &str) -> Option<i64> {
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, ',' | '원' | '분' | '시' | '간') && !c.is_whitespace())
        .collect();
    let (whole, decimals) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = |text: &str| text.bytes().all(|c| c.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(decimals) || whole.len() > 12 {
        return None;
    }
    // Decimals beyond the first must be zero: no figure of the file has more.
    if decimals.bytes().skip(1).any(|c| c != b'0') {
        return None;
    }
    let tenth = decimals.bytes().next().map_or(0, |c| i64::from(c - b'0'));
    whole.parse::<i64>().ok().filter(|whole| *whole <= MOST).map(|whole| whole * 10 + tenth)
}

/// A figure of the row; zero and blank are both "none", as the file uses them.
pub(super) fn figure(row: Row<'_>, column: &str, remarks: &mut Remarks) -> Option<i64> {
    let cell = row.cell(column);
    if cell.is_empty() {
        return None;
    }
    let value = whole(cell);
    if value.is_none() {
        let shown: String = cell.chars().take(20).collect();
        remarks.add(RemarkCode::NumberUnreadable, format!("{column} {shown:?}을(를) 읽을 수 없습니다"));
    }
    value.filter(|value| *value > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_as_people_type_them() {
        assert_eq!(whole("300"), Some(300));
        assert_eq!(whole("1,000원"), Some(1_000));
        assert_eq!(whole("10.0"), Some(10));
        assert_eq!(whole("3.5"), None);
        assert_eq!(tenths("3.5"), Some(35));
        for none in ["", "-300", "무료", "1e9", "9999999999", "3.55", "."] {
            assert_eq!(whole(none), None, "{none}");
        }
    }
}
