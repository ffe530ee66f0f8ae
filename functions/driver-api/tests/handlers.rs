//! The handlers, driven with API Gateway's events through the real SDK against the test cloud and a gateway.

#![allow(clippy::unwrap_used, reason = "a test stops where it stands")]

mod world;

use baro_domain::{Passage, occupancy::OccupancyRules, payment::ReportState};
use baro_testing::{Fault, at, large_lot_record, lot_record};
use serde_json::{Value, json};
use world::{SAMPLE_PAYMENT, World};

/// Sets the query of an event.
fn ask_for(event: &mut Value, query: &Value) {
    let pairs = query.as_object().unwrap().iter();
    let pairs = pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap().replace('+', "%2B")));
    event["rawQueryString"] = pairs.collect::<Vec<_>>().join("&").into();
    event["queryStringParameters"] = query.clone();
}

#[tokio::test]
async fn lots_near_a_place_come_nearest_first_with_free_spaces_and_price() {
    let world = World::start().await;
    let mut free = lot_record();
    free.lot.id = "lot_uncounted".parse().unwrap();
    free.lot.position = baro_domain::Coordinate::from_degrees(36.3505, 127.3846);
    free.tariffs.versions[0].schedule.bands.clear();
    free.lot.occupancy = OccupancyRules::default();
    world.cloud.directory().put_lots(&[free]).await.unwrap();
    world.count_cars(40).await;
    world.cloud.forget_calls();

    let answer = world.ask("lots-near").await;

    assert_eq!(answer.status, 200);
    let lots = answer.body["lots"].as_array().unwrap();
    assert_eq!(lots.len(), 2);
    assert_eq!((&lots[0]["lotId"], &lots[0]["freeSpaces"]), (&json!("lot_uncounted"), &Value::Null));
    assert_eq!(lots[0]["price"], "무료");
    assert_eq!(lots[1]["freeSpaces"], 25);
    assert_eq!(lots[1]["price"], "최초 10분 400원, 이후 10분당 300원");
    assert_eq!(lots[1]["distanceM"], 474);
    assert_eq!(answer.header("cache-control"), "public, max-age=10");
    assert_eq!(answer.header("content-language"), "ko");
    let calls = world.cloud.dynamodb_calls();
    assert!(calls.len() <= 5, "four cells of the map and one count of a small lot: {calls:?}");
}

#[tokio::test]
async fn a_place_or_radius_that_makes_no_sense_is_named() {
    let world = World::start().await;
    for (query, code, parameter) in [
        (json!({"lat": "36.35"}), "missing-parameter", "lon"),
        (json!({"lat": "91", "lon": "127.38"}), "invalid-parameter", "lat"),
        (json!({"lat": "NaN", "lon": "127.38"}), "invalid-parameter", "lat"),
        (json!({"lat": "36.35", "lon": "127.38", "radiusM": "2001"}), "invalid-parameter", "radiusM"),
        (json!({"lat": "36.35", "lon": "127.38", "radiusM": "0"}), "invalid-parameter", "radiusM"),
    ] {
        let answer = world.ask_with("lots-near", |event| ask_for(event, &query)).await;
        assert_eq!(answer.problem(), (400, code), "{query}");
        assert_eq!(answer.body["parameter"], parameter);
    }
}

#[tokio::test]
async fn free_spaces_that_can_not_be_read_leave_the_list_standing() {
    let world = World::start().await;
    world.cloud.directory().put_lots(&[large_lot_record()]).await.unwrap();
    for _ in 0..3 {
        world.cloud.fail_next("BatchGetItem", Fault::Before);
    }
    let answer = world.ask("lots-near").await;
    assert_eq!((answer.status, &answer.body["lots"][0]["freeSpaces"]), (200, &Value::Null));
}

#[tokio::test]
async fn a_lot_shows_its_tariff_as_its_operator_wrote_it() {
    let world = World::start().await;
    let answer = world.ask_with("lot", |event| event["headers"]["accept-language"] = "en".into()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["tariff"], serde_json::to_value(&lot_record().tariffs.versions[0]).unwrap());
    assert_eq!(answer.body["price"], "first 10 min ₩400, then ₩300 per 10 min");
    assert_eq!(answer.header("content-language"), "en");
    assert_eq!(answer.header("vary"), "accept-language");
    let unknown = world.ask_with("lot", |event| event["pathParameters"]["lotId"] = "lot_none".into()).await;
    assert_eq!(unknown.problem(), (404, "lot-not-found"));
    let nonsense = world.ask_with("lot", |event| event["pathParameters"]["lotId"] = "none".into()).await;
    assert_eq!(nonsense.problem(), (400, "invalid-parameter"));
}

