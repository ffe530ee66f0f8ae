//! The tariff workbench from the shell: quotes and checks tariff files. Nothing here decides: it reads arguments, asks
//! `baro_domain::workbench` and prints.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use baro_domain::Won;
use baro_domain::tariff::{
    ApdsExport, DiscountClaim, DiscountOutcome, Evidence, HeldPass, PassOffer, Problem, VehicleClass,
};
use baro_domain::workbench::{
    CheckAnswer, DEFAULT_ZONE, QuoteAnswer, QuoteRequest, WorkbenchError, check, tariff_of,
};
use clap::Args;
use jiff::civil::DateTime;
use jiff::{Timestamp, tz::TimeZone};
use serde::de::{DeserializeOwned, IntoDeserializer, value};

use crate::play::table::grid;

/// What to price.
#[derive(Debug, Clone, Args)]
pub struct QuoteArgs {
    /// The tariff file (events/tariffs has examples).
    #[arg(long)]
    pub tariff: PathBuf,
    /// When the car came: 2026-11-20T09:00, in the zone, or with an offset.
    #[arg(long, value_name = "TIME")]
    pub enter: String,
    /// When it left.
    #[arg(long, value_name = "TIME")]
    pub leave: String,
    /// IANA zone the tariff is read in.
    #[arg(long, default_value = DEFAULT_ZONE)]
    pub zone: String,
    /// car, compact, van, bus, truck or motorcycle.
    #[arg(long, default_value = "car", value_name = "CLASS")]
    pub vehicle: String,
    /// A discount that is claimed, with what proves it: registry, document, operator, declared or merchant.
    #[arg(long, value_name = "CODE[:EVIDENCE]")]
    pub discount: Vec<String>,
    /// A pass that is held, valid from a time; without an end, as long as the offer says.
    #[arg(long, value_name = "OFFER@FROM[..UNTIL]")]
    pub pass: Vec<String>,
    /// Print the quote as JSON.
    #[arg(long)]
    pub json: bool,
}

/// What to check.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Tariff files.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Print the tariff in the words of APDS (ISO/TS 5206-1) too.
    #[arg(long)]
    pub apds: bool,
}

/// Prints a quote.
pub fn quote(args: &QuoteArgs) -> Result<()> {
    let file = read(&args.tariff)?;
    let tariff = tariff_of(&file).map_err(|error| faulty(&args.tariff, error))?;
    let zone = TimeZone::get(&args.zone).map_err(|_| WorkbenchError::UnknownZone(args.zone.clone()))?;
    let (entered, left) = (time("--enter", &args.enter, &zone)?, time("--leave", &args.leave, &zone)?);
    let passes: Vec<HeldPass> =
        args.pass.iter().map(|text| pass(text, &tariff.spec().passes, &zone)).collect::<Result<_>>()?;
    let request = QuoteRequest {
        time_zone: args.zone.clone(),
        vehicle: named::<VehicleClass>("--vehicle", &args.vehicle)?,
        discounts: args.discount.iter().map(|text| claim(text)).collect::<Result<_>>()?,
        passes,
        ..QuoteRequest::new(tariff.spec().clone(), entered, left)
    };
    let answer = request.answer()?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&answer)?);
    } else {
        print_quote(&tariff.spec().name, &answer);
    }
    Ok(())
}

/// Prints what is found in each file; answers whether all of them can be used.
pub fn check_files(args: &CheckArgs) -> Result<bool> {
    let mut all_good = true;
    for file in &args.files {
        match check(&read(file)?, args.apds) {
            Ok(answer) => {
                all_good &= answer.ok;
                print_check(file, &answer);
                if let Some(apds) = &answer.apds {
                    print_apds(apds)?;
                }
            }
            Err(error) => {
                all_good = false;
                println!("{}: ✗ {error}", file.display());
            }
        }
    }
    Ok(all_good)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| format!("{} can't be read", file.display()))
}

/// Each fault of a tariff file on a line of its own.
fn faulty(file: &Path, error: WorkbenchError) -> anyhow::Error {
    match error {
        WorkbenchError::Tariff(problems) => {
            let lines: Vec<String> = problems.iter().map(fault).collect();
            anyhow!("{} is no tariff:\n{}", file.display(), lines.join("\n"))
        }
        other => anyhow!("{}: {other}", file.display()),
    }
}

fn fault(problem: &Problem) -> String {
    format!("  {}: {}", problem.path, problem.message)
}

