//! The national standard file of car parks (전국주차장정보표준데이터): each row to a lot and its tariff, or to a reason why
//! not. Nothing is dropped in silence: what had to be guessed, corrected or left out is a [`Remark`].
//!
//! What the file can't say is decided in the driver's favour and remarked. Storing lots is not done here.

mod fees;
mod hours;
mod notes;
mod numbers;
mod place;
mod remark;
mod row;

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;
use serde::Serialize;

pub use notes::{DiscountProposal, propose_discounts};
pub use remark::{Remark, RemarkCode};
pub use row::COLUMNS;

use crate::lot::{LongStay, LotRules};
use crate::occupancy::OccupancyRules;
use crate::tariff::{PassKind, Tariff};
use crate::{Lot, LotId, OperatorId};
use row::{Header, Row};

/// The zone of every lot in the file.
const ZONE: &str = "Asia/Seoul";
/// More rows than the whole country has (about 20,000): beyond it the file is something else.
const MAX_ROWS: usize = 200_000;

/// A row that became a lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NationalLot {
    /// The lot; its remarks repeat those below in Korean.
    pub lot: Lot,
    /// What it charges.
    pub tariff: Tariff,
    /// What was guessed, corrected or left out.
    pub remarks: Vec<Remark>,
    /// 주차장관리번호, as published; not unique.
    pub management_number: String,
    /// 주차장구분: 공영 or 민영.
    pub ownership: String,
    /// 주차장유형: 노상, 노외, 부설.
    pub structure: String,
    /// 관리기관명.
    pub managed_by: String,
    /// 전화번호.
    pub phone: String,
    /// 결제방법, as published.
    pub payment: String,
    /// 특기사항, as published.
    pub notes: String,
    /// Discounts read out of it, for a person to review. None of them is in the tariff.
    pub proposals: Vec<DiscountProposal>,
    /// 데이터기준일자.
    pub as_of: Option<Date>,
    /// 제공기관코드.
    pub provider_code: String,
    /// 제공기관명.
    pub provider_name: String,
}

/// Why a row became no lot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{name}: {reason}")]
pub struct RowRefused {
    /// Stable code.
    pub code: RefusalCode,
    /// Name of the lot as far as it could be read.
    pub name: String,
    /// Korean, for the operator.
    pub reason: String,
}

/// Reasons to refuse a row. The names are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalCode {
    /// Not as many columns as the header.
    WrongColumnCount,
    /// No name.
    NameMissing,
    /// No provider code.
    ProviderMissing,
    /// The same provider, number and name as an earlier row.
    Duplicate,
    /// Neither free nor paid, and no price.
    NoFeeInformation,
    /// Paid, and no price of any kind.
    PaidWithoutPrice,
    /// A price without the time it is for.
    PriceWithoutTime,
    /// What the row says makes no tariff.
    TariffInvalid,
}

/// Why a file is not one of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileRefused {
    /// The first line does not name the columns.
    #[error("the header lacks the columns {}", .0.join(", "))]
    MissingColumns(Vec<&'static str>),
    /// Longer than any such file.
    #[error("the file has more than {MAX_ROWS} rows")]
    TooManyRows,
}

/// The text of a file in CP949 (as data.go.kr gives it) or UTF-8, with or without a byte order mark. Bytes that are
/// neither become U+FFFD, which the row's remarks then tell.
pub fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        // The WHATWG label "euc-kr" is windows-949, that is CP949 with its extensions.
        Err(_) => encoding_rs::EUC_KR.decode_without_bom_handling(body).0,
    }
}

