//! Who is asking: `Authorization: Bearer OPERATOR_ID.SECRET`.

use std::sync::Arc;

use baro_domain::{LotId, Operator, OperatorId, PricedLot, visit::RuledBy};
use baro_runtime::{
    Problem,
    access::{bearer_key, fitting},
    http::path_parsed,
};
use lambda_http::Request;

use crate::{
    OperatorApi,
    codes::{LOT_NOT_FOUND, WRONG_OPERATOR_KEY, store},
};

/// A person or system whose key was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) operator: OperatorId,
    /// By the name of the key.
    pub(crate) name: String,
}

impl Caller {
    /// As it stands under what was decided.
    pub(crate) fn signature(&self) -> RuledBy {
        RuledBy::Operator { operator: self.operator.clone(), name: self.name.clone() }
    }
}

/// The caller by the key. Whatever is wrong, the answer is the same, and so is the way through the code: one look into
/// the Directory (kept for a minute, found or not), one digest and comparison for each key of the operator.
pub(crate) async fn caller(api: &OperatorApi, request: &Request) -> Result<Caller, Problem> {
    let refused = || WRONG_OPERATOR_KEY.problem();
    let (id, secret) = bearer_key(request)?.ok_or_else(refused)?;
    let id = OperatorId::parse(id).map_err(|_| refused())?;
    let operator = api.operator(&id).await?;
    let keys = operator.as_deref().map_or(&[][..], |operator| &operator.keys);
    let fits = fitting(secret, keys.iter().map(|key| key.secret_sha256.as_str()));
    let key = fits.and_then(|at| keys.get(at)).ok_or_else(refused)?;
    Ok(Caller { operator: id, name: key.name.clone() })
}

/// The caller and the lot that the path names, if it is the caller's.
pub(crate) async fn admit(api: &OperatorApi, request: &Request) -> Result<(Caller, Arc<PricedLot>), Problem> {
    let caller = caller(api, request).await?;
    tracing::debug!(by = ?caller.signature(), "an operator's key was right");
    let lot: LotId = path_parsed(request, "lotId")?;
    let lot = api.lot(&lot).await?.filter(|lot| lot.lot.operator == caller.operator);
    Ok((caller, lot.ok_or_else(|| LOT_NOT_FOUND.problem())?))
}

impl OperatorApi {
    /// An operator; from the table at most once a minute, so a revoked key works that long at most.
    async fn operator(&self, id: &OperatorId) -> Result<Option<Arc<Operator>>, Problem> {
        let load =
            async |id: &OperatorId| Ok(self.directory.operator(id).await.map_err(store)?.map(Arc::new));
        self.operators.get(id, self.clock.now(), load).await
    }
}