#[tokio::test]
async fn an_announced_price_is_shown_beside_the_one_in_force() {
    let world = World::start().await;
    let mut lot = lot_record();
    let mut dearer = lot.tariffs.versions[0].clone();
    (dearer.version, dearer.valid_from) = (2, "2027-01-01".parse().unwrap());
    lot.tariffs.versions.push(dearer);
    world.cloud.directory().put_lots(&[lot]).await.unwrap();
    let answer = world.ask("lot").await;
    let versions = (&answer.body["tariff"]["version"], &answer.body["upcomingTariff"]["version"]);
    assert_eq!(versions, (&json!(1), &json!(2)));
}

#[tokio::test]
async fn a_lot_without_a_tariff_in_force_says_so_and_prices_nothing() {
    let world = World::start().await;
    let mut lot = lot_record();
    lot.tariffs.versions[0].valid_until = Some("2026-01-31".parse().unwrap());
    world.cloud.directory().put_lots(&[lot]).await.unwrap();
    let answer = world.ask("lot").await;
    let shown = (&answer.body["tariff"], &answer.body["price"]);
    assert_eq!(shown, (&Value::Null, &json!("요금 정보 없음")));
    assert_eq!(world.ask("rate-table").await.problem(), (404, "no-tariff"));
}

#[tokio::test]
async fn a_lots_tariff_is_told_in_the_words_of_apds() {
    let world = World::start().await;
    let answer = world.ask("rate-table").await;
    assert_eq!(answer.status, 200);
    let right = &answer.body["rightSpecifications"][0];
    assert_eq!(right["hierarchyElements"][0]["id"], lot_record().lot.id.as_str());
    assert_eq!(right["issuer"]["id"], lot_record().lot.operator.as_str());
    let line = &answer.body["rateTables"][0]["rateLineCollections"][0]["rateLines"][0];
    assert_eq!((&line["rateLineType"], &line["value"]), (&json!("flatRateTier"), &json!(400)));
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let unknown =
        world.ask_with("rate-table", |event| event["pathParameters"]["lotId"] = "lot_none".into()).await;
    assert_eq!(unknown.problem(), (404, "lot-not-found"));
}

#[tokio::test]
async fn a_visit_shows_what_it_costs_now_and_why_for_one_request() {
    let world = World::start().await;
    world.enter(0).await;
    world.ask("visit").await;
    world.cloud.forget_calls();

    let answer = world.ask("visit").await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["state"], "inside");
    assert_eq!(answer.body["enteredAt"], "2026-11-20T10:00:00+09:00");
    assert_eq!(answer.body["leaveBy"], "2026-11-20T10:30:00+09:00");
    assert_eq!((&answer.body["due"], &answer.body["currency"]), (&json!(1_000), &json!("KRW")));
    let lines = answer.body["quote"]["lines"].as_array().unwrap();
    assert_eq!(lines.iter().map(|line| line["amount"].as_i64().unwrap()).sum::<i64>(), 1_000);
    assert_eq!(answer.body["quote"]["vat"], json!({"supply": 909, "vat": 91, "taxFree": 0}));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(world.cloud.dynamodb_calls(), ["GetItem"]);
}

#[tokio::test]
async fn a_plate_is_found_as_people_type_it_and_an_unseen_one_is_not() {
    let world = World::start().await;
    world.enter(0).await;
    let typed =
        world.ask_with("visit", |event| event["pathParameters"]["plate"] = "12%EA%B0%80%203456".into()).await;
    assert_eq!((typed.status, &typed.body["plate"]), (200, &json!("12가3456")));
    let unseen = world.ask_with("visit", |event| event["pathParameters"]["plate"] = "34나5678".into()).await;
    assert_eq!(unseen.problem(), (404, "visit-not-found"));
    let nothing = world.ask_with("visit", |event| event["pathParameters"]["plate"] = "--".into()).await;
    assert_eq!(nothing.problem(), (400, "invalid-plate"));
}

#[tokio::test]
async fn a_quote_tells_what_leaving_later_would_cost() {
    let world = World::start().await;
    world.enter(0).await;
    let later = world.ask("quote").await;
    assert_eq!((later.status, &later.body["quote"]["total"]), (200, &json!(400 + 11 * 300)));
    let when = async |at: &str| world.ask_with("quote", |event| ask_for(event, &json!({"at": at}))).await;
    assert_eq!(when("2026-11-21T10:26:00+09:00").await.problem(), (400, "invalid-parameter"));
    assert_eq!(when("2026-11-20T10:19:00+09:00").await.problem(), (400, "invalid-parameter"));
    assert_eq!(when("tomorrow").await.problem(), (400, "invalid-parameter"));
    assert_eq!(when("2026-11-20T10:22:00+09:00").await.body["due"], 1_000, "a slow clock asks for now");
    world.record("out", Passage::Left, 24).await;
    assert_eq!(world.ask("quote").await.problem(), (409, "visit-over"));
}

