//! Who of the town pays for which car without being asked, and with what.

use std::collections::BTreeMap;

use baro_domain::{
    CompanyId, DriverId, PlateNumber, Won,
    notice::Contact,
    purse::{BillingKey, Purse, RegisteredCard},
    visit::{Payer, Pledge},
};

use crate::{shop::REFUSED_CARD, town, world::World};

/// Beyond any stay of the town.
const NO_LIMIT: Won = Won::new(10_000_000);
/// Less than a day costs.
const LOW_LIMIT: Won = Won::new(1_500);

fn driver(name: &str) -> Payer {
    Payer::Driver(DriverId::derive(&[name]))
}

/// The payer whose card comes and goes.
pub(crate) fn changing() -> Payer {
    driver("changing")
}

/// Registers them and whom to tell of each car; answers who pays for which.
pub(crate) async fn register(world: &World) -> BTreeMap<PlateNumber, Pledge> {
    let company = Payer::Company(CompanyId::derive(&["company"]));
    let payers = [
        (driver("two cars"), Some("card-1"), NO_LIMIT),
        (driver("two cars"), Some("card-1"), NO_LIMIT),
        (company, Some("card-2"), NO_LIMIT),
        (driver("refused"), Some(REFUSED_CARD), NO_LIMIT),
        (changing(), None, NO_LIMIT),
        (driver("careful"), Some("card-3"), LOW_LIMIT),
    ];
    let (directory, billing) = (world.cloud.directory(), world.cloud.billing());
    let contact = Contact { phone: Some("01000005678".into()), ..Contact::default() };
    for plate in town::plates() {
        directory.put_contact(&plate, &contact).await.unwrap();
    }
    let mut pledges = BTreeMap::new();
    for (plate, (payer, card, limit)) in town::plates().into_iter().zip(payers) {
        let purse = billing.purse(&payer).await.unwrap();
        if let Some(card) = card.filter(|_| purse.revision == 0) {
            let card = RegisteredCard::new(BillingKey::new(card), "신한 1234", world.now());
            let full = Purse::empty(payer.clone()).with_card(card).unwrap();
            assert!(billing.put_purse(&full, 0).await.unwrap());
        }
        let pledge = Pledge { payer, limit };
        assert!(directory.put_pledge(&plate, &pledge).await.unwrap());
        pledges.insert(plate, pledge);
    }
    world.cloud.forget_calls();
    pledges
}
