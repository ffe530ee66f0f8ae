//! What is known of a driver, while it changes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where it stands")]

use baro_domain::notice::{Contact, Language};
use baro_testing::{Cloud, plate};

fn contact(token: Option<&str>, phone: Option<&str>) -> Contact {
    Contact { push_token: token.map(str::to_owned), phone: phone.map(str::to_owned), language: Language::En }
}

async fn registered(cloud: &Cloud) -> Option<Contact> {
    cloud.directory().contacts(&[plate()]).await.unwrap().pop().map(|(_, contact)| contact)
}

#[tokio::test]
async fn a_dead_push_token_goes_and_the_phone_number_stays() {
    let cloud = Cloud::start().await;
    let directory = cloud.directory();
    directory.put_contact(&plate(), &contact(Some("old"), Some("01000001234"))).await.unwrap();
    assert!(directory.drop_push_token(&plate(), "old").await.unwrap());
    assert_eq!(registered(&cloud).await, Some(contact(None, Some("01000001234"))));
    assert!(!directory.drop_push_token(&plate(), "old").await.unwrap(), "it is gone already");
}

#[tokio::test]
async fn a_token_that_is_not_the_registered_one_drops_nothing() {
    let cloud = Cloud::start().await;
    let directory = cloud.directory();
    assert!(!directory.drop_push_token(&plate(), "old").await.unwrap(), "nobody is registered");
    let newer = contact(Some("new"), None);
    directory.put_contact(&plate(), &newer).await.unwrap();
    assert!(!directory.drop_push_token(&plate(), "old").await.unwrap());
    assert_eq!(registered(&cloud).await, Some(newer));
}

#[tokio::test]
async fn a_contact_that_was_nothing_but_the_dead_token_is_forgotten() {
    let cloud = Cloud::start().await;
    cloud.directory().put_contact(&plate(), &contact(Some("old"), None)).await.unwrap();
    assert!(cloud.directory().drop_push_token(&plate(), "old").await.unwrap());
    assert_eq!(registered(&cloud).await, None);
}

#[tokio::test]
async fn however_a_new_token_and_the_end_of_the_old_one_meet_the_new_one_stays() {
    let cloud = Cloud::start().await;
    let directory = cloud.directory();
    let (plate, newer) = (plate(), contact(Some("new"), Some("01000001234")));
    for _ in 0..20 {
        directory.put_contact(&plate, &contact(Some("old"), Some("01000001234"))).await.unwrap();
        let (dropped, renewed) = tokio::join!(directory.drop_push_token(&plate, "old"), async {
            tokio::task::yield_now().await;
            directory.put_contact(&plate, &newer).await
        });
        dropped.unwrap();
        renewed.unwrap();
        assert_eq!(registered(&cloud).await, Some(newer.clone()));
    }
}