#[tokio::test]
async fn a_payment_asks_for_what_is_due_and_pins_it_at_the_gateway() {
    let world = World::start().await;
    world.enter(0).await;
    world.ask("visit").await;
    world.cloud.forget_calls();

    let answer = world.ask("start-payment").await;

    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.body["paymentId"], SAMPLE_PAYMENT);
    assert_eq!((&answer.body["amount"], &answer.body["currency"]), (&json!(1_000), &json!("KRW")));
    assert_eq!(
        (&answer.body["storeId"], &answer.body["channelKey"]),
        (&json!("store-1"), &json!("channel-1"))
    );
    assert_eq!(answer.body["orderName"], "법원·검찰청앞 주차요금");
    assert_eq!(answer.body["leaveBy"], "2026-11-20T10:40:00+09:00");
    assert_eq!(answer.header("location"), format!("/v1/payments/{SAMPLE_PAYMENT}"));
    assert_eq!(world.cloud.dynamodb_calls(), ["GetItem", "PutItem"]);
    let pinned = world.gateway.pinned();
    assert_eq!(pinned, [(SAMPLE_PAYMENT.to_owned(), json!(1_000), "PortOne api-secret".to_owned())]);
    let stored = world.payment().await;
    assert_eq!(stored.stay().unwrap().quoted_until, at(25));
    assert_eq!(stored.contact.phone.as_deref(), Some("01012345678"));
    assert!(!answer.body.to_string().contains("5678\""), "no contact in an answer");
}

#[tokio::test]
async fn the_same_key_again_finds_the_same_payment_at_the_same_amount() {
    let world = World::start().await;
    world.enter(0).await;
    let first = world.ask("start-payment").await;
    world.clock.set(at(55));
    let again = world.ask("start-payment").await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!((&again.body["paymentId"], &again.body["amount"]), (&first.body["paymentId"], &json!(1_000)));
    let other_key = world
        .ask_with("start-payment", |event| event["headers"]["idempotency-key"] = "other-key".into())
        .await;
    assert_eq!((other_key.status, &other_key.body["amount"]), (201, &json!(1_900)));
}

#[tokio::test]
async fn a_lost_answer_of_the_table_makes_no_second_payment() {
    let world = World::start().await;
    world.enter(0).await;
    world.cloud.fail_next("PutItem", Fault::After);
    let answer = world.ask("start-payment").await;
    assert_eq!((answer.status, &answer.body["amount"]), (200, &json!(1_000)));
}

#[tokio::test]
async fn a_key_of_an_earlier_stay_is_refused() {
    let world = World::start().await;
    world.enter(0).await;
    world.ask("start-payment").await;
    world.record("out", Passage::Left, 30).await;
    world.record("in-again", Passage::Entered, 60).await;
    world.clock.set(at(80));
    assert_eq!(world.ask("start-payment").await.problem(), (422, "idempotency-key-reused"));
}

#[tokio::test]
async fn nothing_is_asked_for_where_nothing_is_due() {
    let world = World::start().await;
    assert_eq!(world.ask("start-payment").await.problem(), (404, "visit-not-found"));
    world.enter(0).await;
    world.ask("start-payment").await;
    world.pay(25).await;
    world.clock.set(at(35));
    let new_key = world
        .ask_with("start-payment", |event| event["headers"]["idempotency-key"] = "other-key".into())
        .await;
    assert_eq!(new_key.problem(), (409, "nothing-due"));
    let visit = world.ask("visit").await;
    assert_eq!((&visit.body["due"], &visit.body["paid"]), (&json!(0), &json!(1_000)));
    let same_key = world.ask("start-payment").await;
    assert_eq!((same_key.status, &same_key.body["status"]), (200, &json!("paid")));
    world.clock.set(at(45));
    let overrun = world
        .ask_with("start-payment", |event| event["headers"]["idempotency-key"] = "third-key".into())
        .await;
    assert_eq!(
        (overrun.status, &overrun.body["amount"]),
        (201, &json!(600)),
        "the time to leave has run out"
    );
}

