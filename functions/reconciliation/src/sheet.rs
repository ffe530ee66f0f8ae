//! A day's report as people open it: a row for each finding, an empty one, the sums.

use baro_domain::reconcile::{DayReport, Figures, FindingKind, ReportedFinding, Severity};
use baro_sheets::{Cell, Sheet};
use jiff::Timestamp;

const COLUMNS: [&str; 14] = [
    "결제번호 (payment)",
    "구분 (finding)",
    "처리 (state)",
    "PG 승인 (taken there)",
    "PG 취소 (given back there)",
    "당사 승인 (taken here)",
    "당사 취소 (given back here)",
    "차변 제안 (debit)",
    "대변 제안 (credit)",
    "금액 제안 (won)",
    "사유 (why)",
    "최초 발견 (first seen)",
    "조회 요청 (asked)",
    "해소 (healed)",
];

fn kind(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::MissingHere => "당사 누락 (missing here)",
        FindingKind::MissingThere => "PG 누락 (missing there)",
        FindingKind::AmountDiffers => "금액 불일치 (amount differs)",
        FindingKind::StateDiffers => "상태 불일치 (state differs)",
        FindingKind::PostedTwice => "중복 분개 (posted twice)",
        FindingKind::NotPosted => "분개 누락 (not posted)",
        FindingKind::RefundUnknownHere => "미반영 환불 (refund unknown here)",
    }
}

fn state(one: &ReportedFinding) -> &'static str {
    match one.finding.severity {
        _ if !one.is_open() => "해소됨 (healed)",
        Severity::Heals => "자동 조회 중 (healing)",
        Severity::Person => "담당자 확인 (for a person)",
    }
}

fn figures(side: Option<&Figures>) -> [Cell; 2] {
    side.map_or([Cell::Empty, Cell::Empty], |side| [side.captured.into(), side.returned.into()])
}

fn moment(at: Option<Timestamp>) -> Cell {
    at.map_or(Cell::Empty, |at| at.to_string().into())
}

fn row(one: &ReportedFinding) -> Vec<Cell> {
    let finding = &one.finding;
    let proposal = finding.proposal.as_ref().map_or([Cell::Empty, Cell::Empty, Cell::Empty], |proposal| {
        [proposal.debit.as_str().into(), proposal.credit.as_str().into(), proposal.amount.into()]
    });
    let mut row = vec![finding.payment.as_str().into(), kind(finding.kind).into(), state(one).into()];
    row.extend(figures(finding.theirs.as_ref()));
    row.extend(figures(finding.ours.as_ref()));
    row.extend(proposal);
    row.push(finding.why.as_str().into());
    row.extend([moment(Some(one.first_seen_at)), moment(one.hinted_at), moment(one.healed_at)]);
    row
}

/// The report's table.
pub(crate) fn sheet(report: &DayReport) -> Sheet<'static> {
    let totals = [
        ("PG 순액 (gateway, net)", report.totals.gateway),
        ("당사 순액 (ours, net)", report.totals.ours),
        ("차액 (difference)", report.totals.difference),
        ("당일 1110 pg-clearing (the day's journal)", report.totals.clearing),
    ];
    let totals = totals
        .map(|(name, amount)| vec![Cell::Strong(name.to_owned()), Cell::Empty, Cell::Empty, amount.into()]);
    Sheet {
        name: "대사",
        title: format!("PG 대사 {} ({})", report.day, report.ran_at),
        columns: &COLUMNS,
        rows: report.findings.iter().map(row).chain([Vec::new()]).chain(totals).collect(),
    }
}
