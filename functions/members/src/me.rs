//! What a member sees of itself. A card's key at the gateway is never part of it.

use baro_domain::{
    CardId, Member, MemberPlate, Won,
    purse::{Purse, RegisteredCard},
    visit::Payer,
};
use baro_door::caller;
use baro_runtime::{
    Problem,
    http::{local_time, respond_json},
};
use http::{Response, StatusCode};
use jiff::tz::{self, TimeZone};
use lambda_http::{Body, Request};
use serde::Serialize;

use crate::{Members, codes::store};

/// A member.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberView<'a> {
    member_id: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<CompanyView<'a>>,
    plates: Vec<PlateView>,
    cards: Vec<CardView>,
    issuing: Issuing<'a>,
}

/// A company's terms.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CompanyView<'a> {
    name: &'a str,
    business_number: &'a str,
    /// Its visits are paid with its own card alone.
    own_card_only: bool,
}

/// A plate whose visits are paid.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PlateView {
    plate: String,
    limit: Won,
    currency: &'static str,
}

impl PlateView {
    pub(crate) fn new(plate: &MemberPlate) -> Self {
        Self { plate: plate.plate.as_str().to_owned(), limit: plate.limit, currency: "KRW" }
    }
}

/// A registered card.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CardView {
    card_id: CardId,
    label: String,
    registered_at: String,
    /// Whether it is the one that is charged.
    charged: bool,
}

impl CardView {
    pub(crate) fn new(card: &RegisteredCard, purse: &Purse) -> Self {
        let korea = TimeZone::fixed(tz::offset(9));
        Self {
            card_id: card.id.clone(),
            label: card.label.clone(),
            registered_at: local_time(&korea, card.registered_at),
            charged: purse.card().is_some_and(|first| first.id == card.id),
        }
    }
}

/// What `PortOne.requestIssueBillingKey` is called with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issuing<'a> {
    store_id: &'a str,
    channel_key: &'a str,
    /// The card is taken only if it was registered for this customer.
    customer_id: &'a str,
}

/// `GET /v1/members/me`
pub(crate) async fn me(api: &Members, request: &Request) -> Result<Response<Body>, Problem> {
    let member = caller(&api.directory, request).await?.value;
    let purse = api.billing.purse(&member.payer).await.map_err(store)?.value;
    respond_json(StatusCode::OK, &view(api, &member, &purse))
}

fn view<'a>(api: &'a Members, member: &'a Member, purse: &Purse) -> MemberView<'a> {
    let company = member.company.as_ref().map(|company| CompanyView {
        name: &company.name,
        business_number: company.business_number.as_str(),
        own_card_only: true,
    });
    MemberView {
        member_id: member.payer.as_str(),
        kind: match member.payer {
            Payer::Driver(_) => "driver",
            Payer::Company(_) => "company",
        },
        company,
        plates: member.plates.iter().map(PlateView::new).collect(),
        cards: purse.cards.iter().map(|card| CardView::new(card, purse)).collect(),
        issuing: Issuing {
            store_id: &api.shop.store_id,
            channel_key: &api.shop.channel_key,
            customer_id: member.payer.as_str(),
        },
    }
}