#[tokio::test]
async fn a_payment_needs_a_key_and_a_contact_that_can_be_reached() {
    let world = World::start().await;
    world.enter(0).await;
    let no_key = world
        .ask_with("start-payment", |event| {
            event["headers"].as_object_mut().unwrap().remove("idempotency-key");
        })
        .await;
    assert_eq!(no_key.problem(), (400, "invalid-idempotency-key"));
    let body = async |body: &str| world.ask_with("start-payment", |event| event["body"] = body.into()).await;
    let phone = body(r#"{"contact":{"phone":"02-123-4567"}}"#).await;
    assert_eq!(phone.problem(), (400, "invalid-contact"));
    assert_eq!(phone.body["pointer"], "#/contact/phone");
    assert!(!phone.body.to_string().contains("4567"), "a number is not repeated");
    assert_eq!(body(r#"{"contact":{"fone":"1"}}"#).await.problem(), (400, "invalid-member"));
    assert_eq!(body("{").await.problem(), (400, "malformed-json"));
    assert_eq!(body(&"x".repeat(9_000)).await.problem(), (413, "body-too-large"));
    assert!(!world.cloud.dynamodb_calls().contains(&"PutItem".to_owned()), "nothing was stored");
    let without = body("").await;
    assert_eq!(without.status, 201);
    assert!(world.payment().await.contact.is_empty());
}

#[tokio::test]
async fn a_gateway_that_can_not_pin_stops_no_payment() {
    let world = World::start().await;
    world.enter(0).await;
    world.gateway.refuse_with(503);
    assert_eq!(world.ask("start-payment").await.status, 201);
    world.gateway.refuse_with(401);
    assert_eq!(world.ask("start-payment").await.status, 200);
    world.gateway.refuse_with(200);
    assert_eq!(world.ask("start-payment").await.status, 200);
    assert_eq!(world.gateway.pinned().len(), 3, "a repeated request pins again");
}

#[tokio::test]
async fn a_payments_state_costs_one_request_and_shows_no_contact() {
    let world = World::start().await;
    world.enter(0).await;
    world.ask("start-payment").await;
    world.cloud.forget_calls();
    let asked = world.ask("payment").await;
    assert_eq!(world.cloud.dynamodb_calls(), ["GetItem"]);
    assert_eq!((asked.status, &asked.body["status"]), (200, &json!("requested")));
    assert_eq!((&asked.body["receipt"], &asked.body["plate"]), (&Value::Null, &json!("1****56")));
    assert!(!asked.body.to_string().contains("01012345678"));

    world.pay(25).await;
    let paid = world.ask("payment").await;
    assert_eq!((&paid.body["status"], &paid.body["captured"]), (&json!("paid"), &json!(1_000)));
    assert_eq!(paid.body["paidAt"], "2026-11-20T10:25:00+09:00");
    assert_eq!(paid.body["receipt"]["vat"], json!({"supply": 909, "vat": 91, "taxFree": 0}));
    assert_eq!(paid.body["receipt"]["quote"]["total"], 1_000);
    assert_eq!(paid.body["receipt"]["paidBefore"], 0);
    let unknown =
        world.ask_with("payment", |event| event["pathParameters"]["paymentId"] = "pay_x".into()).await;
    assert_eq!(unknown.problem(), (404, "payment-not-found"));
}

#[tokio::test]
async fn a_virtual_account_is_shown_while_its_deposit_is_awaited() {
    let world = World::start().await;
    world.enter(0).await;
    world.ask("start-payment").await;
    world.report(ReportState::AwaitingDeposit, 25).await;
    let awaited = world.ask("payment").await;
    assert_eq!(awaited.body["status"], "awaiting_deposit");
    assert_eq!(awaited.body["depositAccount"]["number"], "9102-1234");
    assert_eq!(awaited.body["depositAccount"]["amount"], 1_000);
    world.pay(40).await;
    assert_eq!(world.ask("payment").await.body["depositAccount"], Value::Null);
}

#[tokio::test]
async fn a_browser_that_is_back_asks_for_a_look_at_the_gateway() {
    let world = World::start().await;
    assert_eq!(world.ask("refresh-payment").await.problem(), (404, "payment-not-found"));
    world.enter(0).await;
    world.ask("start-payment").await;
    let accepted = world.ask("refresh-payment").await;
    assert_eq!((accepted.status, &accepted.body["status"]), (202, &json!("requested")));
    let messages = world.cloud.take_messages();
    let [message] = messages.as_slice() else { panic!("{messages:?}") };
    assert_eq!(message.queue, "http://queues/payments");
    let hint: Value = serde_json::from_str(&message.body).unwrap();
    let wanted =
        json!({"source": "refresh", "paymentId": SAMPLE_PAYMENT, "receivedAt": "2026-11-20T01:25:00Z"});
    assert_eq!(hint, wanted);
    world.pay(25).await;
    assert_eq!(world.ask("refresh-payment").await.status, 202);
    assert!(world.cloud.take_messages().is_empty(), "the money is here already");
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_a_passing_fault() {
    let world = World::start().await;
    for _ in 0..6 {
        world.cloud.fail_next("GetItem", Fault::Before);
    }
    let answer = world.ask("payment").await;
    assert_eq!(answer.problem(), (503, "temporarily-unavailable"));
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn what_is_no_route_is_told_so() {
    let world = World::start().await;
    let answer =
        world.ask_with("lot", |event| event["requestContext"]["routeKey"] = "DELETE /v1/lots".into()).await;
    assert_eq!(answer.problem(), (404, "route-not-found"));
}
