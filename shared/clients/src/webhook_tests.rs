use super::*;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER: &str = "whsec_YW5vdGhlci1zZWNyZXQtd2hpY2gtaXMtb2xkZXI=";
const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const SIGNED_AT: &str = "1714039200";
const SIGNATURE: &str = "v1,/IVRdVf6VBRaJQUohEYZZmRC5REufJnaKk9/EGAPk30=";
const BODY: &str = r#"{"type":"Transaction.Paid","timestamp":"2024-04-25T10:00:00.000Z","data":{"paymentId":"example-payment-id","storeId":"store-ae356798-3d20-4969-b739-14c6b0e1a667","transactionId":"55451513-9763-4a7a-bb43-78a4c65be843"}}"#;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn signed_at() -> i64 {
    SIGNED_AT.parse().unwrap()
}

fn headers(signature: &str) -> Vec<(&str, &str)> {
    vec![("Webhook-Id", ID), ("webhook-timestamp", SIGNED_AT), ("webhook-signature", signature)]
}

fn verify(
    headers: &[(&'static str, &'static str)],
    body: &str,
    now_s: i64,
) -> Result<&'static str, WebhookRejection> {
    WebhookSecrets::parse(&[SECRET]).unwrap().verify(headers.iter().copied(), body.as_bytes(), at(now_s))
}

#[test]
fn the_published_vector_is_believed() {
    assert_eq!(verify(&headers(SIGNATURE), BODY, signed_at()), Ok(ID));
    assert_eq!(WebhookSecret::parse(SECRET).unwrap().sign(ID, signed_at(), BODY.as_bytes()), SIGNATURE);
}

#[test]
fn a_changed_body_id_or_time_is_not_believed() {
    assert_eq!(
        verify(&headers(SIGNATURE), &BODY.replace("Paid", "paid"), signed_at()),
        Err(WebhookRejection::NoMatch)
    );
    let mut moved = headers(SIGNATURE);
    moved[1].1 = "1714039201";
    assert_eq!(verify(&moved, BODY, signed_at()), Err(WebhookRejection::NoMatch));
    let mut renamed = headers(SIGNATURE);
    renamed[0].1 = "msg_other";
    assert_eq!(verify(&renamed, BODY, signed_at()), Err(WebhookRejection::NoMatch));
}

#[test]
fn five_minutes_either_way_are_tolerated_and_not_a_second_more() {
    let h = headers(SIGNATURE);
    assert!(verify(&h, BODY, signed_at() + 300).is_ok());
    assert!(verify(&h, BODY, signed_at() - 300).is_ok());
    assert_eq!(verify(&h, BODY, signed_at() + 301), Err(WebhookRejection::TooOld));
    assert_eq!(verify(&h, BODY, signed_at() - 301), Err(WebhookRejection::TooNew));
    let mut absurd = headers(SIGNATURE);
    absurd[1].1 = "-9223372036854775808";
    assert_eq!(verify(&absurd, BODY, signed_at()), Err(WebhookRejection::TooOld));
    absurd[1].1 = "soon";
    assert_eq!(verify(&absurd, BODY, signed_at()), Err(WebhookRejection::InvalidTimestamp));
}

#[test]
fn both_secrets_are_believed_while_they_are_rotated() {
    let both = WebhookSecrets::parse(&[OTHER, SECRET]).unwrap();
    assert_eq!(both.verify(headers(SIGNATURE), BODY.as_bytes(), at(signed_at())), Ok(ID));
    let only_other = WebhookSecrets::parse(&[OTHER]).unwrap();
    let refused = only_other.verify(headers(SIGNATURE), BODY.as_bytes(), at(signed_at()));
    assert_eq!(refused, Err(WebhookRejection::NoMatch));
    let from_both = both.sign(ID, signed_at(), BODY.as_bytes());
    assert_eq!(only_other.verify(headers(&from_both), BODY.as_bytes(), at(signed_at())), Ok(ID));
    assert_eq!(WebhookSecrets::parse(&[SECRET, SECRET, SECRET]).unwrap_err(), WebhookSecretError::Count);
    assert_eq!(WebhookSecrets::parse::<&str>(&[]).unwrap_err(), WebhookSecretError::Count);
}

