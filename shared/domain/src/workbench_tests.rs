//! What the workbench is asked and how it answers.

use serde_json::{Value, json};

use super::*;

fn court() -> Value {
    json!({"id": "185-1-000002", "version": 1, "name": "법원·검찰청앞", "validFrom": "2026-01-01",
        "schedule": {"bands": [{"code": "all", "tiers": [{"fromMinute": 0, "unitMinutes": 10, "unitPrice": 400},
        {"fromMinute": 10, "unitMinutes": 10, "unitPrice": 300}]}]}})
}

fn question() -> Value {
    json!({"tariff": court(), "enteredAt": "2026-11-20T10:00:00+09:00", "leftAt": "2026-11-20T10:45:00+09:00"})
}

fn ask(question: &Value) -> Result<QuoteAnswer, WorkbenchError> {
    QuoteRequest::from_json(question.to_string().as_bytes())?.answer()
}

fn with(member: &str, value: Value) -> Value {
    let mut question = question();
    question[member] = value;
    question
}

#[test]
fn a_quote_tells_times_as_the_lots_clock_does() {
    let answer = ask(&question()).unwrap();
    assert_eq!((answer.total, answer.currency), (Won::new(1_600), "KRW"));
    assert_eq!(answer.left_at, "2026-11-20T10:45:00+09:00");
    let step = answer.next_step.unwrap();
    assert_eq!((step.in_minutes, step.increase), (6, Won::new(300)));
    assert_eq!(answer.leave_by.as_deref(), Some("2026-11-20T10:50:00+09:00"));
    assert_eq!(ask(&with("lookAhead", json!(false))).unwrap().next_step, None);
}

#[test]
fn the_same_question_gives_the_same_bytes() {
    let bytes = || serde_json::to_vec(&ask(&question()).unwrap()).unwrap();
    assert_eq!(bytes(), bytes());
}

#[test]
fn a_fault_within_the_tariff_is_told_with_its_path_in_the_question() {
    let mut bad = question();
    bad["tariff"]["schedule"]["bands"][0]["tiers"][1]["unitMinutes"] = json!(0);
    bad["tariff"]["version"] = json!(0);
    let Err(WorkbenchError::Tariff(problems)) = ask(&bad) else { panic!("taken") };
    let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["tariff.version", "tariff.schedule.bands[0].tiers[1].unitMinutes"]);
    let mut wrong = question();
    wrong["tariff"]["schedule"]["bands"][0]["tiers"][1]["unitPrice"] = json!("300");
    let Err(WorkbenchError::Tariff(problems)) = ask(&wrong) else { panic!("taken") };
    assert_eq!(problems[0].path, "tariff.schedule.bands[0].tiers[1].unitPrice");
}

#[test]
fn what_is_wrong_beside_the_tariff_is_told_by_name() {
    let path = |question: &Value| match ask(question) {
        Err(WorkbenchError::Member { path, .. }) => path,
        other => panic!("{other:?}"),
    };
    assert_eq!(path(&with("enteredAt", json!("yesterday"))), "enteredAt");
    assert_eq!(path(&with("vehicle", json!("tank"))), "vehicle");
    let claims: Vec<Value> = (0..33).map(|_| json!({"rule": "compact"})).collect();
    assert_eq!(path(&with("discounts", json!(claims))), "discounts");
    let zone = ask(&with("timeZone", json!("Asia/Daejeon")));
    assert_eq!(zone, Err(WorkbenchError::UnknownZone("Asia/Daejeon".into())));
    let inverted = ask(&with("leftAt", json!("2026-11-20T09:59:00+09:00")));
    assert!(matches!(inverted, Err(WorkbenchError::LeftBeforeEntered { .. })));
    let long = ask(&with("leftAt", json!("2027-11-22T10:00:00+09:00")));
    assert_eq!(long, Err(WorkbenchError::StayTooLong));
    let pass = json!([{"offer": "month", "validFrom": "2026-11-01T00:00:00+09:00", "validUntil": "2026-12-01T00:00:00+09:00"}]);
    let unknown = ask(&with("passes", pass)).unwrap_err();
    assert_eq!(unknown.to_string(), r#"the tariff sells no pass "month"; it sells none"#);
    assert!(matches!(QuoteRequest::from_json(b"{"), Err(WorkbenchError::NotJson(_))));
    assert!(matches!(
        QuoteRequest::from_json(b"{} {}"),
        Err(WorkbenchError::Member { .. } | WorkbenchError::NotJson(_))
    ));
}

#[test]
fn a_quote_of_too_many_lines_is_refused() {
    let mut many = question();
    let band = |hour: i64| {
        json!({"code": format!("h{hour}"), "hours": {"from": format!("{hour:02}:00"), "until": format!("{:02}:00", hour + 1)},
        "tiers": [{"fromMinute": 0, "unitMinutes": 10, "unitPrice": 100 + hour}]})
    };
    many["tariff"]["schedule"]["bands"] = (0..24).map(band).collect();
    many["leftAt"] = json!("2027-11-20T10:00:00+09:00");
    assert!(matches!(ask(&many), Err(WorkbenchError::TooManyLines(lines)) if lines > MAX_LINES));
}

#[test]
fn an_operators_holiday_changes_the_day() {
    let mut weekdays = question();
    weekdays["tariff"]["schedule"]["bands"][0]["days"] = json!(["weekday"]);
    assert_eq!(ask(&weekdays).unwrap().total, Won::new(1_600));
    weekdays["calendarOverrides"] = json!([{"date": "2026-11-20", "holiday": true, "nameKo": "개점일"}]);
    assert_eq!(ask(&weekdays).unwrap().total, Won::ZERO);
}

#[test]
fn a_bad_tariff_is_the_answer_of_a_check_and_not_an_error() {
    let mut bad = court();
    bad["validUntil"] = json!("2025-12-31");
    let answer = check(bad.to_string().as_bytes(), false).unwrap();
    assert!(!answer.ok);
    assert_eq!(answer.problems[0].path, "validUntil");
    let malformed = check(br#"{"id": 3}"#, false).unwrap();
    assert_eq!(
        (malformed.problems[0].path.as_str(), malformed.problems[0].code),
        ("id", ProblemCode::Malformed)
    );
    assert_eq!(check(b"[]", false).unwrap().problems[0].path, ".");
    assert!(matches!(check(b"nonsense", false), Err(WorkbenchError::NotJson(_))));
    let good = check(court().to_string().as_bytes(), true).unwrap();
    assert!(good.ok && good.apds.is_some_and(|apds| apds.rate_tables.len() == 1));
    assert!(!good.findings.is_empty(), "no discount for compact cars");
}