/// A time with an offset, or one of the zone's clock.
fn time(option: &str, text: &str, zone: &TimeZone) -> Result<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let local: DateTime = text.parse().map_err(|_| {
        anyhow!("{option} {text:?} is no time: write 2026-11-20T09:00, or 2026-11-20T09:00:00+09:00")
    })?;
    zone.to_timestamp(local).with_context(|| format!("{option} {text:?} is not on the zone's clock"))
}

/// One of the names that an enumeration has in JSON; another is refused with the names there are.
fn named<T: DeserializeOwned>(option: &str, text: &str) -> Result<T> {
    let source: value::StrDeserializer<'_, value::Error> = text.into_deserializer();
    T::deserialize(source).map_err(|error| anyhow!("{option}: {error}"))
}

fn claim(text: &str) -> Result<DiscountClaim> {
    let (code, evidence) = text.split_once(':').map_or((text, None), |(code, proof)| (code, Some(proof)));
    let evidence = evidence.map(|proof| named::<Evidence>("--discount", proof)).transpose()?;
    Ok(DiscountClaim::new(code, evidence))
}

fn pass(text: &str, offers: &[PassOffer], zone: &TimeZone) -> Result<HeldPass> {
    let Some((code, times)) = text.split_once('@') else {
        bail!("--pass {text:?} names no time: write OFFER@2026-11-01T00:00");
    };
    let Some(offer) = offers.iter().find(|offer| offer.code == code) else {
        let sold = offers.iter().map(|offer| offer.code.clone()).collect();
        return Err(WorkbenchError::UnknownPass { offer: code.to_owned(), sold }.into());
    };
    let (from, until) = times.split_once("..").map_or((times, None), |(from, until)| (from, Some(until)));
    let valid_from = time("--pass", from, zone)?;
    match until {
        Some(until) => {
            Ok(HeldPass { offer: code.to_owned(), valid_from, valid_until: time("--pass", until, zone)? })
        }
        None => offer.sell(valid_from, zone).context("--pass ends beyond the calendar"),
    }
}

/// `1,600`, right-aligned by the table.
fn won(amount: Won) -> String {
    amount.to_string()
}

