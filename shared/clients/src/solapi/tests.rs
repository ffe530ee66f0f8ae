use super::*;

fn sender() -> Solapi {
    let account = SolapiAccount {
        api_key: "key".into(),
        api_secret: Secret::new("secret"),
        pf_id: "pf".into(),
        from: "0421234567".into(),
    };
    Solapi::new(HttpClient::new(crate::HttpTimeouts::default()).unwrap(), "http://localhost:1/", account)
}

fn message(content: TextContent) -> TextMessage {
    TextMessage { notice: NoticeId::derive(&["evt_1"]), to: Secret::new("01012345678"), content }
}

fn outcome(status: u16, body: &str) -> TextOutcome {
    sort(&Answer { status, body: body.as_bytes().to_vec() })
}

#[test]
fn alimtalk_goes_with_its_template_and_without_kakaos_own_fallback() {
    let variables = BTreeMap::from([("주차장".to_owned(), "월평 공영주차장".to_owned())]);
    let body =
        sender().body(&message(TextContent::AlimTalk { template_id: "T1".into(), variables })).unwrap();
    let sent = &body["messages"][0];
    assert_eq!((&sent["type"], &sent["kakaoOptions"]["templateId"]), (&json!("ATA"), &json!("T1")));
    assert_eq!(sent["kakaoOptions"]["variables"]["#{주차장}"], "월평 공영주차장");
    assert_eq!(sent["kakaoOptions"]["disableSms"], true);
    assert_eq!(sent["customFields"]["noticeId"], NoticeId::derive(&["evt_1"]).as_str());
}

#[test]
fn a_long_text_goes_as_lms() {
    let plain = |text: String| sender().body(&message(TextContent::Plain { text }));
    assert_eq!(plain("가".repeat(45)).unwrap()["messages"][0]["type"], "SMS");
    assert_eq!(plain("가".repeat(46)).unwrap()["messages"][0]["type"], "LMS");
    assert!(plain("가".repeat(1_001)).is_err());
}

#[test]
fn a_message_in_the_failed_list_is_refused_although_the_answer_is_200() {
    let failed = r#"{"failedMessageList":[{"to":"010","statusCode":"3059","statusMessage":"변작된 발신번호"}],"groupInfo":{}}"#;
    assert_eq!(outcome(200, failed), TextOutcome::Refused { code: "3059".into() });
    let taken = r#"{"failedMessageList":[],"messageList":[{"messageId":"M4V","statusCode":"2000","statusMessage":""}],"groupInfo":{}}"#;
    assert_eq!(outcome(200, taken), TextOutcome::Accepted { message_id: "M4V".into() });
}

#[test]
fn an_unclear_outcome_is_looked_up_and_not_repeated() {
    assert!(matches!(outcome(500, ""), TextOutcome::Unknown(_)));
    assert!(matches!(outcome(200, "<html>"), TextOutcome::Unknown(_)));
    assert!(matches!(outcome(429, ""), TextOutcome::Retry(_)));
    let refused = outcome(402, r#"{"errorCode":"NotEnoughBalance","errorMessage":"잔액이 부족합니다."}"#);
    assert_eq!(refused, TextOutcome::Refused { code: "NotEnoughBalance".into() });
}

#[test]
fn a_message_is_found_by_its_notice_and_channel() {
    let notice = NoticeId::derive(&["evt_1"]);
    let listed = |kind: &str, code: &str| -> Listed {
        let message = json!({"type": kind, "statusCode": code, "customFields": {"noticeId": notice.as_str()}, "new": 1});
        serde_json::from_value(
            json!({"limit": 1, "messageList": {"M1": message, "M0": {"customFields": null}}}),
        )
        .unwrap()
    };
    let accepted = LookUp::Accepted { message_id: "M1".into() };
    for code in ["2000", "3000", "4000"] {
        assert_eq!(find(&listed("ATA", code), &notice, TextChannel::AlimTalk), accepted);
    }
    let failed = find(&listed("ATA", "3104"), &notice, TextChannel::AlimTalk);
    assert_eq!(failed, LookUp::Failed { code: "3104".into() });
    assert_eq!(find(&listed("ATA", "4000"), &notice, TextChannel::Plain), LookUp::Absent);
    assert_eq!(find(&listed("LMS", "4000"), &notice, TextChannel::Plain), accepted);
    assert_eq!(
        find(&listed("ATA", "4000"), &NoticeId::derive(&["evt_2"]), TextChannel::AlimTalk),
        LookUp::Absent
    );
}

#[test]
fn a_phone_number_is_not_shown_in_debug_text() {
    let shown = format!("{:?}", message(TextContent::Plain { text: "x".into() }));
    assert!(!shown.contains("0101234"), "{shown}");
}
