use baro_domain::GateVendor;
use jiff::SignedDuration;
use proptest::prelude::*;

use super::{Sample, VENDORS, now, sample_names, usual_gate};
use crate::{GateRequest, adapt, adapt_backlog};

fn any_vendor() -> impl Strategy<Value = (GateVendor, &'static str)> {
    prop::sample::select(VENDORS.to_vec())
}

fn any_content_type() -> impl Strategy<Value = Option<&'static str>> {
    prop::sample::select(vec![
        None,
        Some("application/json"),
        Some("application/xml"),
        Some("text/xml; charset=euc-kr"),
        Some("multipart/form-data; boundary=x"),
        Some("multipart/form-data"),
        Some("image/jpeg"),
        Some(";;=;"),
    ])
}

/// All samples of a vendor.
fn of(folder: &str) -> Vec<Sample> {
    let names = sample_names(folder);
    names.iter().map(|name| Sample::read(&format!("{folder}/{name}"))).collect()
}

/// A small JSON value that may have a vendor's field names in it.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let names = [
        "command",
        "data",
        "car_number",
        "date_time",
        "lprID",
        "hook",
        "event",
        "results",
        "plate",
        "score",
        "camera_id",
        "timestamp",
        "Picture",
        "Plate",
        "PlateNumber",
        "SnapInfo",
        "AccurateTime",
        "NormalPic",
        "Content",
        "carNo",
        "type",
        "eventDt",
        "vehicleNo",
        "date",
        "uuid",
        "lprCarNo",
        "accuracy",
        "gateId",
        "omissionDataList",
        "enterOffsetDateTime",
        "exitOffsetDateTime",
        "shadow",
    ];
    let texts = [
        "alert_incar",
        "12가3456",
        "20261120143005",
        "2026-11-20T14:30:05+09:00",
        "1",
        "COME_IN",
        "lane-1",
        "3",
        "",
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        prop::sample::select(texts.to_vec()).prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(prop::sample::select(names.to_vec()), inner, 0..8)
                .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_adapter_panics_on_arbitrary_bytes(
        (vendor, _) in any_vendor(),
        content_type in any_content_type(),
        body in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let request = GateRequest { path_hint: None, content_type, charset: None, body: &body };
        let _ = adapt(&usual_gate(vendor), &request, now());
        let _ = adapt_backlog(&usual_gate(vendor), &request, now());
    }

    #[test]
    fn no_adapter_panics_on_arbitrary_json((vendor, _) in any_vendor(), body in any_json()) {
        let sample = Sample::json(&body);
        if let Ok(report) = sample.adapt(vendor) {
            prop_assert!(!(report.observations.is_empty() && report.ignored.is_empty() && !report.refused.is_empty()));
        }
        let _ = adapt_backlog(&usual_gate(vendor), &sample.request(), now());
    }

    #[test]
    fn no_adapter_panics_on_a_spoilt_sample(
        (vendor, folder) in any_vendor(),
        pick in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        spoilt in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut samples = of(folder);
        let mut sample = samples.swap_remove(pick.index(samples.len()));
        for (at, byte) in spoilt {
            let at = at.index(sample.body.len());
            sample.body[at] = byte;
        }
        let _ = sample.adapt(vendor);
        sample.body.truncate(cut.index(sample.body.len() + 1));
        let _ = sample.adapt(vendor);
    }

    #[test]
    fn a_resend_has_the_same_event_ids((vendor, folder) in any_vendor(), delay_s in 0i64..86_400) {
        for sample in of(folder) {
            let gate = usual_gate(vendor);
            let ids = |delay_s| {
                let received = now() + SignedDuration::from_secs(delay_s);
                let report = adapt(&gate, &sample.request(), received).expect("a report");
                report.observations.into_iter().map(|seen| seen.event_id).collect::<Vec<_>>()
            };
            // Without a time and a picture's name nothing tells a resend from a second passage.
            let nameless = vendor == GateVendor::Bnids && !sample.body.windows(4).any(|bytes| bytes == b".jpg");
            if !nameless {
                prop_assert_eq!(ids(0), ids(delay_s));
            }
        }
    }

    #[test]
    fn the_order_of_xml_siblings_and_their_prefix_are_irrelevant(
        order in Just((0..9usize).collect::<Vec<_>>()).prop_shuffle(),
        inner in Just((0..5usize).collect::<Vec<_>>()).prop_shuffle(),
        prefix in prop::sample::select(vec!["", "hik:", "ns1:"]),
        namespace in prop::sample::select(vec!["http://www.isapi.org/ver20/XMLSchema", "http://www.std-cgi.com/ver20/XMLSchema", ""]),
    ) {
        let tag = |name: &str, text: &str| format!("<{prefix}{name}>{text}</{prefix}{name}>");
        let anpr = [
            tag("licensePlate", "12가3456"),
            tag("originalLicensePlate", "12가3457"),
            tag("confidenceLevel", "96.5"),
            tag("direction", "forward"),
            tag("line", "1"),
        ];
        let anpr: String = inner.iter().map(|at| anpr[*at].as_str()).collect();
        let children = [
            tag("ipAddress", "192.168.1.64"),
            tag("macAddress", "e8:a0:ed:2c:e6:24"),
            tag("channelID", "1"),
            tag("dateTime", "2026-11-20T14:30:05.365+09:00"),
            tag("activePostCount", "1"),
            tag("eventType", "ANPR"),
            tag("eventState", "active"),
            tag("UUID", "a1301cd8-1dd1-11b2-9c0b-e8ad94177b80"),
            tag("ANPR", &anpr),
        ];
        let children: String = order.iter().map(|at| children[*at].as_str()).collect();
        let declared = prefix.strip_suffix(':').map_or("xmlns".to_owned(), |name| format!("xmlns:{name}"));
        let body = format!(
            "<{prefix}EventNotificationAlert {declared}=\"{namespace}\">{children}</{prefix}EventNotificationAlert>"
        );
        let shuffled = Sample { body: body.into_bytes(), content_type: "application/xml".into(), path: None, charset: None };
        let report = shuffled.adapt(GateVendor::Hikvision).expect("a report");
        let original = Sample::read("hikvision/anpr-prefixed.http").adapt(GateVendor::Hikvision).expect("a report");
        prop_assert_eq!(&report.observations[0].plate, &original.observations[0].plate);
        prop_assert_eq!(report.observations[0].confidence, original.observations[0].confidence);
        prop_assert_eq!(report.observations[0].observed_at, original.observations[0].observed_at);
    }
}