/// `2026-11-20 10:50:00` of `2026-11-20T10:50:00+09:00`.
fn clock(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

fn print_quote(name: &str, answer: &QuoteAnswer) {
    println!("{name} · {} v{}", answer.tariff_id, answer.tariff_version);
    println!(
        "{} → {} {} · {}분 min (요금 대상 charged {})",
        clock(&answer.entered_at),
        clock(&answer.left_at),
        answer.time_zone,
        answer.minutes,
        answer.charged_minutes
    );
    let mut table = grid(&["내역", "line", "금액 won"]);
    for line in &answer.lines {
        table.add_row([line.label_ko.clone(), line.label_en.clone(), won(line.amount)]);
    }
    table.add_row(["합계".to_owned(), "total".to_owned(), won(answer.total)]);
    println!("{table}");
    let vat = &answer.vat;
    println!(
        "공급가액 supply {} · 부가세 VAT {} · 면세 tax-free {}",
        won(vat.supply),
        won(vat.vat),
        won(vat.tax_free)
    );
    match (&answer.leave_by, &answer.next_step) {
        (Some(leave_by), Some(step)) => {
            println!("{}까지 같은 요금 · same price until {}", clock(leave_by), clock(leave_by));
            let sign = if step.increase.is_negative() { "" } else { "+" };
            let (minutes, increase) = (step.in_minutes, won(step.increase));
            println!("{minutes}분 뒤 {sign}{increase} · in {minutes} min: {sign}{increase}");
        }
        _ => println!("2주 안에 요금이 바뀌지 않음 · the price does not change within two weeks"),
    }
    for discount in &answer.discounts {
        let (ko, en) = outcome(discount.outcome);
        let voucher = discount.voucher.as_deref().map(|id| format!(" ({id})")).unwrap_or_default();
        println!("할인 discount {}{voucher}: {} · {ko} · {en}", discount.rule, won(discount.amount));
    }
}

/// What became of a claim, in both languages.
const fn outcome(outcome: DiscountOutcome) -> (&'static str, &'static str) {
    match outcome {
        DiscountOutcome::Applied => ("적용", "applied"),
        DiscountOutcome::BetterOther => ("더 유리한 할인이 있음", "another is better, or excludes it"),
        DiscountOutcome::NothingToTakeOff => ("할인할 요금 없음", "takes nothing off this stay"),
        DiscountOutcome::UnknownRule => ("없는 할인", "the tariff has no such discount"),
        DiscountOutcome::EvidenceMissing => ("증빙 필요", "needs a proof that the rule accepts"),
        DiscountOutcome::DailyLimit => ("오늘 한도 소진", "used up for today"),
        DiscountOutcome::MonthlyLimit => ("이번 달 한도 소진", "used up for this month"),
        DiscountOutcome::NotInThisGrade => ("이 급지에는 없음", "not in a lot of this grade"),
        DiscountOutcome::NotThisVehicle => ("이 차종에는 없음", "not for this class of vehicle"),
        DiscountOutcome::NotThisDay => ("이 요일에는 없음", "not on this kind of day"),
        DiscountOutcome::NotWithPass => ("정기권과 함께 쓸 수 없음", "not on what a pass leaves to pay"),
        DiscountOutcome::BudgetSpent => ("매장 예산 소진", "the merchant's budget is spent"),
        DiscountOutcome::Duplicate => ("같은 할인 두 번", "the same claim twice"),
    }
}

fn print_check(file: &Path, answer: &CheckAnswer) {
    let midnight = match answer.splits_at_midnight {
        Some(true) => " · 자정에 나누어도 같은 요금 · splits at midnight",
        _ => "",
    };
    if answer.ok {
        println!("{}: ✓ 사용 가능 · a good tariff{midnight}", file.display());
    } else {
        println!("{}: ✗ 사용 불가 · no tariff", file.display());
    }
    for problem in &answer.problems {
        println!("{}", fault(problem));
    }
    for finding in &answer.findings {
        println!("  확인 look at {}: {}", finding.path, finding.message);
    }
}

fn print_apds(apds: &ApdsExport) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(apds)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seoul() -> TimeZone {
        TimeZone::get("Asia/Seoul").unwrap()
    }

    fn args(tariff: &str) -> QuoteArgs {
        QuoteArgs {
            tariff: crate::paths::root().join("events/tariffs").join(tariff),
            enter: "2026-11-20T09:00".into(),
            leave: "2026-11-20T10:45".into(),
            zone: DEFAULT_ZONE.into(),
            vehicle: "car".into(),
            discount: Vec::new(),
            pass: Vec::new(),
            json: true,
        }
    }

    #[test]
    fn a_time_without_an_offset_is_one_of_the_zones_clock() {
        let local = time("--enter", "2026-11-20T09:00", &seoul()).unwrap();
        assert_eq!(local, time("--enter", "2026-11-20T00:00:00Z", &seoul()).unwrap());
        let error = time("--enter", "9 o'clock", &seoul()).unwrap_err();
        assert!(error.to_string().starts_with("--enter \"9 o'clock\" is no time"), "{error}");
    }

    #[test]
    fn a_claim_may_come_with_its_proof() {
        assert_eq!(claim("compact").unwrap(), DiscountClaim::new("compact", None));
        let proved = DiscountClaim::new("compact", Some(Evidence::Registry));
        assert_eq!(claim("compact:registry").unwrap(), proved);
        let error = claim("compact:word").unwrap_err().to_string();
        assert!(error.contains("`registry`") && error.contains("`merchant`"), "{error}");
    }

    #[test]
    fn every_example_can_be_quoted_and_checked() {
        let folder = crate::paths::root().join("events/tariffs");
        let other = ["cases.json", "tariff.schema.json"];
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if Path::new(&name).extension() == Some("json".as_ref()) && !other.contains(&name.as_str()) {
                quote(&args(&name)).unwrap();
                let files = vec![args(&name).tariff];
                assert!(check_files(&CheckArgs { files, apds: true }).unwrap());
                seen += 1;
            }
        }
        assert!(seen >= 10);
    }

    #[test]
    fn a_pass_lasts_as_long_as_its_offer_says_or_as_told() {
        let mut args = args("banded-with-everything.json");
        args.pass =
            vec!["month@2026-11-01T00:00".into(), "two-hours@2026-11-20T09:00..2026-11-20T11:00".into()];
        quote(&args).unwrap();
        args.pass = vec!["year@2026-11-01T00:00".into()];
        let error = quote(&args).unwrap_err().to_string();
        assert_eq!(error, r#"the tariff sells no pass "year"; it sells two-hours, month, night-month"#);
    }

    #[test]
    fn each_fault_of_a_file_is_shown_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bad.json");
        let good = std::fs::read_to_string(args("daejeon-court.json").tariff).unwrap();
        std::fs::write(&file, good.replace("\"unitMinutes\": 10", "\"unitMinutes\": 0")).unwrap();
        let mut bad = args("daejeon-court.json");
        bad.tariff.clone_from(&file);
        let error = quote(&bad).unwrap_err().to_string();
        assert!(error.contains("  schedule.bands[0].tiers[0].unitMinutes: must be at least 1"), "{error}");
        assert!(!check_files(&CheckArgs { files: vec![file], apds: false }).unwrap());
    }
}