/// Reads a file: each data row's number (1 = the first after the header) and what became of it.
pub fn read(
    bytes: &[u8],
) -> Result<impl Iterator<Item = (usize, Result<NationalLot, RowRefused>)>, FileRefused> {
    let text = decode(bytes);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    let first = records.next().and_then(Result::ok).unwrap_or_default();
    let header = Header::read(&first).map_err(FileRefused::MissingColumns)?;
    let mut outcomes = Vec::new();
    let mut seen = HashMap::new();
    for (index, record) in records.enumerate() {
        if index >= MAX_ROWS {
            return Err(FileRefused::TooManyRows);
        }
        let number = index + 1;
        // The text is valid UTF-8 and rows may be of any length, so a record can't fail; were it to, it is told.
        let outcome = match record {
            Ok(record) if header.fits(&record) => take(&header.row(&record), number, &mut seen),
            Ok(record) => Err(RowRefused {
                code: RefusalCode::WrongColumnCount,
                name: record.get(1).unwrap_or_default().to_owned(),
                reason: format!("열이 {}개인데 머리글은 {}개입니다", record.len(), header.len()),
            }),
            Err(error) => Err(RowRefused {
                code: RefusalCode::WrongColumnCount,
                name: String::new(),
                reason: format!("읽을 수 없는 줄입니다: {error}"),
            }),
        };
        outcomes.push((number, outcome));
    }
    Ok(outcomes.into_iter())
}

/// What tells lots apart: the management number alone does not.
type Key = (String, String, String);

fn take(row: &Row<'_>, number: usize, seen: &mut HashMap<Key, usize>) -> Result<NationalLot, RowRefused> {
    let name = row.text("주차장명");
    let refuse = |code, reason: String| RowRefused { code, name: name.clone(), reason };
    if name.is_empty() {
        return Err(refuse(RefusalCode::NameMissing, "주차장명이 없습니다".into()));
    }
    let provider_code = row.text("제공기관코드");
    if provider_code.is_empty() {
        return Err(refuse(RefusalCode::ProviderMissing, "제공기관코드가 없습니다".into()));
    }
    let management_number = row.text("주차장관리번호");
    let key = (provider_code.clone(), management_number.clone(), name.clone());
    if let Some(first) = seen.get(&key) {
        return Err(refuse(RefusalCode::Duplicate, format!("{first}번째 행과 같은 주차장입니다")));
    }
    seen.insert(key, number);

    let mut remarks = remark::Remarks::default();
    if management_number.is_empty() {
        remarks.add(RemarkCode::ManagementNumberMissing, "주차장관리번호가 없습니다");
    }
    if row.has_undecodable() {
        remarks.add(RemarkCode::UndecodableCharacters, "읽을 수 없는 글자가 있습니다");
    }
    let parts = [provider_code.as_str(), management_number.as_str(), name.as_str()];
    let tariff_id = format!("trf_{}", crate::ids::digest(&parts));
    let (position, address, capacity) = place::read(row, &mut remarks);
    let tariff =
        fees::tariff(row, &tariff_id, &name, &mut remarks).map_err(|(code, reason)| refuse(code, reason))?;
    let notes = row.text("특기사항");
    let proposals = propose_discounts(&notes);
    if !proposals.is_empty() {
        let text =
            format!("특기사항에서 할인 {}건을 찾았습니다: 검토 전에는 적용하지 않습니다", proposals.len());
        remarks.add(RemarkCode::DiscountsProposed, text);
    }
    let remarks = remarks.into_vec();
    let operator = OperatorId::parse(format!("opr_{provider_code}"))
        .unwrap_or_else(|_| OperatorId::derive(&[&provider_code]));
    let lot = Lot {
        id: LotId::derive(&parts),
        name,
        operator,
        address,
        position,
        capacity,
        time_zone: ZONE.to_owned(),
        rules: rules(&tariff),
        controller: None,
        occupancy: OccupancyRules::default(),
        remarks: remarks.iter().map(|remark| remark.text_ko.clone()).collect(),
    };
    Ok(NationalLot {
        lot,
        tariff,
        remarks,
        management_number,
        ownership: row.text("주차장구분"),
        structure: row.text("주차장유형"),
        managed_by: row.text("관리기관명"),
        phone: row.text("전화번호"),
        payment: row.text("결제방법"),
        notes,
        proposals,
        as_of: row.date("데이터기준일자"),
        provider_code,
        provider_name: row.text("제공기관명"),
    })
}

/// Where nobody parks by the month, a car that stays for days is an odd one.
fn rules(tariff: &Tariff) -> LotRules {
    let is_monthly = tariff.spec().passes.iter().any(|offer| offer.kind == PassKind::CalendarMonth);
    LotRules { long_stay: (!is_monthly).then_some(LongStay::OF_A_DAY), ..LotRules::default() }
}

#[cfg(test)]
mod tests;
