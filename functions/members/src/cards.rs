//! Cards: registered on the gateway's own page, taken here on the gateway's word alone.

use baro_clients::{
    Secret,
    portone::{ChannelType, IssuedBillingKey},
};
use baro_domain::{
    CardId, Member,
    purse::{BillingKey, RegisteredCard},
};
use baro_door::caller;
use baro_runtime::{
    Problem,
    http::{INVALID_MEMBER, empty, json_body, path_parsed, respond_json},
    problem::UNAVAILABLE,
};
use baro_store::CardRecord;
use http::{Response, StatusCode};
use lambda_http::{Body, Request};
use serde::Deserialize;

use crate::{
    Members,
    codes::{CARD_REFUSED, CARDS_FULL, gateway, store},
    me::CardView,
    service::{MAX_RACES, Shop},
};

const MAX_BODY_BYTES: usize = 2_048;
/// The gateway promises no length; its own keys have about fifty characters.
const MAX_KEY_BYTES: usize = 256;

/// What the gateway's page gave the browser.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskedCard {
    billing_key: String,
}

impl AskedCard {
    fn key(self) -> Result<BillingKey, Problem> {
        let legal = self.billing_key.bytes().all(|c| c.is_ascii_graphic());
        if self.billing_key.is_empty() || self.billing_key.len() > MAX_KEY_BYTES || !legal {
            return Err(INVALID_MEMBER.problem().with("pointer", "#/billingKey"));
        }
        Ok(BillingKey::new(self.billing_key))
    }
}

/// `POST /v1/members/me/cards`: the card becomes the one that is charged. Sent again it changes nothing.
pub(crate) async fn register(api: &Members, request: &Request) -> Result<Response<Body>, Problem> {
    let member = caller(&api.directory, request).await?.value;
    let key = json_body::<AskedCard>(request, MAX_BODY_BYTES)?.key()?;
    let issued = api.gateway.billing_key(&Secret::new(key.expose())).await.map_err(gateway)?;
    let issued = issued.filter(|issued| is_for(issued, &member, &api.shop));
    let issued = issued.ok_or_else(|| CARD_REFUSED.problem())?;
    let card = RegisteredCard::new(key, issued.label, api.clock.now());
    for _ in 0..MAX_RACES {
        let before = api.billing.purse(&member.payer).await.map_err(store)?;
        if let Some(known) = before.value.card().filter(|known| known.id == card.id) {
            return respond_json(StatusCode::OK, &CardView::new(known, &before.value));
        }
        let next = before.value.with_card(card.clone()).map_err(|_| CARDS_FULL.problem())?;
        if api.billing.change_cards(&before, &next).await.map_err(store)? {
            tracing::info!(member = member.payer.as_str(), card = %card.id, "a card was registered");
            return respond_json(StatusCode::CREATED, &CardView::new(&card, &next));
        }
    }
    Err(UNAVAILABLE.problem().retry_after_s(1))
}

/// Whether the gateway issued the card at our shop, on a channel that charges as we do, for this member: the page names the
/// member as its customer, and what another member's page had issued is not taken from whoever learns its key.
fn is_for(issued: &IssuedBillingKey, member: &Member, shop: &Shop) -> bool {
    let kind = ChannelType::from(shop.channel_type.clone());
    issued.store_id == shop.store_id
        && issued.customer_id.as_deref() == Some(member.payer.as_str())
        && issued.channel_types.contains(&kind)
}

/// `DELETE /v1/members/me/cards/{cardId}`: first here, so that no promise is charged to it any more, then at the gateway. What
/// the gateway did not hear is kept, and asked again by the same request.
pub(crate) async fn take_back(api: &Members, request: &Request) -> Result<Response<Body>, Problem> {
    let member = caller(&api.directory, request).await?.value;
    let card: CardId = path_parsed(request, "cardId")?;
    for _ in 0..MAX_RACES {
        let before = api.billing.purse(&member.payer).await.map_err(store)?;
        let next = before.value.without_card(&card);
        if next == before.value {
            return delete_at_gateway(api, &member, &card).await;
        }
        if api.billing.change_cards(&before, &next).await.map_err(store)? {
            tracing::info!(member = member.payer.as_str(), %card, "a card was taken back");
            return delete_at_gateway(api, &member, &card).await;
        }
    }
    Err(UNAVAILABLE.problem().retry_after_s(1))
}

async fn delete_at_gateway(api: &Members, member: &Member, card: &CardId) -> Result<Response<Body>, Problem> {
    let record = api.billing.card(card).await.map_err(store)?;
    let record = record.filter(|record| record.payer == member.payer);
    if let Some(record @ CardRecord { leaving: Some(key), .. }) = &record {
        api.gateway.delete_billing_key(&Secret::new(key.expose())).await.map_err(gateway)?;
        api.billing.forget_card(card, record).await.map_err(store)?;
    }
    Ok(empty(StatusCode::NO_CONTENT))
}
