//! A row by the names of its columns, whatever their order.

use csv::StringRecord;
use jiff::civil::Date;

/// The 33 columns of the standard (공공데이터 제공표준, 주차장정보).
pub const COLUMNS: [&str; 33] = [
    "주차장관리번호",
    "주차장명",
    "주차장구분",
    "주차장유형",
    "소재지도로명주소",
    "소재지지번주소",
    "주차구획수",
    "급지구분",
    "부제시행구분",
    "운영요일",
    "평일운영시작시각",
    "평일운영종료시각",
    "토요일운영시작시각",
    "토요일운영종료시각",
    "공휴일운영시작시각",
    "공휴일운영종료시각",
    "요금정보",
    "주차기본시간",
    "주차기본요금",
    "추가단위시간",
    "추가단위요금",
    "1일주차권요금적용시간",
    "1일주차권요금",
    "월정기권요금",
    "결제방법",
    "특기사항",
    "관리기관명",
    "전화번호",
    "위도",
    "경도",
    "데이터기준일자",
    "제공기관코드",
    "제공기관명",
];

/// Where each column of the standard stands in this file.
#[derive(Debug)]
pub(super) struct Header {
    /// By index into [`COLUMNS`].
    positions: [usize; COLUMNS.len()],
    len: usize,
}

impl Header {
    /// Finds every column; else those that are missing.
    pub(super) fn read(record: &StringRecord) -> Result<Self, Vec<&'static str>> {
        let place = |column: &&'static str| record.iter().position(|name| name.trim() == *column);
        let missing: Vec<&'static str> =
            COLUMNS.iter().filter(|column| place(column).is_none()).copied().collect();
        if !missing.is_empty() {
            return Err(missing);
        }
        Ok(Self { positions: COLUMNS.map(|column| place(&column).unwrap_or(0)), len: record.len() })
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn fits(&self, record: &StringRecord) -> bool {
        record.len() == self.len
    }

    pub(super) fn row<'a>(&'a self, record: &'a StringRecord) -> Row<'a> {
        Row { header: self, record }
    }
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    header: &'a Header,
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    /// A cell without the spaces around it; empty for a column that is none of the standard's.
    pub(super) fn cell(self, column: &str) -> &'a str {
        let index = COLUMNS.iter().position(|name| *name == column);
        index.and_then(|index| self.record.get(self.header.positions[index])).unwrap_or_default().trim()
    }

    /// A cell as text for people: control characters become spaces.
    pub(super) fn text(self, column: &str) -> String {
        let clean: String = self.cell(column).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        clean.trim().to_owned()
    }

    /// A date, `2022-09-16`.
    pub(super) fn date(self, column: &str) -> Option<Date> {
        self.cell(column).parse().ok()
    }

    pub(super) fn has_undecodable(self) -> bool {
        self.record.iter().any(|cell| cell.contains('\u{FFFD}'))
    }
}