#[test]
fn one_right_signature_among_unknown_versions_is_enough() {
    let mixed: &str = Box::leak(format!("v1a,AAAA v2,BBBB v1,!!! {SIGNATURE}").into_boxed_str());
    assert_eq!(verify(&headers(mixed), BODY, signed_at()), Ok(ID));
    assert_eq!(verify(&headers("v1,AAAA"), BODY, signed_at()), Err(WebhookRejection::NoMatch));
    assert_eq!(verify(&headers("v1,"), BODY, signed_at()), Err(WebhookRejection::NoMatch));
}

#[test]
fn repeated_headers_are_refused_in_both_shapes() {
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        let mut twice = headers(SIGNATURE);
        twice.push((name, "x"));
        assert_eq!(verify(&twice, BODY, signed_at()), Err(WebhookRejection::RepeatedHeader(name)));
    }
    let joined: &str = Box::leak(format!("{SIGNATURE},{SIGNATURE}").into_boxed_str());
    let expected = WebhookRejection::RepeatedHeader("webhook-signature");
    assert_eq!(verify(&headers(joined), BODY, signed_at()), Err(expected));
    let mut ids = headers(SIGNATURE);
    ids[0].1 = "msg_a,msg_b";
    assert_eq!(verify(&ids, BODY, signed_at()), Err(WebhookRejection::RepeatedHeader("webhook-id")));
}

#[test]
fn a_missing_header_or_a_dangerous_id_is_refused() {
    for (at, name) in ["webhook-id", "webhook-timestamp", "webhook-signature"].into_iter().enumerate() {
        let mut without = headers(SIGNATURE);
        without.remove(at);
        assert_eq!(verify(&without, BODY, signed_at()), Err(WebhookRejection::MissingHeader(name)));
    }
    let mut path = headers(SIGNATURE);
    path[0].1 = "../../statements/x";
    assert_eq!(verify(&path, BODY, signed_at()), Err(WebhookRejection::InvalidId));
}

#[test]
fn a_secret_that_is_no_base64_is_refused_without_being_shown() {
    assert_eq!(WebhookSecret::parse("whsec_").unwrap_err(), WebhookSecretError::NotBase64);
    assert_eq!(WebhookSecret::parse("whsec_%%").unwrap_err(), WebhookSecretError::NotBase64);
    assert_eq!(format!("{:?}", WebhookSecret::parse(SECRET).unwrap()), "WebhookSecret(…)");
}

#[test]
fn a_paid_event_names_its_payment() {
    let event = WebhookEvent::parse(BODY.as_bytes()).unwrap();
    assert_eq!(event.payment_id(), Some("example-payment-id"));
    assert_eq!(event.type_name(), "Transaction.Paid");
}

#[test]
fn unknown_types_and_fields_are_accepted() {
    let unknown =
        WebhookEvent::parse(br#"{"type":"Transaction.Blessed","data":{"x":1},"new":true}"#).unwrap();
    assert_eq!(unknown, WebhookEvent::Other { kind: "Transaction.Blessed".into() });
    let unknown = WebhookEvent::parse(br#"{"type":"Settlement.Done"}"#).unwrap();
    assert_eq!(unknown.payment_id(), None);
    let extra =
        br#"{"type":"Transaction.PartialCancelled","data":{"paymentId":"p","cancellationId":"c","more":[]},"v":2}"#;
    assert!(matches!(
        WebhookEvent::parse(extra).unwrap(),
        WebhookEvent::Transaction { kind: TransactionKind::PartialCancelled, cancellation_id: Some(_), .. }
    ));
    let key = WebhookEvent::parse(br#"{"type":"BillingKey.Issued","data":{"billingKey":"b","storeId":"s"}}"#)
        .unwrap();
    assert_eq!(key.type_name(), "BillingKey.Issued");
}

#[test]
fn a_known_type_without_its_data_is_malformed() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"type":"Transaction.Paid"}"#,
        r#"{"type":"Transaction.Paid","data":{"paymentId":7}}"#,
    ] {
        assert!(WebhookEvent::parse(body.as_bytes()).is_err(), "{body}");
    }
}
